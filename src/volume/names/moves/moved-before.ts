// What a rename had moved before it was interrupted: objects that are under the new prefix already, while pending names
// and dirty inodes still speak of the old one.

import { keySegmentOfName } from '../../../format/key.ts'
import { writeIdHeader } from '../../../format/metadata.ts'
import type { ObjectInfo } from '../../../store/store.ts'
import type { VolumeContext } from '../../context.ts'
import type { Inode, Version } from '../../inode.ts'
import { orMissing, versionOfInfo } from '../../tree/attributes.ts'
import { forEachBounded } from '../../tree/concurrency.ts'
import type { Name } from '../../types.ts'

const headsInFlightMax = 64

/** `found` as the moved version of `from`; null when it is something else. */
export function asMoved(from: Version, found: ObjectInfo): Version | null {
  if (found.size !== from.size) return null
  // Known from a listing only: copies of one part keep their ETag, and nobody else writes these bytes here by chance.
  if (!from.headers) return found.etag === from.etag ? versionOfInfo(found, null) : null
  if (!found.etag.includes('-') && !from.etag.includes('-') && found.etag !== from.etag) return null
  if (withoutId(from.headers.metadata) !== withoutId(found.headers.metadata)) return null
  const { key, etag, size, lastModified, headers, date, tagCount, checksum } = found
  return {
    key,
    etag,
    size,
    lastModified,
    headers,
    tagCount,
    checksum,
    headersDate: date,
    headersRead: true,
    ours: true,
  }
}

/** The inode goes on with its object under the new key, if that is what it has. */
export function follow(context: VolumeContext, inode: Inode, from: Version, to: Version): void {
  if (inode.base?.key !== from.key || inode.base.etag !== from.etag) return
  inode.base = { ...to, headers: to.headers ?? inode.base.headers }
  inode.content?.moved(inode.base)
  // A move tells nothing of attributes that were not read yet.
  if (!inode.dirty && inode.attributesKnown) context.tree.learned(inode, to)
  if (inode.dirty || context.names.of(inode)) context.journal.inode(inode)
}

/** Whoever still believes in a version under `from` that lies under `to` already follows it there: 1 HEAD each. */
export async function followMovedBefore(
  context: VolumeContext,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  const { names, writeBack, store, journal, tree } = context
  const inodes = new Set<Inode>(writeBack.dirtyInodes())
  for (const { inode, after } of names.all()) for (const each of [inode, ...after]) if (each) inodes.add(each)
  const longKeys = longKeysMoved(context, { from, to }, inodes)
  const believed = new Map<string, Version>()
  const believe = (version: Version | null): void => {
    if (version && (version.key.startsWith(from) || longKeys.has(version.key))) believed.set(version.key, version)
  }
  for (const { object, marker } of names.all()) for (const each of [object, marker]) believe(each)
  for (const { base } of inodes) believe(base)
  await forEachBounded([...believed.values()], headsInFlightMax, async (version) => {
    const key = longKeys.get(version.key) ?? tree.objectKey(to + version.key.slice(from.length))
    const info = await orMissing(store.head(key))
    const moved = info && asMoved(version, info)
    if (!moved) return
    for (const pending of names.all()) {
      const isMarker = pending.marker?.key === version.key
      if (!isMarker && pending.object?.key !== version.key) continue
      // The old name of the directory itself has not moved: what it had there has left it.
      const here = tree.keyOfName(pending.directory, pending.name, isMarker) === moved.key ? moved : null
      if (isMarker) pending.marker = here
      else pending.object = here
      journal.name(pending)
    }
    for (const inode of inodes) follow(context, inode, version, moved)
  })
}

/** From the keys of these inodes and of pending names before the rename to those after it, where the old ones lie elsewhere. */
function longKeysMoved(
  { names, tree }: VolumeContext,
  { from, to }: { readonly from: string; readonly to: string },
  inodes: Iterable<Inode>,
): ReadonlyMap<string, string> {
  const moved = new Map<string, string>()
  const note = (natural: string): void => {
    const rest = natural.startsWith(to)
      ? natural.slice(to.length)
      : natural.startsWith(from)
        ? natural.slice(from.length)
        : null
    if (rest === null) return
    const old = tree.objectKey(from + rest)
    if (old !== from + rest) moved.set(old, tree.objectKey(to + rest))
  }
  const notePlace = (directory: Inode, name: Name): void => {
    const natural = tree.prefixOf(directory) + keySegmentOfName(name, directory === tree.root)
    note(natural)
    note(`${natural}/`)
  }
  note(from)
  for (const { directory, name } of names.all()) notePlace(directory, name)
  for (const { place } of inodes) if (place) notePlace(place.parent, place.name)
  return moved
}

function withoutId(metadata: Readonly<Record<string, string>>): string {
  return JSON.stringify(
    Object.entries(metadata)
      .filter(([name]) => name !== writeIdHeader)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}
