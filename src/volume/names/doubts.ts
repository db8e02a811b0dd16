// Requests whose outcome was never told: the reply was lost, or the process died before it came. A version that carries
// the write id of one is ours: it becomes the base, with the same bytes wherever ours are unchanged since.

import { writeIdOf } from '../../format/metadata.ts'
import type { ObjectInfo } from '../../store/store.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode, Version } from '../inode.ts'
import { orMissing, versionOfInfo } from '../tree/attributes.ts'
import type { PendingName } from './pending-names.ts'

/** Whether it was written by a request of ours of which no reply told. */
export function isDoubtful(inode: Inode, info: ObjectInfo): boolean {
  const id = writeIdOf(info.headers)
  return id !== undefined && inode.doubtfulIds.has(id)
}

/** That request took effect. */
export function takeOwn(context: VolumeContext, inode: Inode, pending: PendingName | null, info: ObjectInfo): void {
  const version: Version = { ...versionOfInfo(info, null), ours: true }
  // Without local contents it was a copy: the bytes are those of the base.
  if (inode.base && !inode.content) context.reader.move(inode.base, version)
  inode.base = version
  inode.content?.moved(version)
  const id = writeIdOf(info.headers)
  inode.doubtfulIds.clear()
  if (pending) pending.object = version
  // A name it has left meanwhile must not delete what it does not know to be the contents of another.
  for (const left of context.names.all()) {
    if (left === pending || left.inode === inode || id === undefined || !left.doubtfulIds.has(id)) continue
    // A stream's id may have gone out under several names.
    if (context.tree.keyOfName(left.directory, left.name, false) !== info.key) continue
    left.object = version
    context.names.mustLeave(left, inode)
  }
}

/** Looks where requests without an answer may have left something: 1 HEAD each. True when one of them took effect. */
export function resolveDoubts(context: VolumeContext, inode: Inode): Promise<boolean> {
  return inode.remoteLock.run(async () => {
    const { place } = inode
    // A directory rename may have taken it along.
    const moved = place ? context.tree.keysOfName(place.parent, place.name, inode.directory !== null) : []
    for (const key of new Set([...inode.doubtfulIds.values(), ...moved])) {
      const info = await orMissing(context.store.head(key))
      if (!info || !isDoubtful(inode, info)) continue
      const pending = context.names.of(inode)
      takeOwn(context, inode, pending && context.tree.keyOf(inode) === key ? pending : null, info)
      return true
    }
    return false
  })
}
