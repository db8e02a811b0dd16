// rename(2): checks as the kernel makes them, then the local change, then what the durability waits for. A file moves by
// copy and delete (free while it was never in the bucket), a directory by a move of its whole prefix (`names/moves/`).

import { VolumeError } from '../../base/errors.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import type { RenameOptions } from '../calls.ts'
import { checkNotRemoved } from '../names/moves/subtree.ts'
import type { PendingName } from '../names/pending-names.ts'
import type { Caller, Name } from '../types.ts'
import { acknowledge, forgetName, touchDirectory } from './acknowledge.ts'
import { exchangeFiles } from './exchange.ts'
import { permitCreate, permitRemove, permit } from './permit.ts'
import { isEmpty, keepImplicit, takeAway } from './remove.ts'
import { mayWrite } from '../tree/permissions.ts'

export interface RenameEnds {
  readonly from: { readonly directory: Inode; readonly name: Name; readonly inode: Inode }
  readonly to: { readonly directory: Inode; readonly name: Name; readonly inode: Inode | null }
}

export async function renameName(
  context: VolumeContext,
  caller: Caller,
  ends: RenameEnds,
  options: RenameOptions = {},
): Promise<void> {
  const { from, to } = ends
  if (options.noReplace && options.exchange) throw new VolumeError('EINVAL')
  check(context, caller, ends)
  if (options.exchange) {
    if (!to.inode) throw new VolumeError('ENOENT')
    permitRemove(context, caller, to.directory, to.inode)
    checkNotRemoved(to.inode)
    return exchangeFiles(context, ends as Parameters<typeof exchangeFiles>[1])
  }
  if (to.inode && options.noReplace) throw new VolumeError('EEXIST')
  if (to.inode === from.inode) return
  if (to.inode) await checkReplaced(context, caller, ends.from, to.inode)
  if (to.inode) permitRemove(context, caller, to.directory, to.inode)
  if (from.directory !== to.directory) await keepImplicit(context, from.directory, caller.signal)
  checkNotRemoved(from.inode)
  if (from.inode.directory) await renameDirectory(context, ends)
  else await renameFile(context, ends, options.noReplace === true)
}

function check(context: VolumeContext, caller: Caller, { from, to }: RenameEnds): void {
  checkNotRemoved(from.inode)
  permitRemove(context, caller, from.directory, from.inode)
  permitCreate(context, caller, to.directory, to.name)
  if (!from.inode.directory) return
  for (let at: Inode | undefined = to.directory; at; at = at.place?.parent)
    if (at === from.inode) throw new VolumeError('EINVAL', { message: 'a directory cannot be moved into itself' })
  // A directory that changes its parent has its '..' rewritten.
  if (from.directory !== to.directory) permit(context, caller, from.inode, mayWrite)
}

async function checkReplaced(
  context: VolumeContext,
  caller: Caller,
  { directory, inode: from }: RenameEnds['from'],
  to: Inode,
): Promise<void> {
  // As Linux, whatever the kinds: a directory on the way to the source holds at least that.
  for (let at: Inode | undefined = directory; at; at = at.place?.parent)
    if (at === to) throw new VolumeError('ENOTEMPTY')
  if (from.directory && !to.directory) throw new VolumeError('ENOTDIR')
  if (!from.directory && to.directory) throw new VolumeError('EISDIR')
  if (to.directory && !(await isEmpty(context, to, caller.signal))) throw new VolumeError('ENOTEMPTY')
}

async function renameFile(context: VolumeContext, ends: RenameEnds, exclusive: boolean): Promise<void> {
  const { names, tree, events, journal, clock } = context
  const { directory: fromDirectory, name: fromName, inode } = ends.from
  const { directory: toDirectory, name: toName, inode: replaced } = ends.to
  const oldPath = tree.pathOf(inode)
  const old = names.ensure(fromDirectory, fromName)
  const next = names.ensure(toDirectory, toName)
  if (replaced) takeAway(context, next, replaced)
  if (inode.base && inode.base.key === old.object?.key) names.mustLeave(old, inode)
  // Whoever was to take this name once its contents left it has them there still.
  tree.detach(fromDirectory, fromName)
  tree.attach(toDirectory, toName, inode)
  old.inode = null
  next.inode = inode
  next.exclusive = exclusive
  inode.attributes.ctimeNs = clock.nowNs()
  inode.changeCount++
  touchDirectory(context, fromDirectory)
  touchDirectory(context, toDirectory)
  events.name('renamed', toDirectory, toName, inode, oldPath)
  journal.inode(inode)
  journal.name(next)
  journal.name(old)
  if (isOnlyHere(context, inode)) {
    // Never in the bucket and still open: the name goes out with the contents. What it replaces stays until then.
    await acknowledge(context, [old], () => undefined)
    return
  }
  await acknowledge(context, [next, old], () => revert(context, old, next, inode))
  next.exclusive = false
}

function isOnlyHere(context: VolumeContext, inode: Inode): boolean {
  return inode.base === null && inode.openCount > 0 && context.settings.durability === 'bucket'
}

/** The bucket refused it: what it shows is asked for anew; local contents go back under the old name. */
function revert(context: VolumeContext, old: PendingName, next: PendingName, inode: Inode): void {
  const { tree, names, writeBack } = context
  if (
    inode.dirty &&
    inode.content &&
    next.inode === inode &&
    old.inode === null &&
    names.get(old.directory, old.name) === old
  ) {
    tree.detach(next.directory, next.name)
    tree.attach(old.directory, old.name, inode)
    next.inode = null
    old.inode = inode
    writeBack.touch(inode)
    forgetName(context, next)
    return
  }
  forgetName(context, next)
  forgetName(context, old)
}

async function renameDirectory(context: VolumeContext, ends: RenameEnds): Promise<void> {
  const { names, tree, events, moves } = context
  const { directory: fromDirectory, name: fromName, inode } = ends.from
  const { directory: toDirectory, name: toName, inode: replaced } = ends.to
  // An empty directory in the way is removed first, so that the new prefix is free.
  if (replaced) {
    const pending = names.ensure(toDirectory, toName)
    pending.marker ??= replaced.base
    takeAway(context, pending, replaced)
    await acknowledge(context, [pending], () => forgetName(context, pending))
  }
  // Whatever the bucket still holds under the new name must be gone before objects move there.
  const stale = names.get(toDirectory, toName)
  if (stale) await context.writeBack.flushName(stale)
  const oldPath = tree.pathOf(inode)
  const move = await moves.begin(inode, { directory: toDirectory, name: toName })
  touchDirectory(context, fromDirectory)
  touchDirectory(context, toDirectory)
  inode.attributes.ctimeNs = context.clock.nowNs()
  events.name('renamed', toDirectory, toName, inode, oldPath)
  void fromName
  await moves.acknowledged(move)
}
