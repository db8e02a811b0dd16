import type { Inode } from '../../inode.ts'

/** Whether `inode` is `directory` or below it, as the tree stands now. */
export function isBelow(inode: Inode, directory: Inode): boolean {
  for (let at: Inode | undefined = inode; at; at = at.place?.parent) if (at === directory) return true
  return false
}
