// Operations on inodes and names, as every door needs them: checks as the kernel makes them (`permit`), the local change,
// then the wait below. One file a verb: create, remove, rename, exchange, set-attributes, xattrs, remove-tree. They know
// inodes and names, never paths; what differs from the bucket afterwards is told to `names/`, which carries it out.
//
// When a name operation may return (DESIGN P3): under `bucket` when the bucket shows it, under `journal` when the journal
// has it on disk, under `memory` at once. The order of `pending` is the order in which they are settled.

import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import type { PendingName } from '../names/pending-names.ts'
import { asVolumeError } from '../volume-errors.ts'

/** `revert`: takes the local change back when the bucket refused it, so that the caller sees what the bucket has. */
export async function acknowledge(
  context: VolumeContext,
  pending: readonly PendingName[],
  revert: () => void,
): Promise<void> {
  const { journal, names, settings, writeBack } = context
  const live: PendingName[] = []
  for (const name of pending) {
    // A request under way for it may still put something there.
    if (name.isVoid && !name.lock.busy) settleVoid(context, name)
    else live.push(name)
  }
  if (settings.durability === 'bucket') {
    try {
      for (const name of live) await writeBack.settler.name(name, { waiting: true })
    } catch (error) {
      revert()
      throw asVolumeError(error)
    }
    // What changed meanwhile is somebody else's wait, but must not be forgotten.
    for (const name of live) if (names.get(name.directory, name.name) === name) writeBack.defer(name)
    return
  }
  for (const name of live) {
    journal.name(name)
    writeBack.defer(name)
  }
  await journal.commit()
}

/** Created and removed before the bucket ever heard of it. */
function settleVoid(context: VolumeContext, pending: PendingName): void {
  context.names.drop(pending)
  context.journal.nameSettled(pending)
  context.tree.settle(pending.directory, pending.name)
}

/** Forgets a name operation that failed: the next lookup asks the bucket. */
export function forgetName(context: VolumeContext, pending: PendingName): void {
  if (context.names.get(pending.directory, pending.name) !== pending) return
  context.names.drop(pending)
  context.journal.nameSettled(pending)
  context.tree.invalidate(pending.directory, pending.name)
}

/** The implicit change of a directory whose entries changed. Shown at once, written only with the attribute index. */
export function touchDirectory(context: VolumeContext, directory: Inode): void {
  const now = context.clock.nowNs()
  directory.attributes.mtimeNs = now
  directory.attributes.ctimeNs = now
  context.tree.noted(directory)
}
