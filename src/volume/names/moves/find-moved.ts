// Objects that a directory rename has taken along while somebody held on to their old key: replies of listings and HEADs
// may be older than the move. Looked for only when the old key has nothing.

import type { ObjectInfo } from '../../../store/store.ts'
import type { VolumeContext } from '../../context.ts'
import type { Inode, Version } from '../../inode.ts'
import { orMissing } from '../../tree/attributes.ts'
import { asMoved, follow } from './moved-before.ts'

/** `version` under one of `keys`: 1 HEAD for each that is not its own. */
export async function findMoved(
  context: VolumeContext,
  version: Version,
  keys: Iterable<string>,
): Promise<Version | null> {
  for (const key of new Set(keys)) {
    if (key === version.key) continue
    const info = await orMissing(context.store.head(key))
    const moved = info && asMoved(version, info)
    if (moved) return moved
  }
  return null
}

/** Whether `found`, met under the inode's key, is its own object, which a rename of a directory has taken there. */
export function isMovedHere(context: VolumeContext, inode: Inode, found: ObjectInfo): boolean {
  const { base } = inode
  if (!base || base.key === found.key || context.names.leftBy(inode).length > 0) return false
  const moved = asMoved(base, found)
  if (!moved) return false
  const pending = context.names.of(inode)
  if (pending) pending.object = moved
  follow(context, inode, base, moved)
  return true
}

/** Whether the inode's object lies where its present or a former name has its key; the inode and those names follow it. */
export async function followMoved(context: VolumeContext, inode: Inode): Promise<boolean> {
  const { names, tree, journal } = context
  const { base, directory } = inode
  if (!base) return false
  const left = names.leftBy(inode)
  const keys = left.map((old) => tree.keyOfName(old.directory, old.name, directory !== null))
  if (inode.place) keys.unshift(tree.keyOf(inode))
  const moved = await findMoved(context, base, keys)
  if (!moved) return false
  for (const pending of [names.of(inode), ...left]) {
    if (pending?.object?.key !== base.key) continue
    pending.object = moved
    journal.name(pending)
  }
  follow(context, inode, base, moved)
  return true
}
