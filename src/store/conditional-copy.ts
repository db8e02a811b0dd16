// A conditional copy on a store whose COPY lacks the condition: a small object moves by GET and conditional PUT, a
// large one by UploadPartCopy and conditional Complete. Both keep headers and tags, and both are safe.

import { MiB } from '../base/bytes.ts'
import type { CopyOptions, CopyReply, ObjectInfo, ObjectStore, UploadedPart } from './store.ts'

/** Past this a download and an upload cost more than the requests of a part-wise copy. */
export const movedBytesMax: number = 8 * MiB
const copyPartBytes = 1024 * MiB

export async function copyByPut(
  store: ObjectStore,
  sourceKey: string,
  key: string,
  options: CopyOptions,
): Promise<CopyReply> {
  const { signal, priority, purpose, ifMatch, ifNoneMatch } = options
  const call = { signal, priority, purpose }
  const source = await store.get(sourceKey, { ...call, ifMatch: options.sourceIfMatch })
  const headers = options.headers ?? source.headers
  const tags = await tagsOf(store, source, options)
  const crc32 =
    source.checksum?.algorithm === 'crc32' && source.checksum.type === 'full-object' ? source.checksum.value : undefined
  const put = await store.put(key, source.body, { ...call, ifMatch, ifNoneMatch, headers, tags, crc32 })
  return { ...put, lastModified: put.date }
}

/** `info` is what HEAD showed of the source: the copy is of that version or none. */
export async function copyByParts(
  store: ObjectStore,
  info: ObjectInfo,
  key: string,
  options: CopyOptions,
): Promise<CopyReply> {
  const { signal, priority, purpose, ifMatch, ifNoneMatch } = options
  const call = { signal, priority, purpose }
  const headers = options.headers ?? info.headers
  const uploadId = await store.createUpload(key, { ...call, headers, tags: await tagsOf(store, info, options) })
  try {
    const parts: UploadedPart[] = []
    for (let offset = 0; offset < info.size; offset += copyPartBytes) {
      const range = { offset, length: Math.min(copyPartBytes, info.size - offset) }
      const partOptions = { ...call, range, sourceIfMatch: info.etag }
      parts.push(await store.copyPart(key, uploadId, parts.length + 1, info.key, partOptions))
    }
    await store.completeUpload(key, uploadId, parts, { ...call, ifMatch, ifNoneMatch, size: info.size })
  } catch (error) {
    // The parts are garbage now; failing to say so must not hide why.
    await store.abortUpload(key, uploadId, { priority, purpose }).catch(() => undefined)
    throw error
  }
  // A multipart object is dated by the start of its upload, which no reply tells.
  const { etag, date, lastModified, checksum } = await store.head(key, call)
  return { etag, date, lastModified, checksum }
}

async function tagsOf(store: ObjectStore, source: ObjectInfo, options: CopyOptions): Promise<string | undefined> {
  if (options.tags !== undefined || !source.tagCount) return options.tags
  return store.getTags(source.key, options)
}
