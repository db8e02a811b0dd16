import { createHash } from 'node:crypto'
import { compareUtf8 } from '../base/bytes.ts'
import { dataPrefix } from './key.ts'
import { damaged, decodeSide, encodeSide } from './side-object.ts'
import type { SideDecoded, SideObject } from './side-object.ts'
import {
  decodeXattrValue,
  encodeXattrValue,
  headerBytes,
  headerOfXattr,
  metadataBytes,
  xattrOfHeader,
} from './xattr-name.ts'

// All extended attributes of one object: `user.*` in a header each, other namespaces in s3fs's `xattr` header, and what
// does not fit into S3's 2 KB in a side object that `x-amz-meta-bucketfs-xattrs` names. Side objects never change: their
// id is the hash of what is in them, so a copy of the object made by anybody still finds its attributes. They are written
// before the object that names them, and removed by `doctor` only.

export type Xattrs = ReadonlyMap<string, Uint8Array>
export type Metadata = Readonly<Record<string, string>>

export interface EncodedXattrs {
  readonly metadata: Record<string, string>
  /** To be PUT before the object that names it. */
  readonly side: SideObject | undefined
}

/** S3's limit on user metadata. */
export const metadataBytesMax = 2048

/** Header that names the side object. */
const xattrsSideHeader = 'bucketfs-xattrs'

/** Left free beside a side object, so that later changes of mode, owner and times fit. */
const slackBytes = 64
const s3fsHeader = 'xattr'
const sidePrefix = `${dataPrefix}xattrs/`
const sideIdLength = 32
const format = 'bucketfs-xattrs'
const formatVersion = 1

/** What the headers carry. Without those in a side object: see `sideXattrsKey`. */
export function decodeXattrs(metadata: Metadata): Map<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>()
  const s3fs = metadata[s3fsHeader]
  if (s3fs !== undefined) for (const [name, value] of parseS3fs(s3fs)) xattrs.set(name, value)
  for (const [header, value] of Object.entries(metadata)) {
    const name = xattrOfHeader(header)
    if (name !== undefined) xattrs.set(name, decodeXattrValue(value))
  }
  return xattrs
}

/** Key of the side object with the attributes that did not fit; undefined when the headers carry all of them. */
export function sideXattrsKey(metadata: Metadata): string | undefined {
  const id = metadata[xattrsSideHeader]
  return id !== undefined && /^[0-9a-f]{32}$/.test(id) ? sidePrefix + id : undefined
}

/** The attributes of a side object. */
export function decodeXattrsSide(body: Uint8Array): SideDecoded<Map<string, Uint8Array>> {
  const decoded = decodeSide(format, formatVersion, body)
  if (!decoded.ok) return decoded
  const xattrs = new Map<string, Uint8Array>()
  for (const row of decoded.value.rows) {
    if (!Array.isArray(row) || typeof row[0] !== 'string' || typeof row[1] !== 'string') return damaged
    xattrs.set(row[0], Buffer.from(row[1], 'base64'))
  }
  return { ok: true, value: xattrs }
}

/**
 * `metadata` with exactly `xattrs`. Headers that carry the same value already keep their spelling and their place; what
 * does not fit `budgetBytes` goes into the side object.
 */
export function encodeXattrs(
  metadata: Metadata,
  xattrs: Xattrs,
  budgetBytes: number = metadataBytesMax,
): EncodedXattrs {
  const rest = withoutXattrs(metadata)
  const headers: [name: string, header: string, value: string][] = []
  const foreign = new Map<string, Uint8Array>()
  for (const [name, value] of [...xattrs].sort(([a], [b]) => compareUtf8(a, b))) {
    const header = headerOfXattr(name)
    if (header === undefined) foreign.set(name, value)
    else headers.push([name, header, spelling(metadata[header], value)])
  }
  // What others wrote stays where they look for it, as long as anything fits.
  const wasThere = ([, header]: (typeof headers)[number]): number => (metadata[header] === undefined ? 1 : 0)
  headers.sort((a, b) => wasThere(a) - wasThere(b))
  const whole = { ...rest, ...Object.fromEntries(headers.map(([, header, value]) => [header, value])) }
  if (foreign.size > 0) whole[s3fsHeader] = formatS3fs(foreign)
  if (metadataBytes(whole) <= budgetBytes) return { metadata: whole, side: undefined }
  return split(rest, headers, foreign, xattrs, budgetBytes)
}

function split(
  metadata: Record<string, string>,
  headers: readonly [name: string, header: string, value: string][],
  foreign: Xattrs,
  xattrs: Xattrs,
  budgetBytes: number,
): EncodedXattrs {
  const over = new Map(foreign)
  let left = budgetBytes - slackBytes - metadataBytes(metadata) - xattrsSideHeader.length - sideIdLength
  for (const [name, header, value] of headers) {
    const bytes = headerBytes(header, value)
    if (bytes <= left) {
      metadata[header] = value
      left -= bytes
    } else over.set(name, xattrs.get(name) as Uint8Array)
  }
  const side = sideOf(over)
  metadata[xattrsSideHeader] = side.key.slice(sidePrefix.length)
  return { metadata, side }
}

function sideOf(xattrs: Xattrs): SideObject {
  const rows = [...xattrs]
    .sort(([a], [b]) => compareUtf8(a, b))
    .map(([name, value]) => [name, Buffer.from(value).toString('base64')])
  const body = encodeSide(format, formatVersion, {}, rows)
  return { key: sidePrefix + createHash('sha256').update(body).digest('hex').slice(0, sideIdLength), body }
}

function withoutXattrs(metadata: Metadata): Record<string, string> {
  const rest: Record<string, string> = {}
  for (const [header, value] of Object.entries(metadata)) {
    if (header === s3fsHeader || header === xattrsSideHeader || xattrOfHeader(header) !== undefined) continue
    rest[header] = value
  }
  return rest
}

function spelling(before: string | undefined, value: Uint8Array): string {
  return before !== undefined && Buffer.compare(decodeXattrValue(before), value) === 0
    ? before
    : encodeXattrValue(value)
}

/** `{"user.a":"base64",…}`, URL-encoded. */
function parseS3fs(text: string): [string, Uint8Array][] {
  let json = text
  try {
    json = decodeURIComponent(text)
  } catch {
    return []
  }
  const parsed = parseJson(json)
  if (!isRecord(parsed)) return []
  return Object.entries(parsed).flatMap(([name, value]) =>
    typeof value === 'string' && name.includes('.')
      ? [[name, Buffer.from(value, 'base64')] as [string, Uint8Array]]
      : [],
  )
}

function formatS3fs(xattrs: Xattrs): string {
  const pairs = [...xattrs].map(([name, value]) => `${JSON.stringify(name)}:"${Buffer.from(value).toString('base64')}"`)
  return encodeURIComponent(`{${pairs.join(',')}}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
