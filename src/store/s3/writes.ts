// PUT, COPY, DELETE and DeleteObjects, each with its conditions.

import { createHash } from 'node:crypto'
import { crc32, crc32Base64, utf8 } from '../../base/bytes.ts'
import { StoreError } from '../../base/errors.ts'
import { bodyInHand } from '../body.ts'
import type {
  Body,
  CallOptions,
  CopyOptions,
  CopyReply,
  DeleteEntry,
  DeleteFailure,
  DeleteOptions,
  ObjectHeaders,
  PutOptions,
  WriteCondition,
  WriteReply,
} from '../store.ts'
import type { Channel, S3Request } from './channel.ts'
import { deleteDocument, readCopyResult, readDeleteResult } from './documents.ts'
import { s3Error } from './error-kinds.ts'
import { bareEtag, headerPairs, objectChecksum, quotedEtag } from './object-headers.ts'
import { readable } from './reads.ts'
import { encodePath, encodeRfc3986 } from './wire/canonical.ts'
import { isXmlText, xmlBytesMax } from './wire/xml.ts'

export type Pairs = [name: string, value: string][]

/** What a call depends on beside its own options. */
export interface WriteContext {
  readonly channel: Channel
  readonly bucket: string
  /** Cloudflare R2 has conditions of its own on the destination of a copy. */
  readonly r2: boolean
}

const crc32Header = 'x-amz-checksum-crc32'

export async function put(
  { channel }: WriteContext,
  key: string,
  body: Body,
  options: PutOptions,
): Promise<WriteReply> {
  const sum = options.crc32 ?? crc32Of(body)
  const headers: Pairs = [...storedHeaders(options.headers, options.tags), ...conditionHeaders(options)]
  if (sum !== undefined) headers.push([crc32Header, sum])
  const { signal } = options
  const request: S3Request = {
    operation: 'put',
    method: 'PUT',
    key,
    headers,
    body,
    unsigned: true,
    replyBytesMax: xmlBytesMax,
    idempotent: isUnconditional(options),
    signal,
  }
  const reply = await channel.send(request)
  const etag = reply.headers.get('etag')
  if (!etag) throw lostReply(request, 'the reply has no ETag')
  const checksum = objectChecksum(reply.headers)
  if (sum !== undefined && checksum?.algorithm === 'crc32' && checksum.value !== sum) {
    throw new StoreError({
      kind: 'corrupt',
      operation: 'put',
      key,
      message: 'the store recorded other bytes',
      ambiguous: true,
    })
  }
  return { etag: bareEtag(etag), date: channel.dateOf(reply), ...(checksum ? { checksum } : {}) }
}

/**
 * Without `headers` S3 copies metadata and tags, but gives the copy the STANDARD class and the bucket's own encryption:
 * callers that must keep those pass the headers they know.
 */
export async function copy(
  context: WriteContext,
  sourceKey: string,
  key: string,
  options: CopyOptions,
): Promise<CopyReply> {
  const { channel } = context
  const headers: Pairs = [['x-amz-copy-source', copySource(context, sourceKey)]]
  if (options.sourceIfMatch !== undefined)
    headers.push(['x-amz-copy-source-if-match', quotedEtag(options.sourceIfMatch)])
  if (options.headers) headers.push(['x-amz-metadata-directive', 'REPLACE'], ...headerPairs(options.headers))
  if (options.tags !== undefined) headers.push(['x-amz-tagging-directive', 'REPLACE'], ['x-amz-tagging', options.tags])
  headers.push(...conditionHeaders(options, context.r2 ? 'cf-copy-destination-' : ''))
  const { signal } = options
  const request: S3Request = {
    operation: 'copy',
    method: 'PUT',
    key,
    headers,
    replyBytesMax: xmlBytesMax,
    slow: true,
    idempotent: isUnconditional(options),
    signal,
  }
  const reply = await channel.send(request)
  const document = channel.document(request, reply, 'CopyObjectResult')
  const { etag, lastModified } = readable(request, () => readCopyResult(document))
  return { etag, lastModified, date: channel.dateOf(reply) }
}

export async function remove({ channel }: WriteContext, key: string, options: DeleteOptions): Promise<void> {
  const { ifMatch, signal } = options
  const headers: Pairs = ifMatch === undefined ? [] : [['if-match', quotedEtag(ifMatch)]]
  const request: S3Request = {
    operation: 'delete',
    method: 'DELETE',
    key,
    headers,
    replyBytesMax: xmlBytesMax,
    idempotent: ifMatch === undefined,
    signal,
  }
  try {
    await channel.send(request)
  } catch (error) {
    // Absent is what an unconditional delete wants.
    if (ifMatch === undefined && error instanceof StoreError && error.kind === 'not-found') return
    throw error
  }
}

export async function removeMany(
  context: WriteContext,
  entries: readonly DeleteEntry[],
  options: CallOptions,
): Promise<readonly DeleteFailure[]> {
  const failures: DeleteFailure[] = []
  const named = entries.filter(({ key }) => isXmlText(key))
  if (named.length > 0) failures.push(...(await removeNamed(context, named, options)))
  // Keys that XML cannot hold go one by one.
  for (const { key, ifMatch } of entries) {
    if (isXmlText(key)) continue
    try {
      await remove(context, key, { ...options, ifMatch })
    } catch (error) {
      failures.push({ key, error: error as Error })
    }
  }
  return failures
}

async function removeNamed(
  { channel }: WriteContext,
  entries: readonly DeleteEntry[],
  { signal }: CallOptions,
): Promise<readonly DeleteFailure[]> {
  const body = utf8(deleteDocument(entries))
  // AWS wants one of the two; other servers know one or the other.
  const headers: Pairs = [
    ['content-md5', createHash('md5').update(body).digest('base64')],
    ['content-type', 'application/xml'],
    [crc32Header, crc32Base64(crc32(body))],
  ]
  const idempotent = entries.every(({ ifMatch }) => ifMatch === undefined)
  const request: S3Request = {
    operation: 'deleteMany',
    method: 'POST',
    query: [['delete', '']],
    headers,
    body,
    replyBytesMax: xmlBytesMax,
    slow: true,
    idempotent,
    signal,
  }
  const reply = await channel.send(request)
  const document = channel.document(request, reply, 'DeleteResult')
  const refused = readable(request, () => readDeleteResult(document))
  const conditional = new Set(entries.flatMap(({ key, ifMatch }) => (ifMatch === undefined ? [] : [key])))
  return refused.flatMap(({ key, code, message }) => {
    if (code === 'NoSuchKey' && !conditional.has(key)) return []
    const status = code === 'PreconditionFailed' ? 412 : 400
    return [{ key, error: s3Error({ operation: 'deleteMany', key, status, code, message, mutating: true }) }]
  })
}

/** Headers kept with an object, and its tags. */
export function storedHeaders(headers: ObjectHeaders, tags: string | undefined): Pairs {
  const pairs: Pairs = headerPairs(headers)
  if (tags !== undefined && tags !== '') pairs.push(['x-amz-tagging', tags])
  return pairs
}

export function conditionHeaders({ ifMatch, ifNoneMatch }: WriteCondition, prefix = ''): Pairs {
  const pairs: Pairs = []
  if (ifMatch !== undefined) pairs.push([`${prefix}if-match`, quotedEtag(ifMatch)])
  if (ifNoneMatch !== undefined) pairs.push([`${prefix}if-none-match`, ifNoneMatch])
  return pairs
}

function isUnconditional({ ifMatch, ifNoneMatch }: WriteCondition): boolean {
  return ifMatch === undefined && ifNoneMatch === undefined
}

export function copySource({ bucket }: WriteContext, key: string): string {
  return `${encodeRfc3986(bucket)}/${encodePath(key)}`
}

/** Of bytes in hand; a stream's must come with it. */
export function crc32Of(body: Body): string | undefined {
  const pieces = bodyInHand(body)
  if (!pieces) return undefined
  let crc = 0
  for (const piece of pieces) crc = crc32(piece, crc)
  return crc32Base64(crc)
}

export function lostReply({ key, operation }: S3Request, message: string): StoreError {
  return new StoreError({ kind: 'unavailable', operation, key, message, ambiguous: true })
}
