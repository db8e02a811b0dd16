// One directory's marker: the zero-byte `dir/` object that keeps it alive while empty and carries its attributes. Written
// by mkdir, by explicit attribute changes, and when an implicit directory would lose its last entry. All markers are
// empty and so have one ETag: If-Match guards existence, not attributes.

import { VolumeError } from '../../base/errors.ts'
import type { ObjectInfo } from '../../store/store.ts'
import { FileContent } from '../content/file-content.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode, Version } from '../inode.ts'
import { ConflictError } from '../objects/conflict-error.ts'
import { writeObject } from '../objects/write-object.ts'
import { versionOfInfo } from '../tree/attributes.ts'
import { objectDeps } from './aside.ts'
import { describe, readHeaders, readXattrs, reapplyChanges } from './describe.ts'
import type { PendingName } from './pending-names.ts'
import type { SettleOptions, SettledAt } from './settle.ts'
import { tryOnNewer } from './tries.ts'

/** `pending.exclusive`: a marker of somebody else is EEXIST, as for mkdir; otherwise it is taken over. */
export async function writeDirectory(
  context: VolumeContext,
  inode: Inode,
  at: SettledAt,
  pending: PendingName | null,
  options: SettleOptions,
): Promise<void> {
  await tryOnNewer(context, inode, () => attempt(context, inode, at, pending, options))
}

async function attempt(
  context: VolumeContext,
  inode: Inode,
  { directory, name, key }: SettledAt,
  pending: PendingName | null,
  options: SettleOptions,
): Promise<boolean> {
  const { place } = inode
  if (place?.parent !== directory || place.name !== name || !inode.attributesDirty) return true
  const other = await readHeaders(context, inode)
  if (other) return meet(context, inode, pending, other.info)
  if (inode.base) await readXattrs(context, inode)
  const changeCount = inode.changeCount
  const there = pending ? pending.marker : inode.base
  try {
    const version = await put(context, inode, key, there)
    settled(context, inode, pending, version, changeCount)
    return true
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    if (pending?.exclusive && options.waiting) throw new VolumeError('EEXIST', { cause: error })
    return meet(context, inode, pending, error.found)
  }
}

async function put(context: VolumeContext, inode: Inode, key: string, there: Version | null): Promise<Version> {
  const { headers, writeId } = await describe(context, inode, 'new')
  context.journal.writing(inode.ino, key, writeId)
  await context.journal.commit()
  const frozen = new FileContent(null).freeze()
  const condition = there ? { ifMatch: there.etag } : ({ ifNoneMatch: '*' } as const)
  return writeObject(objectDeps(context), { key, condition, frozen, headers, writeId, replaces: inode.base })
}

function settled(
  context: VolumeContext,
  inode: Inode,
  pending: PendingName | null,
  version: Version,
  changeCount: number,
): void {
  if (version.headersDate !== undefined) context.serverTime.observe(version.headersDate)
  inode.base = version
  if (inode.directory) inode.directory.hasMarker = true
  if (inode.changeCount === changeCount) {
    inode.attributesDirty = false
    inode.changed = {}
    inode.changedXattrs.clear()
    context.writeBack.clean(inode)
  }
  inode.writtenCount = Math.max(inode.writtenCount, changeCount)
  if (pending) pending.marker = version
  context.tree.learned(inode, version)
  context.journal.written(inode, null, version)
  context.metrics.count('writeBacks')
}

/** Somebody else's marker is there, or ours is gone: changes made here go on top of what is there now. */
function meet(context: VolumeContext, inode: Inode, pending: PendingName | null, info: ObjectInfo | null): boolean {
  const wasDirty = inode.attributesDirty
  const attributes = { ...inode.attributes }
  inode.attributesDirty = false
  if (info) context.tree.learned(inode, info)
  else Object.assign(inode.attributes, attributes)
  inode.base = info ? versionOfInfo(info, null) : null
  if (pending) pending.marker = inode.base
  reapplyChanges(inode)
  inode.attributesDirty = wasDirty
  return false
}
