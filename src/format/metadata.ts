import { decodeAttributes } from './metadata-dialects.ts'
import type { DecodedAttributes, ObjectFacts, Owner } from './metadata-dialects.ts'
import { fullMode, parseId, parseNumericMode, parseOctalMode, permissionBits, typeOfFullMode } from './mode.ts'
import type { ObjectType } from './mode.ts'
import { clampTime, formatNsTime, formatRfc3339, formatTime, parseNsTime, parseRfc3339, parseTime } from './time.ts'
import { metadataBytes } from './xattr-name.ts'
import { decodeXattrs, encodeXattrs, metadataBytesMax, sideXattrsKey } from './xattrs.ts'
import type { Xattrs } from './xattrs.ts'
import type { SideObject } from './side-object.ts'

// POSIX attributes in the headers of an object. All common dialects are read (metadata-dialects.ts); s3fs's is written:
// `mode` (decimal, full st_mode), `uid`, `gid`, `mtime`, `ctime`, `atime` when it was set, `rdev` of devices. Headers that
// are not ours are carried over unchanged (DESIGN P1), but a dialect that is there already is brought up to date, so that
// its readers do not see what was. Every write carries a fresh `bucketfs-id`: how a lost reply is recognised.

/** The headers this file reads and writes; store/store.ts's ObjectHeaders is one. */
export interface HeadersWithMetadata {
  readonly contentType?: string | undefined
  readonly metadata: Readonly<Record<string, string>>
}

export interface ObjectSeen {
  readonly key: string
  /** Whether the key ends in '/'. */
  readonly isDirectoryKey: boolean
  readonly size: number
  /** Epoch milliseconds. */
  readonly lastModified: number
  readonly headers: HeadersWithMetadata
}

export interface DecodedMetadata extends DecodedAttributes {
  /** By full name. Undefined when some are in a side object (xattrs.ts: `sideXattrsKey`) and so not all are known. */
  readonly xattrs: Map<string, Uint8Array> | undefined
}

export interface EncodedAttributes {
  /** Full st_mode. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly rdev: number
  readonly atimeNs: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly atimeSet: boolean
}

export interface MetadataToWrite {
  readonly attributes: EncodedAttributes
  /** Every one there is to be; undefined: those of the previous headers, side object included. */
  readonly xattrs: Xattrs | undefined
  /** 32 hex digits, fresh for every request that writes. */
  readonly writeId: string
  /** 'new': the body is written too (for a symlink: it is the target), so hashes of the old one in metadata go. */
  readonly contents: 'kept' | 'new'
}

export interface EncodedMetadata<H> {
  readonly headers: H | HeadersWithMetadata
  /** To be PUT before the object itself; undefined when all extended attributes fit into its headers. */
  readonly side: SideObject | undefined
}

/** Metadata name of the write id. */
export const writeIdHeader = 'bucketfs-id'

/** Content-Type of `dir/` objects. */
const directoryContentType = 'application/x-directory'

/** What an object is and how it is owned; `defaults` where it does not say. */
export function decodeMetadata(object: ObjectSeen, defaults: Owner): DecodedMetadata {
  const { metadata } = object.headers
  const facts: ObjectFacts = {
    isDirectoryKey: object.isDirectoryKey,
    size: object.size,
    lastModified: object.lastModified,
    contentType: object.headers.contentType,
    metadata,
  }
  const xattrs = sideXattrsKey(metadata) === undefined ? decodeXattrs(metadata) : undefined
  return { ...decodeAttributes(facts, defaults), xattrs }
}

/** The write id of an object; undefined when a foreign writer made it (or copied no metadata). */
export function writeIdOf(headers: HeadersWithMetadata): string | undefined {
  return headers.metadata[writeIdHeader]
}

/** Headers for the next version of an object whose headers were `previous` (undefined: it is new). */
export function encodeMetadata<H extends HeadersWithMetadata>(
  previous: H | undefined,
  write: MetadataToWrite,
): EncodedMetadata<H> {
  const attributes = withinRange(write.attributes)
  const before = previous?.metadata ?? {}
  const type = typeOfFullMode(attributes.mode) ?? 'file'
  const metadata: Record<string, string> = { ...before }
  if (write.contents === 'new') dropContentHashes(metadata)
  if (write.contents === 'new' || type !== 'symlink') {
    delete metadata['--symlink-target']
    delete metadata['gcsfuse_symlink_target']
  }
  writeOwnDialect(metadata, attributes)
  updateForeignDialects(metadata, attributes, type)
  metadata[writeIdHeader] = write.writeId
  const encoded = withXattrs(metadata, write.xattrs)
  const contentType = previous?.contentType ?? (type === 'directory' ? directoryContentType : undefined)
  const headers = { ...previous, ...(contentType === undefined ? {} : { contentType }), metadata: encoded.metadata }
  return { headers, side: encoded.side }
}

function withinRange(attributes: EncodedAttributes): EncodedAttributes {
  const { mode, uid, gid, rdev, atimeSet } = attributes
  const [atimeNs, mtimeNs, ctimeNs] = [attributes.atimeNs, attributes.mtimeNs, attributes.ctimeNs].map(clampTime) as [
    bigint,
    bigint,
    bigint,
  ]
  return { mode, uid, gid, rdev, atimeNs, mtimeNs, ctimeNs, atimeSet }
}

function withXattrs(
  metadata: Record<string, string>,
  xattrs: Xattrs | undefined,
): { metadata: Record<string, string>; side: SideObject | undefined } {
  if (xattrs !== undefined) return encodeXattrs(metadata, xattrs)
  if (metadataBytes(metadata) <= metadataBytesMax || sideXattrsKey(metadata) !== undefined)
    return { metadata, side: undefined }
  // A foreign object that had no room left for ours.
  return encodeXattrs(metadata, decodeXattrs(metadata))
}

function writeOwnDialect(metadata: Record<string, string>, attributes: EncodedAttributes): void {
  metadata['mode'] = String(attributes.mode)
  metadata['uid'] = String(attributes.uid)
  metadata['gid'] = String(attributes.gid)
  metadata['mtime'] = formatTime(attributes.mtimeNs)
  metadata['ctime'] = formatTime(attributes.ctimeNs)
  if (attributes.atimeSet) metadata['atime'] = formatTime(attributes.atimeNs)
  else delete metadata['atime']
  if (attributes.rdev !== 0) metadata['rdev'] = String(attributes.rdev)
  else delete metadata['rdev']
}

/** Hashes of contents that are no longer: rclone and s3cmd would believe them. */
function dropContentHashes(metadata: Record<string, string>): void {
  delete metadata['md5chksum']
  const s3cmd = metadata['s3cmd-attrs']
  if (s3cmd === undefined) return
  metadata['s3cmd-attrs'] = s3cmd
    .split('/')
    .filter((pair) => !pair.startsWith('md5:'))
    .join('/')
}

type Rewrite = (text: string, attributes: EncodedAttributes, type: ObjectType) => string | undefined

/** How each foreign field says what we say; undefined when its text is not of that dialect and so none of ours. */
const foreignFields: Readonly<Record<string, Rewrite>> = {
  'file-permissions': (text, { mode }) => parseOctalMode(text) && `0${mode.toString(8)}`,
  'file-owner': ownerText,
  'file-group': groupText,
  'file-mtime': (text, { mtimeNs }) => (parseNsTime(text) === undefined ? undefined : formatNsTime(mtimeNs)),
  'file-atime': (text, { atimeNs }) => (parseNsTime(text) === undefined ? undefined : formatNsTime(atimeNs)),
  'goog-reserved-posix-mode': (text, { mode }, type) => {
    const parsed = parseOctalMode(text)
    return parsed && modeAsBefore(parsed.type, mode, type).toString(8)
  },
  'goog-reserved-posix-uid': ownerText,
  'goog-reserved-posix-gid': groupText,
  'goog-reserved-file-mtime': (text, { mtimeNs }) => secondsText(text, mtimeNs),
  'goog-reserved-file-atime': (text, { atimeNs }) => secondsText(text, atimeNs),
  gcsfuse_mtime: (text, { mtimeNs }) => (parseRfc3339(text) === undefined ? undefined : formatRfc3339(mtimeNs)),
  permissions: (text, { mode }, type) => {
    const parsed = parseNumericMode(text)
    return parsed && String(modeAsBefore(parsed.type, mode, type))
  },
  owner: ownerText,
  group: groupText,
}

function updateForeignDialects(
  metadata: Record<string, string>,
  attributes: EncodedAttributes,
  type: ObjectType,
): void {
  for (const [name, rewrite] of Object.entries(foreignFields)) {
    const text = metadata[name]
    if (text === undefined) continue
    const updated = rewrite(text, attributes, type)
    if (updated !== undefined) metadata[name] = updated
  }
}

function modeAsBefore(typeBefore: ObjectType | undefined, mode: number, type: ObjectType): number {
  return typeBefore === undefined ? mode & permissionBits : fullMode(type, mode)
}

function ownerText(text: string, { uid }: EncodedAttributes): string | undefined {
  return parseId(text) === undefined ? undefined : String(uid)
}

function groupText(text: string, { gid }: EncodedAttributes): string | undefined {
  return parseId(text) === undefined ? undefined : String(gid)
}

function secondsText(text: string, ns: bigint): string | undefined {
  return parseTime(text) === undefined ? undefined : (formatTime(ns).split('.')[0] as string)
}
