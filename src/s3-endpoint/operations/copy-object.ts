// CopyObject: within one store as the store's own copy, between two as a read and a conditional put.

import type { CopyReply, ObjectHeaders } from '../../store/store.ts'
import type { BucketCall, Reply } from '../call.ts'
import { writeCondition } from '../conditions.ts'
import { S3Error } from '../errors.ts'
import { readObjectHeaders, readPlacementHeaders, readTags } from '../object-headers.ts'
import { element, etagElement, isoTime, resultDocument, type Xml } from '../xml/write.ts'
import { findCopySource, sourceBody, type CopySource } from './copy-source.ts'

export async function copyObject(call: BucketCall): Promise<Reply> {
  const { headers, store, target } = call
  const limits = call.limitsOf(store)
  const condition = writeCondition(headers)
  const replacing = directive(call, 'x-amz-metadata-directive') === 'REPLACE'
  const placement = readPlacementHeaders(headers, limits)
  const placed = !replacing && Object.keys(placement).length > 0
  const tags = directive(call, 'x-amz-tagging-directive') === 'REPLACE' ? (readTags(headers) ?? '') : undefined
  const source = await findCopySource(call, placed)
  let kept: ObjectHeaders | undefined
  if (replacing) kept = readObjectHeaders(headers, limits)
  else if (placed && source.info) kept = { ...source.info.headers, ...placement }
  const options = { ...condition, headers: kept, tags }
  const reply =
    source.store === store
      ? await store.copy(source.key, target.key, { ...options, sourceIfMatch: source.ifMatch })
      : await copyAcross(call, source, options)
  const xml = resultDocument('CopyObjectResult', [
    element('LastModified', isoTime(reply.lastModified)),
    etagElement(reply.etag),
    ...checksumElements(reply.checksum),
  ])
  return { status: 200, body: { xml } }
}

/** Elements of a checksum, as copies and completions carry them. */
export function checksumElements(checksum: CopyReply['checksum']): readonly Xml[] {
  if (!checksum) return []
  return [
    element(`Checksum${checksum.algorithm.toUpperCase()}`, checksum.value),
    element('ChecksumType', checksum.type === 'composite' ? 'COMPOSITE' : 'FULL_OBJECT'),
  ]
}

interface CopyChanges {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: '*' | undefined
  readonly headers: ObjectHeaders | undefined
  readonly tags: string | undefined
}

async function copyAcross(call: BucketCall, source: CopySource, changes: CopyChanges): Promise<CopyReply> {
  const { store, target } = call
  const info = source.info ?? (await source.store.head(source.key))
  if (info.size > call.limitsOf(store).copyBytesMax) throw new S3Error('EntityTooLarge')
  const tags = changes.tags ?? (info.tagCount ? await source.store.getTags(source.key) : undefined)
  const put = await store.put(target.key, sourceBody(source, info), {
    ...changes,
    headers: changes.headers ?? info.headers,
    tags,
  })
  return { ...put, lastModified: put.date }
}

function directive(call: BucketCall, name: string): 'COPY' | 'REPLACE' {
  const value = call.headers.get(name) ?? 'COPY'
  if (value !== 'COPY' && value !== 'REPLACE') throw new S3Error('InvalidArgument', { message: `Unknown ${name}.` })
  return value
}
