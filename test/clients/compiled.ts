// The programs as plain JavaScript below the project's own folder, so that a bare Node of any version can run them there
// and finds `bucketfs` and everything else as an installed program would.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript-5'

export interface CompiledPrograms {
  readonly folder: string
  /** Writes a further script beside them and gives its path. */
  add(name: string, text: string): string
  remove(): void
}

const source = fileURLToPath(new URL('programs/', import.meta.url))
const scratch = fileURLToPath(new URL('../../.tmp/', import.meta.url))

export function compilePrograms(): CompiledPrograms {
  mkdirSync(scratch, { recursive: true })
  const folder = mkdtempSync(join(scratch, 'clients-'))
  for (const name of readdirSync(source)) {
    const { outputText } = ts.transpileModule(readFileSync(join(source, name), 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    })
    writeFileSync(join(folder, name.replace(/\.ts$/, '.js')), outputText)
  }
  return {
    folder,
    add: (name, text) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
