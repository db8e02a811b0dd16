// Contents that must outlive their key: of a file that is unlinked or replaced while open, or that stands in a circle of
// renames. They are copied under `.bucketfs/data/unlinked/` and the inode goes on reading there. `doctor` removes what a
// crash left behind.

import { randomId } from '../../base/random.ts'
import { streamsPrefix, unlinkedKey, unlinkedPrefix } from '../../format/system-key.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode, Version } from '../inode.ts'
import { SourceChangedError } from '../objects/conflict-error.ts'
import { copyObject } from '../objects/copy-object.ts'
import type { ObjectDeps } from '../objects/object-deps.ts'
import { removeObject } from '../objects/remove-object.ts'

/** Keys of ours that belong to one inode alone and go when it leaves them. */
const ownedPrefixes = [unlinkedPrefix, streamsPrefix]

export function isOwnedKey(key: string): boolean {
  return ownedPrefixes.some((prefix) => key.startsWith(prefix))
}

/**
 * Afterwards the clean bytes of the inode lie under a key of its own. Nothing to do when it has none in the bucket, or
 * none under `leaving` any more.
 */
export async function copyAside(
  context: VolumeContext,
  inode: Inode,
  leaving?: () => string | undefined,
): Promise<void> {
  await inode.remoteLock.run(async () => {
    for (;;) {
      const { base } = inode
      if (!base || isOwnedKey(base.key) || (leaving && base.key !== leaving())) return
      const key = unlinkedKey(randomId(context.random))
      try {
        const version = await copyObject(objectDeps(context), { from: base, key, condition: { ifNoneMatch: '*' } })
        context.reader.move(base, version)
        inode.base = version
        inode.content?.moved(version)
        context.journal.inode(inode)
        return
      } catch (error) {
        // Unless a directory rename has taken it along meanwhile.
        if (!(error instanceof SourceChangedError) || inode.base === null || inode.base.key === base.key) throw error
      }
    }
  })
}

/** What `objects/` works with. */
export function objectDeps(context: VolumeContext): ObjectDeps {
  return context
}

/** The inode has left `key` for good. Failing to delete it costs space only, and `doctor` finds it. */
export async function releaseOwnedKey(context: VolumeContext, version: Version): Promise<void> {
  if (!isOwnedKey(version.key)) return
  try {
    await removeObject(objectDeps(context), version)
  } catch (error) {
    context.log.warn('an aside copy could not be deleted', { key: version.key, error: String(error) })
  }
}
