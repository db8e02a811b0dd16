// The types a user of the package gets, under both compilers.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)
const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

const compilers = [
  ['TypeScript 5.9', 'node_modules/typescript-5/bin/tsc', []],
  ['TypeScript 7', 'node_modules/typescript/bin/tsc', ['--ignoreConfig']],
] as const

/** Strict, and as a user of NodeNext has it; the sources themselves are only reached through imports. */
const options = [
  '--noEmit',
  '--strict',
  '--exactOptionalPropertyTypes',
  '--noUncheckedIndexedAccess',
  '--target',
  'ES2022',
  '--module',
  'NodeNext',
  '--lib',
  'ES2023,ESNext.Disposable',
  '--types',
  'node',
  '--skipLibCheck',
  '--allowImportingTsExtensions',
  '--verbatimModuleSyntax',
]

it.each(compilers)(
  'what createFs gives is assignable to node:fs under %s',
  async (_name, tsc, more) => {
    const compiled = await run(
      process.execPath,
      [at(tsc), ...options, ...more, at('test/nodefs/types/assignable.ts')],
      { cwd: at('') },
    ).catch((error: { stdout: string }) => error)
    expect(compiled.stdout).toBe('')
  },
  120_000,
)
