// An object's headers on the wire, both ways. Metadata values travel as UTF-8 bytes: Node's http shows each byte as one
// character (latin1), so that is what they are turned into and back.

import type { ObjectChecksum, ObjectHeaders, ObjectInfo } from '../store.ts'
import type { WireHeaders } from './wire/exchange.ts'

type Pair = [name: string, value: string]
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const metadataPrefix = 'x-amz-meta-'
const nonAscii = /[\u0080-\uffff]/

const plainNames = [
  ['contentType', 'content-type'],
  ['contentEncoding', 'content-encoding'],
  ['contentDisposition', 'content-disposition'],
  ['contentLanguage', 'content-language'],
  ['cacheControl', 'cache-control'],
  ['expires', 'expires'],
  ['websiteRedirect', 'x-amz-website-redirect-location'],
  ['storageClass', 'x-amz-storage-class'],
  ['sse', 'x-amz-server-side-encryption'],
  ['sseKmsKeyId', 'x-amz-server-side-encryption-aws-kms-key-id'],
  ['objectLockMode', 'x-amz-object-lock-mode'],
  ['objectLockRetainUntil', 'x-amz-object-lock-retain-until-date'],
  ['objectLockLegalHold', 'x-amz-object-lock-legal-hold'],
] as const satisfies readonly (readonly [keyof ObjectHeaders, string])[]
const fieldOf: ReadonlyMap<string, keyof ObjectHeaders> = new Map(plainNames.map(([field, name]) => [name, field]))
const sseBucketKeyName = 'x-amz-server-side-encryption-bucket-key-enabled'

const checksumNames = (['crc32', 'sha256', 'sha1', 'crc32c', 'crc64nvme'] as const).map(
  (algorithm) => [algorithm, `x-amz-checksum-${algorithm}`] as const,
)

/** The headers that store `headers` with an object. */
export function headerPairs(headers: ObjectHeaders): Pair[] {
  const pairs: Pair[] = []
  for (const [field, name] of plainNames) {
    const value = headers[field]
    if (value !== undefined) pairs.push([name, toWire(value)])
  }
  if (headers.sseBucketKey !== undefined) pairs.push([sseBucketKeyName, String(headers.sseBucketKey)])
  for (const [name, value] of Object.entries(headers.metadata))
    pairs.push([metadataPrefix + name.toLowerCase(), toWire(value)])
  return pairs
}

/** What the reply of HEAD or GET shows of an object, but its size. */
export function objectInfo(key: string, headers: WireHeaders, size: number, date: number): ObjectInfo {
  const info: Mutable<ObjectInfo> = {
    key,
    size,
    etag: bareEtag(headers.get('etag') ?? ''),
    lastModified: httpDate(headers.get('last-modified')),
    headers: objectHeaders(headers),
    date,
  }
  const tagCount = headers.get('x-amz-tagging-count')
  if (tagCount !== undefined && Number(tagCount) > 0) info.tagCount = Number(tagCount)
  const checksum = objectChecksum(headers)
  if (checksum) info.checksum = checksum
  return info
}

/** The checksum a reply carries. `x-…-N` and COMPOSITE ones are not of the object's bytes. */
export function objectChecksum(headers: WireHeaders): ObjectChecksum | undefined {
  for (const [algorithm, name] of checksumNames) {
    const value = headers.get(name)
    if (value === undefined) continue
    const composite = headers.get('x-amz-checksum-type') === 'COMPOSITE' || value.includes('-')
    return { algorithm, value, type: composite ? 'composite' : 'full-object' }
  }
  return undefined
}

export function bareEtag(etag: string): string {
  return etag.startsWith('"') && etag.endsWith('"') ? etag.slice(1, -1) : etag
}

export function quotedEtag(etag: string): string {
  return `"${etag}"`
}

function objectHeaders(headers: WireHeaders): ObjectHeaders {
  const read: Record<string, unknown> = {}
  const metadata: Record<string, string> = {}
  for (const [name, value] of headers) {
    const field = fieldOf.get(name)
    if (field !== undefined) read[field] = fromWire(value)
    else if (name.startsWith(metadataPrefix)) metadata[name.slice(metadataPrefix.length)] = fromWire(value)
    else if (name === sseBucketKeyName) read['sseBucketKey'] = value === 'true'
  }
  read['metadata'] = metadata
  return read as unknown as ObjectHeaders
}

let lastDate = ''
let lastDateMs = 0

/** Epoch milliseconds of an HTTP date; NaN when there is none. */
function httpDate(text: string | undefined): number {
  if (text === undefined) return Number.NaN
  if (text !== lastDate) {
    lastDateMs = Date.parse(text)
    lastDate = text
  }
  return lastDateMs
}

function toWire(value: string): string {
  return nonAscii.test(value) ? Buffer.from(value, 'utf8').toString('latin1') : value
}

/** Bytes that are no UTF-8 are shown as latin1. */
function fromWire(value: string): string {
  if (!nonAscii.test(value)) return value
  const text = Buffer.from(value, 'latin1').toString('utf8')
  return text.includes('\ufffd') ? value : text
}
