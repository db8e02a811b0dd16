// Taking names away: unlink and rmdir of one name. Contents live on while somebody has the file open. An implicit
// directory (one without a `dir/` object) that would lose its last entry gets its marker first, so that it stays.

import { VolumeError } from '../../base/errors.ts'
import { conflictsPath } from '../../format/conflict-name.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import type { PendingName } from '../names/pending-names.ts'
import type { Caller, Name } from '../types.ts'
import { acknowledge, forgetName, touchDirectory } from './acknowledge.ts'
import { permitRemove } from './permit.ts'

export async function unlinkName(
  context: VolumeContext,
  caller: Caller,
  directory: Inode,
  name: Name,
  inode: Inode,
): Promise<void> {
  permitRemove(context, caller, directory, inode)
  if (inode.directory) throw new VolumeError('EISDIR')
  await keepImplicit(context, directory, caller.signal)
  const pending = context.names.ensure(directory, name)
  takeAway(context, pending, inode)
  await acknowledge(context, [pending], () => putBack(context, pending, inode))
}

export async function removeDirectory(
  context: VolumeContext,
  caller: Caller,
  directory: Inode,
  name: Name,
  inode: Inode,
): Promise<void> {
  permitRemove(context, caller, directory, inode)
  if (!inode.directory) throw new VolumeError('ENOTDIR')
  if (!(await isEmpty(context, inode, caller.signal))) throw new VolumeError('ENOTEMPTY')
  await keepImplicit(context, directory, caller.signal)
  const pending = context.names.ensure(directory, name)
  pending.marker ??= inode.base
  takeAway(context, pending, inode)
  await acknowledge(context, [pending], () => putBack(context, pending, inode))
}

/** Whether nothing is in the directory now: asks the bucket unless names made here prove the contrary. */
export async function isEmpty(context: VolumeContext, directory: Inode, signal?: AbortSignal): Promise<boolean> {
  for (const pending of context.names.in(directory)) if (pending.inode) return false
  const entries = await context.tree.list(directory, { signal })
  if (entries.length > 0) return false
  return true
}

/** Takes the name out of the tree; contents stay with whoever has them open. */
export function takeAway(context: VolumeContext, pending: PendingName, inode: Inode): void {
  const { names, tree, events, journal } = context
  const { directory, name } = pending
  events.name('removed', directory, name, inode)
  if (inode.openCount > 0 && inode.base) names.mustLeave(pending, inode)
  pending.inode = null
  pending.exclusive = false
  tree.detach(directory, name)
  inode.attributes.ctimeNs = context.clock.nowNs()
  touchDirectory(context, directory)
  if (inode.openCount === 0) discard(context, inode)
  journal.name(pending)
}

/** Nobody can reach the inode any more: its local bytes go. */
export function discard(context: VolumeContext, inode: Inode): void {
  context.writeBack.streams.drop(inode)
  inode.content?.release()
  inode.content = null
  inode.attributesDirty = false
  context.writeBack.clean(inode)
  context.journal.forgotten(inode.ino)
  if (inode.base) context.reader.drop(inode.base)
  context.tree.forget(inode)
}

/** Before the last entry leaves a directory without a marker: 1 PUT. */
export async function keepImplicit(context: VolumeContext, directory: Inode, signal?: AbortSignal): Promise<void> {
  const { tree, names, writeBack, store } = context
  if (directory === tree.root || !directory.directory || directory.directory.hasMarker === true) return
  // Folders of conflict copies go with the last of them.
  if (names.of(directory) || `/${tree.prefixOf(directory)}`.startsWith(`${conflictsPath}/`)) return
  const { dentries, completeUntilMs } = directory.directory
  let count = 0
  for (const dentry of dentries.values()) if (dentry.inode && ++count > 1) return
  if (completeUntilMs <= context.clock.monotonicMs()) {
    const prefix = tree.prefixOf(directory)
    const reply = await store.list({ prefix, delimiter: '/', maxKeys: 3, signal })
    if (reply.objects.some(({ key }) => key === prefix)) {
      directory.directory.hasMarker = true
      return
    }
    if (reply.objects.length + reply.prefixes.length > 1) return
  }
  directory.attributesDirty = true
  writeBack.touch(directory)
  await writeBack.settler.inode(directory, { waiting: true })
}

/** The bucket refused the removal. */
function putBack(context: VolumeContext, pending: PendingName, inode: Inode): void {
  const { tree, names } = context
  if (pending.inode !== null || names.get(pending.directory, pending.name) !== pending) return
  tree.attach(pending.directory, pending.name, inode)
  pending.inode = inode
  context.events.name('created', pending.directory, pending.name, inode)
  if (inode.dirty) context.writeBack.touch(inode)
  else forgetName(context, pending)
}
