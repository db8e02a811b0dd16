import { VolumeError } from '../../base/errors.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'

// Operations that meet another version than they have seen are tried on that one, a few times.

/** How often an operation whose caller waits is applied to yet another version. */
export const rereadsMax = 5

/** Runs `attempt` with the remoteLock held until it says that it is done; ESTALE when others are faster each time. */
export async function tryOnNewer(context: VolumeContext, inode: Inode, attempt: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < rereadsMax; tries++) if (await inode.remoteLock.run(attempt)) return
  throw new VolumeError('ESTALE', { message: `${context.tree.pathOf(inode)} is being replaced by others` })
}
