// Putting a file under its name and taking it away, with the folders above it: made as needed, removed when the last
// name in them goes (a bucket has no empty folders), and made durable.

import { errnoOf } from '../../foreign-error.ts'
import type { FilePort } from '../shelf.ts'
import { absentAsUndefined } from './sidecar.ts'

export interface Placing {
  readonly files: FilePort
  /** Never removed. */
  readonly root: string
  readonly durable: boolean
}

/** Somebody may remove the folder again while we go; this often is not chance. */
const triesMax = 20

/** Renames `staged` to `path`. False when something that is no object is in the way: a folder, a link, a file above. */
export async function placeFile(placing: Placing, staged: string, path: string): Promise<boolean> {
  const { files } = placing
  const folder = folderOf(path)
  for (let tries = 1; ; tries++) {
    try {
      const made = await files.mkdir(folder)
      const there = await absentAsUndefined(files.stat(path))
      if (there?.kind === 'other') return false
      // An empty folder is nothing to a bucket.
      if (there?.kind === 'directory') await files.rmdir(path)
      await files.rename(staged, path)
      await syncFolders(placing, folder, made)
      return true
    } catch (error) {
      const code = errnoOf(error)
      if (code === 'ENOENT' && tries < triesMax) continue
      if (code !== undefined && blocking.has(code)) return false
      throw error
    }
  }
}

const blocking: ReadonlySet<string> = new Set(['ENOTDIR', 'EEXIST', 'EISDIR', 'ENOTEMPTY', 'ELOOP', 'ENAMETOOLONG'])

/** Unlinks `path` and then the folders it leaves empty, as far as they start with `below`. */
export async function removeFile(placing: Placing, path: string, below: string): Promise<void> {
  const { files, durable } = placing
  await absentAsUndefined(files.unlink(path))
  let folder = folderOf(path)
  while (folder.startsWith(below)) {
    try {
      await files.rmdir(folder)
    } catch (error) {
      const code = errnoOf(error)
      if (code === 'ENOENT') return
      // Anything else means it stays: not empty, or not ours to remove.
      break
    }
    folder = folderOf(folder)
  }
  if (durable) await absentAsUndefined(files.syncDirectory(folder))
}

/** The folder of the new name, and those above it up to the one that got the first new folder. */
async function syncFolders(placing: Placing, folder: string, made: string | undefined): Promise<void> {
  if (!placing.durable) return
  const { files } = placing
  await files.syncDirectory(folder)
  if (made === undefined) return
  const top = folderOf(made)
  for (let above = folder; above.length > top.length;) {
    above = folderOf(above)
    await files.syncDirectory(above)
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
