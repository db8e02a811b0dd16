// The tree as the tidy checks see it: path → text. A check is a function from such a map to a list of faults, so that
// each can be shown a planted fault in a tree that never touches the disk.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Path from the project's root, '/'-separated → contents. */
export type FileMap = ReadonlyMap<string, string>

/** One line per fault, naming the file and the way out. */
export type Check = (files: FileMap) => readonly string[]

export const projectRoot: string = fileURLToPath(new URL('../../', import.meta.url))

/** Every text file that git tracks or would track. */
export function readProject(): FileMap {
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: projectRoot,
    encoding: 'utf8',
  })
  const files = new Map<string, string>()
  for (const path of list.split('\n').filter(Boolean)) {
    const text = readMaybe(projectRoot + path)
    if (text !== undefined) files.set(path, text)
  }
  return files
}

/** A tracked file may be deleted in the work tree; a symlink may lead to a directory. */
function readMaybe(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/** The TypeScript files below one top-level folder. */
export function sourcesBelow(files: FileMap, folder: string): [path: string, text: string][] {
  return [...files].filter(([path]) => path.startsWith(`${folder}/`) && /\.tsx?$/.test(path))
}
