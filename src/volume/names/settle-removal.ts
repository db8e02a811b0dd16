// Deleting what the bucket still holds under a name that is gone or has become another kind.

import { VolumeError } from '../../base/errors.ts'
import { writeIdOf } from '../../format/metadata.ts'
import type { ObjectInfo } from '../../store/store.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode, Version } from '../inode.ts'
import { removeObject } from '../objects/remove-object.ts'
import { orMissing, versionOfInfo } from '../tree/attributes.ts'
import { objectDeps } from './aside.ts'
import { reportNameConflict } from './conflicts.ts'
import { findMoved } from './moves/find-moved.ts'
import type { PendingName } from './pending-names.ts'
import type { SettleOptions } from './settle.ts'
import { rereadsMax } from './tries.ts'

/** Removes the object and the marker of `pending` as far as `inode` (what the name leads to) does not take their place. */
export async function removeName(
  context: VolumeContext,
  pending: PendingName,
  inode: Inode | null,
  options: SettleOptions,
): Promise<void> {
  const isFile = inode !== null && !inode.directory
  if (!isFile && !pending.object && pending.doubtfulIds.size > 0) pending.object = await ownObject(context, pending)
  if (pending.object && !isFile) {
    await removeVersion(context, pending, pending.object, options)
    pending.object = null
  }
  if (!isFile) pending.doubtfulIds.clear()
  if (pending.marker && !inode?.directory) {
    await removeVersion(context, pending, pending.marker, options)
    pending.marker = null
  }
}

async function removeVersion(
  context: VolumeContext,
  pending: PendingName,
  seen: Version,
  options: SettleOptions,
): Promise<void> {
  let version = seen
  for (let tries = 0; tries < rereadsMax; tries++) {
    const outcome = await removeObject(objectDeps(context), version)
    if (outcome === 'removed') return
    if (outcome === 'absent') {
      const key = context.tree.keyOfName(pending.directory, pending.name, version.key.endsWith('/'))
      const moved = await findMoved(context, version, [key])
      if (!moved) return
      version = moved
      continue
    }
    if (!options.waiting && !isOurs(pending, outcome)) {
      reportNameConflict(context, pending, 'a version that was not seen stays under a removed name')
      return
    }
    version = versionOfInfo(outcome, null)
  }
  throw new VolumeError('ESTALE', { message: `${pending.name} is being replaced by others` })
}

/** What a request without an answer may have put there, if it did. */
async function ownObject(context: VolumeContext, pending: PendingName): Promise<Version | null> {
  const key = context.tree.keyOfName(pending.directory, pending.name, false)
  const info = await orMissing(context.store.head(key))
  return info && isOurs(pending, info) ? versionOfInfo(info, null) : null
}

function isOurs(pending: PendingName, info: ObjectInfo): boolean {
  const id = writeIdOf(info.headers)
  // A request that was under way may have been answered since.
  if (pending.object?.key === info.key && pending.object.etag === info.etag) return true
  return id !== undefined && pending.doubtfulIds.has(id)
}
