import { isStoreError } from '../../base/errors.ts'
import { decodeMetadata } from '../../format/metadata.ts'
import type { ListedObject, ObjectInfo } from '../../store/store.ts'
import type { Inode, InodeAttributes, Version } from '../inode.ts'
import type { VolumeSettings } from '../settings.ts'
import { S_IFDIR, S_IFREG } from '../types.ts'
import { symlinkBytesMax } from './tree-deps.ts'

// From what the bucket says of an object to a Version and attributes. Pure. A LIST gives a version without headers and
// guessed attributes; a HEAD gives both. Times are the server's, in whole seconds.

/** What an object without metadata looks like; `type` tells 'file' from 'directory'. */
export function guessAttributes(
  type: 'file' | 'directory',
  size: number,
  timeNs: bigint,
  settings: VolumeSettings,
): InodeAttributes {
  return {
    mode: type === 'directory' ? S_IFDIR | 0o755 : S_IFREG | 0o644,
    uid: settings.uid,
    gid: settings.gid,
    rdev: 0,
    size: type === 'directory' ? 0 : size,
    atimeNs: timeNs,
    mtimeNs: timeNs,
    ctimeNs: timeNs,
    birthtimeNs: timeNs,
    atimeSet: false,
  }
}

export function msToNs(ms: number): bigint {
  return BigInt(Math.trunc(ms)) * 1_000_000n
}

export function versionOfListed(listed: ListedObject): Version {
  return { key: listed.key, etag: listed.etag, size: listed.size, lastModified: listed.lastModified }
}

/** `before` of the same ETag hands on that the contents are ours. */
export function versionOfInfo(info: ObjectInfo, before: Version | null): Version {
  return {
    key: info.key,
    etag: info.etag,
    size: info.size,
    lastModified: info.lastModified,
    headers: info.headers,
    tagCount: info.tagCount,
    checksum: info.checksum,
    ours: before !== null && before.etag === info.etag ? before.ours : undefined,
    headersDate: info.date,
    headersRead: true,
  }
}

/**
 * Whether attributes known for `version` still hold for what LIST shows (DESIGN §5): an ETag does not change with
 * metadata, so LastModified must prove that nothing came later. Read attributes: equal, and 2 s older than the reply they
 * were read from; attributes we wrote: not later than the second of our own reply.
 */
export function attributesHold(
  version: Version,
  listed: Pick<ListedObject, 'etag' | 'size' | 'lastModified'>,
  settings: VolumeSettings,
): boolean {
  if (version.etag !== listed.etag || version.size !== listed.size) return false
  if (settings.foreignMetadata === 'ignore') return true
  if (version.headersDate === undefined) return false
  if (isWritten(version)) return listed.lastModified <= version.headersDate
  return listed.lastModified === version.lastModified && listed.lastModified + 2000 <= version.headersDate
}

/** Whether the attributes of the version are what we wrote, rather than read back. */
export function isWritten(version: Version): boolean {
  return version.headersDate !== undefined && version.headersRead !== true
}

/** Whether the object may be a symlink or a special file as far as a LIST tells. */
export function typeIsOpen(size: number): boolean {
  return size <= symlinkBytesMax
}

export type Decoded = ReturnType<typeof decodeMetadata>

export function decodeInfo(info: ObjectInfo, settings: VolumeSettings): Decoded {
  const isDirectoryKey = info.key.endsWith('/')
  const { key, size, lastModified, headers } = info
  return decodeMetadata({ key, isDirectoryKey, size, lastModified, headers }, { uid: settings.uid, gid: settings.gid })
}

/** Takes over what headers say. The inode's type must be the decoded one. */
export function applyDecoded(inode: Inode, decoded: Decoded, size: number): void {
  const { attributes } = inode
  attributes.mode = decoded.mode
  attributes.uid = decoded.uid
  attributes.gid = decoded.gid
  attributes.rdev = decoded.rdev
  attributes.mtimeNs = decoded.mtimeNs
  attributes.ctimeNs = decoded.ctimeNs
  attributes.atimeNs = decoded.atimeNs
  attributes.birthtimeNs = decoded.birthtimeNs
  attributes.atimeSet = decoded.atimeSet
  attributes.size = inode.directory ? 0 : size
  inode.xattrs = decoded.xattrs
  if (decoded.target !== undefined) inode.target = decoded.target
  inode.attributesKnown = true
  inode.typeKnown = true
}

/** The reply, or null when the object is not there. */
export async function orMissing<T>(reply: Promise<T>): Promise<T | null> {
  try {
    return await reply
  } catch (error) {
    if (isStoreError(error, 'not-found')) return null
    throw error
  }
}
