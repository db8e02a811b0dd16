// Layout (STYLE): what may lie at the top, and tests that mirror what they test.

import type { FileMap } from './source-tree.ts'
import { sourcesBelow } from './source-tree.ts'

const topFiles = /^(package(-lock)?\.json|tsconfig\.json|README\.md|LICENSE|CHANGELOG\.md|CONTRIBUTING\.md|\..+)$/
const topFolders = /^(src|native|test|bench|docs|\..+)$/

export function checkTopLevel(files: FileMap): readonly string[] {
  const tops = new Map(Array.from(files.keys(), (path) => [path.split('/')[0] as string, path.includes('/')]))
  return [...tops]
    .filter(([name, isFolder]) => !(isFolder ? topFolders : topFiles).test(name))
    .map(([name]) => `${name}: does not belong at the top; configuration lies beside what it configures`)
}

/** Folders of test/ that mirror no folder of src but hold what STYLE names. */
const ownTestFolders: ReadonlySet<string> = new Set(
  'contract model sim semantics format posix tidy support clients budgets proof entries'.split(' '),
)

export function checkTestMirror(files: FileMap): readonly string[] {
  const rooms = new Set(sourcesBelow(files, 'src').map(([path]) => path.split('/')[1] as string))
  const folders = new Set(
    sourcesBelow(files, 'test')
      .map(([path]) => path.split('/'))
      .filter((parts) => parts.length > 2)
      .map((parts) => parts[1] as string),
  )
  return [...folders]
    .filter((folder) => !rooms.has(folder) && !ownTestFolders.has(folder))
    .map((folder) => `test/${folder}: mirrors no folder of src`)
}

/** Configuration, support and text that vitest would never run although its name says so. */
export function checkTestNames(files: FileMap): readonly string[] {
  return sourcesBelow(files, 'test')
    .filter(([path, text]) => /^(describe|it|test)\(/m.test(text) && !/\.(test|proof)\.ts$/.test(path))
    .map(([path]) => `${path}: holds tests at its top level but its name is not *.test.ts or *.proof.ts`)
}
