// The headers of an object, between HTTP and the store: one table, read in both directions, so that none is carried one
// way only.

import { utf8 } from '../base/bytes.ts'
import type { ObjectHeaders, ObjectInfo, StoreLimits } from '../store/store.ts'
import type { ReplyHeaders } from './call.ts'
import { S3Error } from './errors.ts'
import type { RequestHeaders } from './request-headers.ts'

type TextHeader = Exclude<keyof ObjectHeaders, 'metadata' | 'sseBucketKey'>

const names: Readonly<Record<TextHeader, string>> = {
  contentType: 'content-type',
  contentEncoding: 'content-encoding',
  contentDisposition: 'content-disposition',
  contentLanguage: 'content-language',
  cacheControl: 'cache-control',
  expires: 'expires',
  websiteRedirect: 'x-amz-website-redirect-location',
  storageClass: 'x-amz-storage-class',
  sse: 'x-amz-server-side-encryption',
  sseKmsKeyId: 'x-amz-server-side-encryption-aws-kms-key-id',
  objectLockMode: 'x-amz-object-lock-mode',
  objectLockRetainUntil: 'x-amz-object-lock-retain-until-date',
  objectLockLegalHold: 'x-amz-object-lock-legal-hold',
}
const placementFields: ReadonlySet<string> = new Set([
  'websiteRedirect',
  'storageClass',
  'sse',
  'sseKmsKeyId',
  'sseBucketKey',
  'objectLockMode',
  'objectLockRetainUntil',
  'objectLockLegalHold',
])
const bucketKeyName = 'x-amz-server-side-encryption-bucket-key-enabled'
const metadataPrefix = 'x-amz-meta-'

/** What a write asks to be kept. */
export function readObjectHeaders(headers: RequestHeaders, limits: StoreLimits): ObjectHeaders {
  if (headers.startingWith('x-amz-server-side-encryption-customer-').length > 0) {
    throw new S3Error('NotImplemented', { message: 'Encryption with keys of the client (SSE-C) is not supported.' })
  }
  const kept: Partial<Record<TextHeader, string>> = {}
  for (const [field, name] of Object.entries(names) as [TextHeader, string][]) {
    const value = field === 'contentEncoding' ? contentEncoding(headers) : headers.get(name)
    if (value !== undefined && value !== '') kept[field] = value
  }
  if (kept.storageClass === 'STANDARD') delete kept.storageClass
  const bucketKey = headers.get(bucketKeyName)
  const sseBucketKey = bucketKey === undefined ? {} : { sseBucketKey: bucketKey === 'true' }
  return { ...kept, ...sseBucketKey, metadata: readMetadata(headers, limits) }
}

/** Headers that a copy sets on the new object even where it keeps the metadata of its source. */
export function readPlacementHeaders(headers: RequestHeaders, limits: StoreLimits): Partial<ObjectHeaders> {
  const entries = Object.entries(readObjectHeaders(headers, limits))
  return Object.fromEntries(entries.filter(([field]) => placementFields.has(field)))
}

/** Tags as the query string of `x-amz-tagging`. */
export function readTags(headers: RequestHeaders): string | undefined {
  return headers.get('x-amz-tagging')
}

/** The headers of a reply about an object, without those of its body. */
export function replyObjectHeaders(info: ObjectInfo): ReplyHeaders {
  const { headers } = info
  const reply: Record<string, string | undefined> = {
    etag: `"${info.etag}"`,
    'last-modified': new Date(info.lastModified).toUTCString(),
    'accept-ranges': 'bytes',
    'content-type': 'binary/octet-stream',
    'x-amz-tagging-count': info.tagCount ? String(info.tagCount) : undefined,
    [bucketKeyName]: headers.sseBucketKey === undefined ? undefined : String(headers.sseBucketKey),
  }
  for (const [field, name] of Object.entries(names) as [TextHeader, string][]) {
    const value = headers[field]
    if (value !== undefined) reply[name] = value
  }
  for (const [name, value] of Object.entries(headers.metadata)) reply[metadataPrefix + name] = value
  return reply
}

/** `x-amz-checksum-*` of a whole object, for those who asked. */
export function replyChecksum(checksum: ObjectInfo['checksum']): ReplyHeaders {
  if (!checksum) return {}
  return {
    [`x-amz-checksum-${checksum.algorithm}`]: checksum.value,
    'x-amz-checksum-type': checksum.type === 'composite' ? 'COMPOSITE' : 'FULL_OBJECT',
  }
}

/** The framing of the transfer is not the object's. */
function contentEncoding(headers: RequestHeaders): string | undefined {
  const kept = headers
    .get('content-encoding')
    ?.split(',')
    .map((token) => token.trim())
    .filter((token) => token !== '' && token.toLowerCase() !== 'aws-chunked')
  return kept && kept.length > 0 ? kept.join(', ') : undefined
}

function readMetadata(headers: RequestHeaders, limits: StoreLimits): Readonly<Record<string, string>> {
  const entries = headers
    .startingWith(metadataPrefix)
    .map(([name, value]) => [name.slice(metadataPrefix.length), value] as const)
    .filter(([name]) => name !== '')
  const size = entries.reduce((sum, [name, value]) => sum + utf8(name).byteLength + utf8(value).byteLength, 0)
  if (size > limits.metadataBytesMax) {
    const fields = { Size: String(size), MaxSizeAllowed: String(limits.metadataBytesMax) }
    throw new S3Error('MetadataTooLarge', { fields })
  }
  return Object.fromEntries(entries)
}
