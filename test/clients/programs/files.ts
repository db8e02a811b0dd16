// Folders of files for the programs, and their contents as plain data.

import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { FsModule } from './program.ts'

/** Files at once: enough for a bucket, few enough for a thread pool. */
const filesAtOnce = 64

export async function writeFiles(fs: FsModule, root: string, files: Readonly<Record<string, string>>): Promise<void> {
  const folders = new Set(Object.keys(files).map((path) => dirname(join(root, path))))
  for (const folder of folders) await fs.promises.mkdir(folder, { recursive: true })
  const todo = Object.entries(files)
  const work = async (): Promise<void> => {
    for (let next = todo.pop(); next; next = todo.pop()) await fs.promises.writeFile(join(root, next[0]), next[1])
  }
  await Promise.all(Array.from({ length: filesAtOnce }, work))
}

/** Path → type, permission bits and hash of the contents, sorted. */
export async function inventory(fs: FsModule, root: string, below = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await fs.promises.readdir(join(root, below), { withFileTypes: true })) {
    const path = join(below, entry.name)
    const mode = ((await fs.promises.lstat(join(root, path))).mode & 0o7777).toString(8)
    if (entry.isDirectory()) Object.assign(found, { [path]: `directory ${mode}` }, await inventory(fs, root, path))
    else if (entry.isSymbolicLink()) found[path] = `symlink to ${await fs.promises.readlink(join(root, path))}`
    else found[path] = `file ${mode} ${hash(await fs.promises.readFile(join(root, path)))}`
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function hash(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 16)
}
