import type { ObjectChecksum, ObjectHeaders, ObjectInfo } from '../../../store/store.ts'
import type { Version } from '../../inode.ts'

// From what a write told to the Version it made. `headersDate` is the date of our own reply: attributes count for a
// listing as long as nothing in it is younger (tree/attributes.ts).

export interface WrittenFacts {
  readonly key: string
  readonly etag: string
  readonly size: number
  readonly lastModified: number
  readonly headers: ObjectHeaders
  readonly tagCount: number | undefined
  readonly checksum?: ObjectChecksum | undefined
  readonly date: number
}

export function writtenVersion(facts: WrittenFacts): Version {
  const { key, etag, size, lastModified, headers, tagCount, checksum, date } = facts
  return { key, etag, size, lastModified, headers, tagCount, checksum, ours: true, headersDate: date }
}

/** Our own write as HEAD showed it. `replyDate`: the date of the write's own reply, when that came. */
export function versionRead(info: ObjectInfo, checksum: ObjectChecksum | undefined, replyDate?: number): Version {
  const { key, etag, size, lastModified, headers, tagCount } = info
  const facts = { key, etag, size, lastModified, headers, tagCount, checksum: checksum ?? info.checksum, ours: true }
  if (replyDate !== undefined) return { ...facts, headersDate: replyDate }
  return { ...facts, headersDate: info.date, headersRead: true }
}

/** Number of tags in a query string. */
export function tagCountOf(tags: string | undefined): number {
  return tags ? tags.split('&').length : 0
}
