// Large files leave while they are still being written: see `objects/stream-upload.ts`.

import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'

/** To be called after each write, in the writer's turn; slows the writer down to what memory and the bucket allow. */
export async function offerStream(context: VolumeContext, inode: Inode): Promise<void> {
  void context
  void inode
}
