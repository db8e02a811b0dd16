// rm -r: everything below a directory by batches. Keys are listed flat and deleted a thousand at a time, each under the
// version the listing showed; the caller waits for the bucket under every durability. What a foreign writer changes
// meanwhile is listed again and deleted in turn, as the loop of unlinks that this stands for would have done. Contents of
// files that have left the directory, and lie below its prefix still, leave that first.

import { VolumeError } from '../../base/errors.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import { copyAside, objectDeps } from '../names/aside.ts'
import { isBelow } from '../names/moves/subtree.ts'
import type { PendingName } from '../names/pending-names.ts'
import { removeMany } from '../objects/remove-object.ts'
import { versionOfListed } from '../tree/attributes.ts'
import { pagesBelow } from '../tree/deep-keys.ts'
import { mayExecute, mayRead, mayWrite } from '../tree/permissions.ts'
import type { Caller, Name } from '../types.ts'
import { acknowledge, forgetName, touchDirectory } from './acknowledge.ts'
import { enforces, permit, permitRemove } from './permit.ts'
import { discard, keepImplicit, takeAway } from './remove.ts'

/** Listings begun anew because versions changed under them. */
const passesMax = 5

export async function removeTree(
  context: VolumeContext,
  caller: Caller,
  directory: Inode,
  name: Name,
  inode: Inode,
): Promise<void> {
  permitRemove(context, caller, directory, inode)
  const state = inode.directory
  if (!state) throw new VolumeError('ENOTDIR')
  state.removals++
  try {
    await remove(context, caller, directory, name, inode)
  } finally {
    state.removals--
  }
}

async function remove(
  context: VolumeContext,
  caller: Caller,
  directory: Inode,
  name: Name,
  inode: Inode,
): Promise<void> {
  const { names, moves } = context
  await moves.passedAround(directory, name)
  if (enforces(context) && caller.uid !== 0) await permitBelow(context, caller, inode)
  await keepImplicit(context, directory, caller.signal)
  await forgetBelow(context, inode)
  // Requests under way for what was below would put objects behind the listing.
  await moves.released(inode)
  // A crash from here on must not go on with changes of files that are being deleted.
  await context.journal.commit()
  await removeObjects(context, inode, names.get(directory, name), caller.signal)
  const pending = names.ensure(directory, name)
  pending.marker = null
  takeAway(context, pending, inode)
  touchDirectory(context, directory)
  await acknowledge(context, [pending], () => forgetName(context, pending))
}

/** Every directory below must be listable and writable for a caller who is not root. */
async function permitBelow(context: VolumeContext, caller: Caller, directory: Inode): Promise<void> {
  const entries = await context.tree.list(directory, { attributes: true, signal: caller.signal })
  if (entries.length > 0) permit(context, caller, directory, mayRead | mayWrite | mayExecute)
  for (const { inode } of entries) if (inode?.directory) await permitBelow(context, caller, inode)
}

/** Local names and contents below go; files that are open keep theirs, aside where need be, and have no name any more. */
async function forgetBelow(context: VolumeContext, directory: Inode): Promise<void> {
  const { files, names, writeBack } = context
  const open = new Set(files.all().map(({ inode }) => inode))
  for (const inode of open) if (!inode.directory && isBelow(inode, directory)) await copyAside(context, inode)
  for (const pending of names.all().filter((each) => isBelow(each.directory, directory))) await forget(context, pending)
  for (const inode of writeBack.dirtyInodes().filter((each) => isBelow(each, directory)))
    if (inode !== directory) drop(context, inode)
  for (const inode of open) if (!inode.directory && isBelow(inode, directory)) unlinkOpen(context, inode)
}

/** What is written to it from here on has nowhere to go. */
function unlinkOpen({ tree }: VolumeContext, { place }: Inode): void {
  if (!place) return
  tree.detach(place.parent, place.name)
  tree.settle(place.parent, place.name)
}

async function forget(context: VolumeContext, pending: PendingName): Promise<void> {
  const { inode } = pending
  // Contents of renamed files may lie outside; those that left this name lie elsewhere already or follow their own name.
  for (const leaver of [...pending.after]) {
    const next = context.names.of(leaver)
    if (next && next !== pending) await context.writeBack.flushName(next)
  }
  forgetName(context, pending)
  if (inode) drop(context, inode)
}

function drop(context: VolumeContext, inode: Inode): void {
  if (inode.openCount === 0) discard(context, inode)
  else context.writeBack.clean(inode)
}

/** Afterwards nothing is below the directory, nor its marker, and nothing of it waits to be written. */
async function removeObjects(
  context: VolumeContext,
  inode: Inode,
  marked: PendingName | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let passes = 0; passes < passesMax; passes++) {
    const take = (): Promise<Pass> => inode.remoteLock.run(() => removePass(context, inode, signal))
    // Nobody writes the directory's marker meanwhile.
    const { isClean, leavers } = await (marked ? marked.lock.run(take) : take())
    for (const [leaver, key] of leavers) await leave(context, leaver, key)
    // The next pass deletes what they left: a crash must not go on from there.
    if (leavers.size > 0) await context.journal.commit()
    if (isClean) return
  }
  throw new VolumeError('ENOTEMPTY', { message: `${context.tree.pathOf(inode)} is being filled by others` })
}

interface Pass {
  /** Nothing was left behind. */
  readonly isClean: boolean
  /** Files that are not below the directory, by keys that are. */
  readonly leavers: ReadonlyMap<Inode, string>
}

async function removePass(context: VolumeContext, inode: Inode, signal: AbortSignal | undefined): Promise<Pass> {
  const leavers = new Map<Inode, string>()
  let isClean = true
  for await (const { objects } of pagesBelow(context.store, context.tree.prefixOf(inode), { signal })) {
    const kept = keptBelow(context, inode)
    const versions = objects.filter(({ listed }) => !kept.has(listed.key)).map(({ listed }) => versionOfListed(listed))
    for (const { listed } of objects) {
      const leaver = kept.get(listed.key)
      if (leaver) leavers.set(leaver, listed.key)
    }
    const outcomes = await removeMany(objectDeps(context), versions, { signal })
    for (const outcome of outcomes) {
      if (outcome instanceof Error) throw outcome
      if (typeof outcome === 'object') isClean = false
    }
  }
  isClean &&= leavers.size === 0
  if (isClean) inode.attributesDirty = false
  return { isClean, leavers }
}

/** By key: files outside of the directory, or unlinked and open, whose contents may lie below its prefix. */
function keptBelow({ files, names, writeBack }: VolumeContext, directory: Inode): ReadonlyMap<string, Inode> {
  const kept = new Map<string, Inode>()
  const keep = (inode: Inode | null): void => {
    if (inode?.base && !inode.directory && !isBelow(inode, directory)) kept.set(inode.base.key, inode)
  }
  for (const { inode } of names.all()) keep(inode)
  for (const inode of writeBack.dirtyInodes()) keep(inode)
  for (const { inode } of files.all()) keep(inode)
  return kept
}

/** Afterwards its contents do not lie under `key`. */
async function leave(context: VolumeContext, inode: Inode, key: string): Promise<void> {
  const next = context.names.of(inode)
  if (next) await context.writeBack.flushName(next)
  if (inode.base?.key === key) await copyAside(context, inode, () => key)
}
