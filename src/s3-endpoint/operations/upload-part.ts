// UploadPart and UploadPartCopy.

import { isStoreError } from '../../base/errors.ts'
import type { ByteRange } from '../../store/store.ts'
import type { BucketCall, Reply } from '../call.ts'
import { S3Error } from '../errors.ts'
import { replyChecksum } from '../object-headers.ts'
import { etagElement, element, isoTime, resultDocument } from '../xml/write.ts'
import { wallMs } from '../../base/clock.ts'
import { findCopySource, sourceBody } from './copy-source.ts'
import { checkBodySize, writtenChecksum } from './put-object.ts'

export async function uploadPart(call: BucketCall): Promise<Reply> {
  const { store, target, payload } = call
  const { uploadId, partNumber } = readPart(call)
  checkBodySize(payload, call.limitsOf(store).partBytesMax)
  const body = await payload.toBody()
  const part = await store.uploadPart(target.key, uploadId, partNumber, body, { crc32: payload.crc32 })
  const recorded =
    part.crc32 === undefined ? undefined : ({ algorithm: 'crc32', value: part.crc32, type: 'full-object' } as const)
  const { 'x-amz-checksum-type': _type, ...checksum } = payload.checksum
    ? writtenChecksum(payload, {})
    : replyChecksum(recorded)
  return { status: 200, headers: { etag: `"${part.etag}"`, ...checksum } }
}

export async function uploadPartCopy(call: BucketCall): Promise<Reply> {
  const { store, target } = call
  const { uploadId, partNumber } = readPart(call)
  const range = readCopyRange(call)
  const source = await findCopySource(call, false)
  let part
  try {
    if (source.store === store) {
      part = await store.copyPart(target.key, uploadId, partNumber, source.key, {
        range,
        sourceIfMatch: source.ifMatch,
      })
    } else {
      const info = source.info ?? (await source.store.head(source.key))
      const { offset, length } = range ?? { offset: 0, length: info.size }
      if (offset + length > info.size) throw outside(call)
      if (length > call.limitsOf(store).partBytesMax) throw new S3Error('EntityTooLarge')
      part = await store.uploadPart(target.key, uploadId, partNumber, sourceBody(source, info, offset, length))
    }
  } catch (error) {
    // S3 says InvalidArgument or InvalidRequest, not 416, for a copied range outside the source.
    throw isStoreError(error, 'range') ? outside(call) : error
  }
  const xml = resultDocument('CopyPartResult', [
    element('LastModified', isoTime(Math.floor(wallMs(call.clock) / 1000) * 1000)),
    etagElement(part.etag),
    part.crc32 === undefined ? undefined : element('ChecksumCRC32', part.crc32),
  ])
  return { status: 200, body: { xml } }
}

function readPart(call: BucketCall): { uploadId: string; partNumber: number } {
  const { query } = call.target
  const text = query.get('partNumber') ?? ''
  const { partCountMax } = call.limitsOf(call.store)
  const partNumber = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (partNumber < 1 || partNumber > partCountMax) {
    const fields = { ArgumentName: 'partNumber', ArgumentValue: text }
    throw new S3Error('InvalidArgument', {
      message: `Part number must be an integer between 1 and ${partCountMax}, inclusive`,
      fields,
    })
  }
  return { uploadId: query.get('uploadId') ?? '', partNumber }
}

function readCopyRange(call: BucketCall): ByteRange | undefined {
  const header = call.headers.get('x-amz-copy-source-range')
  if (header === undefined) return undefined
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header) ?? []
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    throw new S3Error('InvalidArgument', {
      message: 'The x-amz-copy-source-range value must be of the form bytes=first-last',
    })
  }
  return { offset: Number(first), length: Number(last) - Number(first) + 1 }
}

function outside(call: BucketCall): S3Error {
  const range = call.headers.get('x-amz-copy-source-range') ?? ''
  return new S3Error('InvalidArgument', { message: `Range specified is not valid for source object: ${range}` })
}
