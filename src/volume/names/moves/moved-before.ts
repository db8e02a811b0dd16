// What a rename had moved before it was interrupted: objects that are under the new prefix already, while pending names
// and dirty inodes still speak of the old one.

import { writeIdHeader } from '../../../format/metadata.ts'
import type { ObjectInfo } from '../../../store/store.ts'
import type { VolumeContext } from '../../context.ts'
import type { Version } from '../../inode.ts'
import { orMissing } from '../../tree/attributes.ts'
import { objectKey } from '../../tree/places.ts'

/** `found` as the moved version of `from`; null when it is something else. */
export function asMoved(from: Version, found: ObjectInfo): Version | null {
  if (found.size !== from.size || !from.headers) return null
  if (!found.etag.includes('-') && !from.etag.includes('-') && found.etag !== from.etag) return null
  if (withoutId(from.headers.metadata) !== withoutId(found.headers.metadata)) return null
  const { key, etag, size, lastModified, headers, date, tagCount, checksum } = found
  return { key, etag, size, lastModified, headers, tagCount, checksum, headersDate: date, headersRead: true, ours: true }
}

/** Calls `tell` for every version still believed under `from` that lies under `to`: 1 HEAD each. */
export async function tellMovedBefore(
  context: VolumeContext,
  { from, to }: { readonly from: string; readonly to: string },
  tell: (from: Version, to: Version) => void,
): Promise<void> {
  const { names, writeBack, store } = context
  const believed = new Map<string, Version>()
  const believe = (version: Version | null): void => {
    if (version?.key.startsWith(from)) believed.set(version.key, version)
  }
  for (const { object, marker, inode, after } of names.all()) {
    believe(object)
    believe(marker)
    for (const each of [inode, ...after]) believe(each?.base ?? null)
  }
  for (const inode of writeBack.dirtyInodes()) believe(inode.base)
  for (const version of believed.values()) {
    const info = await orMissing(store.head(objectKey(to + version.key.slice(from.length))))
    const moved = info && asMoved(version, info)
    if (moved) tell(version, moved)
  }
}

function withoutId(metadata: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(metadata).filter(([name]) => name !== writeIdHeader).sort())
}
