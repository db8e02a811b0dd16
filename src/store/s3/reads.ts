// HEAD, GET, LIST and tags. No byte is handed out that contradicts what the reply says of it.

import { StoreError } from '../../base/errors.ts'
import type { CallOptions, GetOptions, GetReply, ListOptions, ListReply, ObjectInfo } from '../store.ts'
import type { Channel, S3Request } from './channel.ts'
import { readListPage, readTags } from './documents.ts'
import { objectInfo, quotedEtag } from './object-headers.ts'
import { unreadable } from './refusal.ts'
import { verifyWhole } from './verify.ts'
import type { WireReply } from './wire/exchange.ts'
import { xmlBytesMax, XmlError, type XmlElement } from './wire/xml.ts'

/** Node's longest buffer; whoever reads more asks for ranges. */
const getBytesMax = 2 ** 32 - 1
const checksumMode = ['x-amz-checksum-mode', 'ENABLED'] as const

export async function head(channel: Channel, key: string, { signal }: CallOptions): Promise<ObjectInfo> {
  const request: S3Request = {
    operation: 'head',
    method: 'HEAD',
    key,
    headers: [checksumMode],
    replyBytesMax: Number.MAX_SAFE_INTEGER,
    idempotent: true,
    signal,
  }
  const reply = await channel.send(request)
  return infoOf(channel, request, reply, sizeOf(request, reply.headers.get('content-length')))
}

export async function get(channel: Channel, key: string, options: GetOptions, md5Etags: boolean): Promise<GetReply> {
  const { ifMatch, ifNoneMatch, range, signal } = options
  const headers: [string, string][] = []
  if (range) headers.push(['range', `bytes=${range.offset}-${range.offset + range.length - 1}`])
  // A checksum of the whole says nothing about a range.
  else headers.push([...checksumMode])
  if (ifMatch !== undefined) headers.push(['if-match', quotedEtag(ifMatch)])
  if (ifNoneMatch !== undefined) headers.push(['if-none-match', quotedEtag(ifNoneMatch)])
  const request: S3Request = {
    operation: 'get',
    method: 'GET',
    key,
    headers,
    replyBytesMax: range?.length ?? getBytesMax,
    idempotent: true,
    signal,
  }
  const reply = await channel.send(request)
  const { body } = reply
  if (!reply.headers.has('content-length') && !reply.headers.has('transfer-encoding')) {
    throw corrupt(request, 'the reply does not say how long it is')
  }
  const { offset, size } = placeOf(request, reply, range?.offset ?? 0)
  const info = infoOf(channel, request, reply, size)
  if (ifMatch !== undefined && info.etag !== ifMatch)
    throw corrupt(request, `asked for ETag ${ifMatch}, got ${info.etag}`)
  if (body.byteLength !== (range ? Math.min(range.length, size - offset) : size)) {
    throw corrupt(request, `${body.byteLength} bytes at ${offset} of ${size} are not what was asked for`)
  }
  if (body.byteLength === size && verifyWhole(info, body, md5Etags) === 'wrong') {
    throw corrupt(request, 'the bytes do not match their checksum')
  }
  return { ...info, body, offset }
}

export async function list(channel: Channel, options: ListOptions): Promise<ListReply> {
  const { delimiter, maxKeys, prefix, signal, startAfter, token } = options
  const query: [string, string][] = [
    ['list-type', '2'],
    ['encoding-type', 'url'],
  ]
  if (token !== undefined) query.push(['continuation-token', token])
  if (delimiter) query.push(['delimiter', delimiter])
  if (maxKeys !== undefined) query.push(['max-keys', String(maxKeys)])
  if (prefix) query.push(['prefix', prefix])
  if (startAfter) query.push(['start-after', startAfter])
  const request: S3Request = {
    operation: 'list',
    method: 'GET',
    query,
    replyBytesMax: xmlBytesMax,
    idempotent: true,
    signal,
  }
  const reply = await channel.send(request)
  const document = channel.document(request, reply, 'ListBucketResult')
  return readable(request, () => readListPage(document, options, channel.dateOf(reply)))
}

export async function getTags(channel: Channel, key: string, { signal }: CallOptions): Promise<string> {
  const request: S3Request = {
    operation: 'getTags',
    method: 'GET',
    key,
    query: [['tagging', '']],
    replyBytesMax: xmlBytesMax,
    idempotent: true,
    signal,
  }
  const reply = await channel.send(request)
  const document: XmlElement = channel.document(request, reply, 'Tagging')
  return readable(request, () => readTags(document))
}

/** What `read` takes from a document; one it cannot read has failed as the document itself would have. */
export function readable<T>(request: S3Request, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof XmlError) throw unreadable(request, error.message, error)
    throw error
  }
}

function infoOf(channel: Channel, request: S3Request, reply: WireReply, size: number): ObjectInfo {
  const info = objectInfo(request.key as string, reply.headers, size, channel.dateOf(reply))
  if (info.etag === '' || Number.isNaN(info.lastModified)) throw corrupt(request, 'the reply has no ETag or no date')
  return info
}

/** Where the body lies in the object, by Content-Range, which must answer what was asked. */
function placeOf(
  request: S3Request,
  { body, headers, status }: WireReply,
  asked: number,
): { offset: number; size: number } {
  const header = headers.get('content-range')
  if (status !== 206) {
    // A whole object is an answer to a range only if the range began at its first byte.
    if (asked > 0) throw corrupt(request, 'a range was asked for and ignored')
    return { offset: 0, size: body.byteLength }
  }
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(header ?? '')
  const [first, last, size] = match ? [Number(match[1]), Number(match[2]), Number(match[3])] : [-1, -1, -1]
  if (first !== asked || last - first + 1 !== body.byteLength) throw corrupt(request, `Content-Range is ${header}`)
  return { offset: first, size }
}

function sizeOf(request: S3Request, header: string | undefined): number {
  if (header === undefined || !/^\d{1,15}$/.test(header)) throw corrupt(request, 'the reply has no Content-Length')
  return Number(header)
}

function corrupt({ key, operation }: S3Request, message: string): StoreError {
  return new StoreError({ kind: 'corrupt', operation, key, message })
}
