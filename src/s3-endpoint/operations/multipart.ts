// Multipart uploads: create, complete, abort, list. Parts are in `upload-part.ts`.

import { createHash } from 'node:crypto'
import { crc32, crc32Base64 } from '../../base/bytes.ts'
import { isStoreError } from '../../base/errors.ts'
import type { ObjectChecksum, UploadedPart } from '../../store/store.ts'
import type { BucketCall, Reply } from '../call.ts'
import { unquote, writeCondition } from '../conditions.ts'
import { S3Error } from '../errors.ts'
import { readObjectHeaders, readTags } from '../object-headers.ts'
import { documentBytesMax, parseDocument } from '../xml/parse.ts'
import { element, etagElement, resultDocument } from '../xml/write.ts'
import { checksumElements } from './copy-object.ts'

export async function createUpload(call: BucketCall): Promise<Reply> {
  const { store, target, headers } = call
  const kept = readObjectHeaders(headers, call.limitsOf(store))
  const uploadId = await store.createUpload(target.key, { headers: kept, tags: readTags(headers) })
  const xml = resultDocument('InitiateMultipartUploadResult', [
    element('Bucket', target.bucket),
    element('Key', target.key),
    element('UploadId', uploadId),
  ])
  const algorithm = headers.get('x-amz-checksum-algorithm')
  const type = headers.get('x-amz-checksum-type')
  return { status: 200, headers: { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type }, body: { xml } }
}

export async function completeUpload(call: BucketCall): Promise<Reply> {
  const { store, target, headers } = call
  const condition = writeCondition(headers)
  const size = readSize(headers.get('x-amz-mp-object-size'))
  const uploadId = target.query.get('uploadId') ?? ''
  const parts = readParts(await call.payload.document(documentBytesMax), call.limitsOf(store).partCountMax)
  checkComposite(headers.get('x-amz-checksum-crc32'), parts)
  let reply: { readonly etag: string; readonly checksum?: ObjectChecksum | undefined }
  try {
    reply = await store.completeUpload(target.key, uploadId, parts, { ...condition, size })
  } catch (error) {
    const done = isStoreError(error, 'not-found') ? await completedBefore(call, parts) : undefined
    if (!done) throw error
    reply = done
  }
  const xml = resultDocument('CompleteMultipartUploadResult', [
    element('Location', `http://${headers.get('host') ?? ''}${target.rawPath}`),
    element('Bucket', target.bucket),
    element('Key', target.key),
    etagElement(reply.etag),
    ...checksumElements(reply.checksum),
  ])
  return { status: 200, body: { xml } }
}

export async function abortUpload(call: BucketCall): Promise<Reply> {
  await call.store.abortUpload(call.target.key, call.target.query.get('uploadId') ?? '')
  return { status: 204 }
}

/**
 * A retry after a lost reply finds the upload gone. If the object there now is made of exactly these parts, that upload
 * has been completed, and saying so again is right.
 */
async function completedBefore(
  call: BucketCall,
  parts: readonly UploadedPart[],
): Promise<{ etag: string; checksum: ObjectChecksum | undefined } | undefined> {
  const hash = createHash('md5')
  for (const { etag } of parts) hash.update(etag, 'hex')
  const etag = `${hash.digest('hex')}-${parts.length}`
  try {
    const info = await call.store.head(call.target.key)
    return info.etag === etag ? { etag, checksum: info.checksum } : undefined
  } catch (error) {
    if (isStoreError(error, 'not-found')) return undefined
    throw error
  }
}

function readParts(bytes: Uint8Array, partCountMax: number): readonly UploadedPart[] {
  const parts = parseDocument(bytes, 'CompleteMultipartUpload').all('Part')
  if (parts.length === 0 || parts.length > partCountMax) throw new S3Error('MalformedXML')
  let before = 0
  return parts.map((part) => {
    const number = part.value('PartNumber')?.trim() ?? ''
    const etag = part.value('ETag')
    if (!/^\d{1,6}$/.test(number) || etag === undefined) throw new S3Error('MalformedXML')
    if (Number(number) <= before) throw new S3Error('InvalidPartOrder')
    before = Number(number)
    return { partNumber: Number(number), etag: unquote(etag), crc32: part.value('ChecksumCRC32') }
  })
}

/**
 * A composite CRC-32 of the object, made of those of its parts, which the store checks. A checksum of another kind cannot
 * be known before the object is there; the parts have each been held to theirs.
 */
function checkComposite(given: string | undefined, parts: readonly UploadedPart[]): void {
  if (!given?.includes('-') || parts.some((part) => part.crc32 === undefined)) return
  const all = Buffer.concat(parts.map((part) => Buffer.from(part.crc32 ?? '', 'base64')))
  if (`${crc32Base64(crc32(all))}-${parts.length}` !== given) throw new S3Error('BadDigest')
}

function readSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text))
    throw new S3Error('InvalidArgument', { message: 'x-amz-mp-object-size must be a size in bytes.' })
  return Number(text)
}
