// TypeScript 5.9 on a host of synchronous calls only: 300 files checked and emitted, one error found.

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import ts from 'typescript-5'
import { inventory, writeFiles } from './files.ts'
import type { FsModule, Program } from './program.ts'

const fileCount = 300

export const typescriptProgram: Program = {
  name: 'TypeScript',
  async run(fs, root) {
    const files: Record<string, string> = {}
    for (let i = 0; i < fileCount; i++) {
      const before = i === 0 ? '' : `import type { T${i - 1} } from '../d${(i - 1) % 12}/f${i - 1}.js'\n`
      const rest = i === 0 ? '' : `; before?: T${i - 1}`
      files[`src/d${i % 12}/f${i}.ts`] =
        `${before}export interface T${i} { n${i}: number${rest} }\nexport const v${i}: T${i} = { n${i}: ${i === 150 ? '"wrong"' : i} }\n`
    }
    await writeFiles(fs, root, files)
    return { ...check(fs, root), output: await inventory(fs, join(root, 'out')) }
  },
}

function check(fs: FsModule, root: string): { diagnostics: unknown; fileCount: number } {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    outDir: join(root, 'out'),
    rootDir: join(root, 'src'),
    types: [],
    lib: ['lib.es2022.d.ts'],
  }
  const host = hostOf(fs, options)
  const names = host.readDirectory?.(join(root, 'src'), ['.ts'], [], []) ?? []
  const program = ts.createProgram([...names].toSorted(), options, host)
  program.emit()
  const diagnostics = ts.getPreEmitDiagnostics(program).map(({ code, file, start }) => ({
    code,
    start,
    file: file && file.fileName.slice(root.length),
  }))
  return { diagnostics, fileCount: names.length }
}

const require = createRequire(import.meta.url)
const libFolder = dirname(require.resolve('typescript-5'))

/** Everything below the fs given; only the compiler's own lib files come from the real disk. */
function hostOf(fs: FsModule, options: ts.CompilerOptions): ts.CompilerHost {
  const isLib = (path: string): boolean => path.startsWith(libFolder) && existsSync(path)
  const read = (path: string): string | undefined => {
    if (isLib(path)) return readFileSync(path, 'utf8')
    return fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : undefined
  }
  const isDirectory = (path: string): boolean => fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
  const readDirectory = (path: string): string[] =>
    fs.readdirSync(path, { withFileTypes: true, recursive: true }).flatMap((entry) => {
      return entry.isFile() && entry.name.endsWith('.ts') ? [join(entry.parentPath, entry.name)] : []
    })
  return {
    fileExists: (path) => isLib(path) || (fs.statSync(path, { throwIfNoEntry: false })?.isFile() ?? false),
    readFile: read,
    directoryExists: isDirectory,
    getDirectories: (path) => fs.readdirSync(path).filter((name) => isDirectory(join(path, name))),
    realpath: (path) => (isLib(path) ? path : fs.realpathSync(path)),
    readDirectory,
    getSourceFile: (path, target) => {
      const text = read(path)
      return text === undefined ? undefined : ts.createSourceFile(path, text, target)
    },
    writeFile: (path, text) => {
      fs.mkdirSync(dirname(path), { recursive: true })
      fs.writeFileSync(path, text)
    },
    getDefaultLibFileName: () => join(libFolder, basename(ts.getDefaultLibFilePath(options))),
    getDefaultLibLocation: () => libFolder,
    getCurrentDirectory: () => '/',
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
  }
}
