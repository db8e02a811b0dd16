// Multipart uploads. Where the bucket keeps checksums an upload is created with a CRC-32 over the whole object, which the
// service joins from those of the parts, so that a large object can be verified as one.

import { StoreError } from '../../base/errors.ts'
import { utf8 } from '../../base/bytes.ts'
import type {
  Body,
  CallOptions,
  CompleteOptions,
  PartCopyOptions,
  PartOptions,
  UploadCreateOptions,
  UploadedPart,
  WriteReply,
} from '../store.ts'
import type { S3Request } from './channel.ts'
import { completeDocument, readCompleted, readCopyResult, readUploadId } from './documents.ts'
import { bareEtag, objectChecksum, quotedEtag } from './object-headers.ts'
import { readable } from './reads.ts'
import {
  conditionHeaders,
  copySource,
  crc32Of,
  lostReply,
  storedHeaders,
  type Pairs,
  type WriteContext,
} from './writes.ts'
import { xmlBytesMax } from './wire/xml.ts'

export interface UploadContext extends WriteContext {
  /** Whether uploads are created with checksums. Turned off for good by a service that refuses them. */
  partChecksums: boolean
  /** Uploads created without although others have them: a probe's few. */
  readonly plainUploads: Set<string>
}

export async function createUpload(context: UploadContext, key: string, options: UploadCreateOptions): Promise<string> {
  const { channel } = context
  const { signal } = options
  const sums: Pairs = [
    ['x-amz-checksum-algorithm', 'CRC32'],
    ['x-amz-checksum-type', 'FULL_OBJECT'],
  ]
  const stored = storedHeaders(options.headers, options.tags)
  const summed = context.partChecksums && options.checksums !== false
  const headers = summed ? [...stored, ...sums] : stored
  const request: S3Request = {
    operation: 'createUpload',
    method: 'POST',
    key,
    query: [['uploads', '']],
    headers,
    replyBytesMax: xmlBytesMax,
    idempotent: false,
    signal,
  }
  let reply
  try {
    reply = await channel.send(request)
  } catch (error) {
    const refused = summed && error instanceof StoreError && (error.kind === 'invalid' || error.kind === 'unsupported')
    if (!refused) throw error
    reply = await channel.send({ ...request, headers: stored })
    context.partChecksums = false
  }
  const document = channel.document(request, reply, 'InitiateMultipartUploadResult')
  const uploadId = readable(request, () => readUploadId(document))
  if (options.checksums === false) context.plainUploads.add(uploadId)
  return uploadId
}

export async function uploadPart(
  context: UploadContext,
  key: string,
  uploadId: string,
  partNumber: number,
  body: Body,
  options: PartOptions,
): Promise<UploadedPart> {
  const { channel, partChecksums, plainUploads } = context
  const { signal } = options
  const sum = partChecksums && !plainUploads.has(uploadId) ? (options.crc32 ?? crc32Of(body)) : undefined
  const headers: Pairs = sum === undefined ? [] : [['x-amz-checksum-crc32', sum]]
  const query = partQuery(uploadId, partNumber)
  const request: S3Request = {
    operation: 'uploadPart',
    method: 'PUT',
    key,
    query,
    headers,
    body,
    unsigned: true,
    replyBytesMax: xmlBytesMax,
    idempotent: true,
    signal,
  }
  const reply = await channel.send(request)
  const etag = reply.headers.get('etag')
  if (!etag) throw lostReply(request, 'the reply has no ETag')
  const recorded = objectChecksum(reply.headers)
  if (sum !== undefined && recorded?.algorithm === 'crc32' && recorded.value !== sum) {
    throw new StoreError({
      kind: 'corrupt',
      operation: 'uploadPart',
      key,
      message: 'the store recorded other bytes',
      ambiguous: true,
    })
  }
  return { partNumber, etag: bareEtag(etag), ...(sum === undefined ? {} : { crc32: sum }) }
}

export async function copyPart(
  context: UploadContext,
  key: string,
  uploadId: string,
  partNumber: number,
  sourceKey: string,
  options: PartCopyOptions,
): Promise<UploadedPart> {
  const { channel } = context
  const { range, signal, sourceIfMatch } = options
  const headers: Pairs = [['x-amz-copy-source', copySource(context, sourceKey)]]
  if (range) headers.push(['x-amz-copy-source-range', `bytes=${range.offset}-${range.offset + range.length - 1}`])
  if (sourceIfMatch !== undefined) headers.push(['x-amz-copy-source-if-match', quotedEtag(sourceIfMatch)])
  const query = partQuery(uploadId, partNumber)
  const request: S3Request = {
    operation: 'copyPart',
    method: 'PUT',
    key,
    query,
    headers,
    replyBytesMax: xmlBytesMax,
    slow: true,
    idempotent: true,
    signal,
  }
  const reply = await channel.send(request)
  const document = channel.document(request, reply, 'CopyPartResult')
  const { etag, crc32 } = readable(request, () => readCopyResult(document))
  return { partNumber, etag, ...(crc32 === undefined ? {} : { crc32 }) }
}

export async function completeUpload(
  context: UploadContext,
  key: string,
  uploadId: string,
  parts: readonly UploadedPart[],
  options: CompleteOptions,
): Promise<WriteReply> {
  const { channel } = context
  const { signal, size } = options
  const body = utf8(completeDocument(parts, context.partChecksums))
  const headers: Pairs = [['content-type', 'application/xml'], ...conditionHeaders(options)]
  if (size !== undefined) headers.push(['x-amz-mp-object-size', String(size)])
  const query: Pairs = [['uploadId', uploadId]]
  const request: S3Request = {
    operation: 'completeUpload',
    method: 'POST',
    key,
    query,
    headers,
    body,
    replyBytesMax: xmlBytesMax,
    slow: true,
    idempotent: false,
    signal,
  }
  const reply = await channel.send(request)
  const document = channel.document(request, reply, 'CompleteMultipartUploadResult')
  const { checksumType, crc32, etag } = readable(request, () => readCompleted(document))
  const done = { etag, date: channel.dateOf(reply) }
  if (crc32 === undefined) return done
  const type = checksumType === 'FULL_OBJECT' && !crc32.includes('-') ? 'full-object' : 'composite'
  return { ...done, checksum: { algorithm: 'crc32', value: crc32, type } }
}

export async function abortUpload(
  { channel }: UploadContext,
  key: string,
  uploadId: string,
  { signal }: CallOptions,
): Promise<void> {
  const query: Pairs = [['uploadId', uploadId]]
  const request: S3Request = {
    operation: 'abortUpload',
    method: 'DELETE',
    key,
    query,
    replyBytesMax: xmlBytesMax,
    idempotent: true,
    signal,
  }
  try {
    await channel.send(request)
  } catch (error) {
    if (!(error instanceof StoreError && error.kind === 'not-found')) throw error
  }
}

function partQuery(uploadId: string, partNumber: number): Pairs {
  return [
    ['partNumber', String(partNumber)],
    ['uploadId', uploadId],
  ]
}
