// RENAME_EXCHANGE of two files: one goes aside, the other takes its key, the first takes the other's. The caller waits,
// under every durability; others meanwhile see each file in at least one place.

import { VolumeError } from '../../base/errors.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import type { Name } from '../types.ts'
import { acknowledge, forgetName, touchDirectory } from './acknowledge.ts'

interface End {
  readonly directory: Inode
  readonly name: Name
  readonly inode: Inode
}

/** EINVAL for directories: they share no key that could be exchanged at once. */
export async function exchangeFiles(
  context: VolumeContext,
  ends: { readonly from: End; readonly to: End },
): Promise<void> {
  const { names, tree, events } = context
  const { from, to } = ends
  if (from.inode === to.inode) return
  if (from.inode.directory || to.inode.directory)
    throw new VolumeError('EINVAL', { message: 'directories cannot be exchanged' })
  const first = names.ensure(from.directory, from.name)
  const second = names.ensure(to.directory, to.name)
  if (from.inode.base?.key === first.object?.key) names.mustLeave(first, from.inode)
  if (to.inode.base?.key === second.object?.key) names.mustLeave(second, to.inode)
  tree.detach(from.directory, from.name)
  tree.detach(to.directory, to.name)
  tree.attach(from.directory, from.name, to.inode)
  tree.attach(to.directory, to.name, from.inode)
  first.inode = to.inode
  second.inode = from.inode
  touchDirectory(context, from.directory)
  touchDirectory(context, to.directory)
  events.name('renamed', from.directory, from.name, to.inode)
  events.name('renamed', to.directory, to.name, from.inode)
  await acknowledge(context, [first, second], () => {
    forgetName(context, first)
    forgetName(context, second)
  })
}
