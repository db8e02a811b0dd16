import { VolumeError } from '../../../base/errors.ts'
import type { Inode } from '../../inode.ts'

/** Whether `inode` is `directory` or below it, as the tree stands now. */
export function isBelow(inode: Inode, directory: Inode): boolean {
  for (let at: Inode | undefined = inode; at; at = at.place?.parent) if (at === directory) return true
  return false
}

/** ENOENT where `rm -r` is under way at or above the inode: its contents may have been deleted already. */
export function checkNotRemoved(inode: Inode): void {
  for (let at: Inode | undefined = inode; at; at = at.place?.parent)
    if (at.directory && at.directory.removals > 0)
      throw new VolumeError('ENOENT', { message: 'the directory is being removed' })
}
