// PutObject.

import type { BucketCall, Reply, ReplyHeaders } from '../call.ts'
import type { Payload } from '../body/payload.ts'
import type { WriteReply } from '../../store/store.ts'
import { writeCondition } from '../conditions.ts'
import { S3Error } from '../errors.ts'
import { readObjectHeaders, readTags, replyChecksum } from '../object-headers.ts'

export async function putObject(call: BucketCall): Promise<Reply> {
  const { store, target, headers, payload } = call
  const limits = call.limitsOf(store)
  if (headers.has('x-amz-write-offset-bytes')) {
    throw new S3Error('NotImplemented', { message: 'Appending to an object is not supported.' })
  }
  checkBodySize(payload, limits.putBytesMax)
  const condition = writeCondition(headers)
  const kept = readObjectHeaders(headers, limits)
  const tags = readTags(headers)
  const body = await payload.toBody()
  const reply = await store.put(target.key, body, { ...condition, headers: kept, tags, crc32: payload.crc32 })
  return { status: 200, headers: { etag: `"${reply.etag}"`, ...writtenChecksum(payload, reply) } }
}

/** Refuses before a byte is read. */
export function checkBodySize(payload: Payload, bytesMax: number): void {
  const { size } = payload
  if (size <= bytesMax) return
  const fields = { ProposedSize: String(size), MaxSizeAllowed: String(bytesMax) }
  throw new S3Error('EntityTooLarge', { fields })
}

/** The checksum the sender used, which the body was held to; else the one the store recorded. */
export function writtenChecksum(payload: Payload, reply: Pick<WriteReply, 'checksum'>): ReplyHeaders {
  const { checksum } = payload
  return replyChecksum(checksum ? { ...checksum, type: 'full-object' } : reply.checksum)
}
