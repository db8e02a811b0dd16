// Lost races. Contents: the remote version stays, the local bytes are kept as a conflict copy, the writer gets ESTALE.
// Names: the remote version stays under its name and the volume forgets its own idea of it. Nothing is dropped silently.

import { wallMs } from '../../base/clock.ts'
import { VolumeError } from '../../base/errors.ts'
import { randomId } from '../../base/random.ts'
import { conflictPlace } from '../../format/conflict-name.ts'
import type { ObjectInfo } from '../../store/store.ts'
import type { FileContent } from '../content/file-content.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode, Version } from '../inode.ts'
import type { Name } from '../types.ts'
import { keepConflict } from '../objects/conflict-copy.ts'
import { copyObject } from '../objects/copy-object.ts'
import { isOwnedKey, objectDeps, releaseOwnedKey } from './aside.ts'
import type { PendingName } from './pending-names.ts'

/** Copies of one conflict while its writer goes on writing. */
const copiesMax = 100

/**
 * The contents of `inode` lost against `remote` (null: somebody deleted the object). Keeps them and gives the ESTALE to
 * throw; the inode is clean again and shows the remote version. To be called with its remoteLock held.
 */
export async function settleContentConflict(
  context: VolumeContext,
  inode: Inode,
  pending: PendingName | null,
  remote: ObjectInfo | null,
): Promise<VolumeError> {
  const path = context.tree.pathOf(inode)
  const { content } = inode
  let conflictPath: string | undefined
  for (let copies = 0; content && copies < copiesMax; copies++) {
    const { changeCount } = inode
    conflictPath = await keepCopy(context, inode, content, path)
    // Written meanwhile: what was acknowledged must be in a copy too.
    if (inode.changeCount === changeCount) break
  }
  context.metrics.count('conflicts')
  context.log.warn('conflict: another writer was first; the local version is kept', { path, conflictPath })
  forgetLocal(context, inode, pending)
  if (remote) context.tree.learned(inode, remote)
  inode.foreignCount++
  const message = `${path} was changed by another writer; the local version is kept as ${conflictPath ?? 'nothing'}`
  return new VolumeError('ESTALE', { message, conflictPath })
}

async function keepCopy(context: VolumeContext, inode: Inode, content: FileContent, path: string): Promise<string> {
  const frozen = content.freeze()
  const { attributes } = inode
  try {
    return await keepConflict(objectDeps(context), { path, frozen, attributes, keyBeside: besideOf(context, inode) })
  } finally {
    content.thaw(frozen)
  }
}

/** Under `conflictCopies: 'beside'`: the key of a name in the file's own directory. */
function besideOf(context: VolumeContext, { place }: Inode): ((name: Name) => string) | undefined {
  if (!place || context.settings.conflictCopies !== 'beside') return undefined
  return (name) => context.tree.keyOfName(place.parent, name, false)
}

/** Drops all local changes of the inode and of its name; the next lookup asks the bucket. */
function forgetLocal(context: VolumeContext, inode: Inode, pending: PendingName | null): void {
  const { place } = inode
  context.writeBack.streams.drop(inode)
  inode.content?.release()
  inode.content = null
  inode.attributesDirty = false
  inode.changed = {}
  inode.changedXattrs.clear()
  inode.writtenCount = inode.changeCount
  context.writeBack.clean(inode)
  context.journal.forgotten(inode.ino)
  if (pending) dropName(context, pending)
  else if (place) context.tree.invalidate(place.parent, place.name)
}

/** An acknowledged name operation met a version it has not seen: that one stays, and the name is asked for anew. */
export function reportNameConflict(context: VolumeContext, pending: PendingName, what: string): void {
  const directory = context.tree.pathOf(pending.directory)
  context.metrics.count('conflicts')
  context.log.warn(`conflict: ${what}`, { directory, name: pending.name })
  dropName(context, pending)
}

/**
 * A pending rename cannot be carried out. The object stays under its old name, and both names are asked for anew; where
 * another file has taken the old name since, it is kept as a conflict copy. To be called with the remoteLock held.
 */
export async function abandonName(context: VolumeContext, inode: Inode, pending: PendingName): Promise<void> {
  for (const old of context.names.leftBy(inode)) {
    if (!old.inode) dropName(context, old)
    else if (inode.base && inode.base.key === old.object?.key) await keepDisplaced(context, inode, inode.base)
  }
  const { base } = inode
  if (base && isOwnedKey(base.key)) {
    // It stood in a circle of renames, and no name leads to it any more.
    await keepDisplaced(context, inode, base)
    await releaseOwnedKey(context, base)
  }
  reportNameConflict(context, pending, 'another writer has taken the new name of a renamed file')
}

async function keepDisplaced(context: VolumeContext, inode: Inode, from: Version): Promise<void> {
  const path = context.tree.pathOf(inode)
  const place = conflictPlace(path, wallMs(context.clock), randomId(context.random))
  const version = await copyObject(objectDeps(context), { from, key: place.key, condition: { ifNoneMatch: '*' } })
  context.reader.move(from, version)
  inode.base = version
  context.log.warn('conflict: neither the old nor the new name of a renamed file is free; it is kept', {
    path,
    conflictPath: place.path,
  })
}

function dropName(context: VolumeContext, pending: PendingName): void {
  if (context.names.get(pending.directory, pending.name) !== pending) return
  context.names.drop(pending)
  context.journal.nameSettled(pending)
  context.tree.invalidate(pending.directory, pending.name)
}
