// An S3 bucket as an ObjectStore. Read `channel.ts` next: every lean request goes through it.
//
// Two halves. The lean one signs and sends by itself over node:http, at a tenth of the SDK's cost, and has everything a
// file system does often (`reads.ts`, `writes.ts`, `uploads.ts`). The other is `@aws-sdk/client-s3`, loaded when first
// used (`sdk-half.ts`). Nothing is retried here but what the service itself corrects and the keep-alive race of an
// idempotent call; nothing is believed that was not checked against its length, range and checksum.
//
// What a bucket can do is not assumed: `capabilities` deny everything until a probe (`../probe/probe.ts`) or a cached
// result of one is adopted.

import { StoreError } from '../../base/errors.ts'
import { bodySize } from '../body.ts'
import { checkHeaders, checkKey, refusal } from '../local/refuse.ts'
import {
  deleteManyMax, noCapabilities, s3Limits, type CallOptions, type ObjectHeaders, type ObjectStore, type StoreCapabilities,
} from '../store.ts'
import type { Operation } from '../wrap.ts'
import { Channel } from './channel.ts'
import { isR2, isRacy } from './known-servers.ts'
import type { S3StoreOptions } from './options.ts'
import { get, getTags, head, list } from './reads.ts'
import { SdkHalf } from './sdk-half.ts'
import { abortUpload, completeUpload, copyPart, createUpload, uploadPart, type UploadContext } from './uploads.ts'
import { copy, put, remove, removeMany } from './writes.ts'

export interface S3Store extends ObjectStore {
  /** Takes over what a probe found; from then on `capabilities` say so. */
  adopt(capabilities: StoreCapabilities): void
}

/** No request is made. Refuses buckets that do not list in key order, which no directory tree can be read from. */
export function createS3Store(options: S3StoreOptions): S3Store {
  checkBucket(options.bucket)
  const channel = new Channel(options)
  const sdk = new SdkHalf(channel, options)
  const limits = { ...s3Limits, ...options.limits }
  const r2 = isR2(options.endpoint)
  let capabilities: StoreCapabilities = { ...(options.capabilities ?? noCapabilities), limits }
  // Uploads ask for checksums until it is known that they should not: the probe must see what comes of it.
  const context: UploadContext = { channel, bucket: options.bucket, r2, partChecksums: options.capabilities?.uploadChecksums ?? true, plainUploads: new Set() }

  /** What every call checks before it does anything. */
  const enter = (operation: Operation, call: CallOptions, ...keys: readonly string[]): void => {
    const { signal } = call
    const [key] = keys
    channel.checkOpen({ operation, key })
    if (signal?.aborted) throw new StoreError({ kind: 'aborted', operation, key, cause: signal.reason })
    for (const each of keys) checkKey(each, operation, limits)
  }
  const sized = (operation: Operation, key: string, bytes: number, bytesMax: number): void => {
    if (bytes > bytesMax) throw refusal('EntityTooLarge', operation, key, `${bytes} bytes, at most ${bytesMax}`)
  }
  const stored = <T extends { readonly headers?: ObjectHeaders | undefined }>(operation: Operation, key: string, call: T): T =>
    call.headers ? { ...call, headers: checkHeaders(call.headers, operation, key, limits) } : call
  const numbered = (operation: Operation, key: string, partNumber: number): void => {
    const valid = Number.isInteger(partNumber) && partNumber >= 1 && partNumber <= limits.partCountMax
    if (!valid) throw refusal('InvalidArgument', operation, key, `part numbers are 1 to ${limits.partCountMax}`)
  }

  return {
    get capabilities() {
      return capabilities
    },
    adopt(found) {
      const atomicConditions = found.atomicConditions && !isRacy(channel.serverName)
      capabilities = { ...found, atomicConditions, uniformParts: found.uniformParts || r2, limits }
      context.plainUploads.clear()
      context.partChecksums = capabilities.uploadChecksums
    },
    async head(key, call = {}) {
      enter('head', call, key)
      return head(channel, key, call)
    },
    async get(key, call = {}) {
      enter('get', call, key)
      return get(channel, key, call, capabilities.md5Etags)
    },
    async list(call = {}) {
      enter('list', call)
      return list(channel, call)
    },
    async getTags(key, call = {}) {
      enter('getTags', call, key)
      return getTags(channel, key, call)
    },
    async put(key, body, call) {
      enter('put', call, key)
      sized('put', key, bodySize(body), limits.putBytesMax)
      return put(context, key, body, stored('put', key, call))
    },
    async copy(sourceKey, key, call = {}) {
      enter('copy', call, key, sourceKey)
      return copy(context, sourceKey, key, stored('copy', key, call))
    },
    async delete(key, call = {}) {
      enter('delete', call, key)
      await remove(context, key, call)
    },
    async deleteMany(entries, call = {}) {
      enter('deleteMany', call, ...entries.map(({ key }) => key))
      if (entries.length > deleteManyMax) throw refusal('MalformedXML', 'deleteMany', undefined, 'too many entries')
      return removeMany(context, entries, call)
    },
    async createUpload(key, call) {
      enter('createUpload', call, key)
      return createUpload(context, key, stored('createUpload', key, call))
    },
    async uploadPart(key, uploadId, partNumber, body, call = {}) {
      enter('uploadPart', call, key)
      numbered('uploadPart', key, partNumber)
      sized('uploadPart', key, bodySize(body), limits.partBytesMax)
      return uploadPart(context, key, uploadId, partNumber, body, call)
    },
    async copyPart(key, uploadId, partNumber, sourceKey, call = {}) {
      enter('copyPart', call, key, sourceKey)
      numbered('copyPart', key, partNumber)
      return copyPart(context, key, uploadId, partNumber, sourceKey, call)
    },
    async completeUpload(key, uploadId, parts, call = {}) {
      enter('completeUpload', call, key)
      sized('completeUpload', key, call.size ?? 0, limits.objectBytesMax)
      return completeUpload(context, key, uploadId, parts, call)
    },
    async abortUpload(key, uploadId, call = {}) {
      enter('abortUpload', call, key)
      await abortUpload(context, key, uploadId, call)
    },
    async listUploads(prefix, call = {}) {
      enter('listUploads', call)
      return sdk.listUploads(prefix, call)
    },
    async close() {
      channel.close()
      await sdk.close()
    },
  }
}

function checkBucket(bucket: string): void {
  const open = { operation: 'open', key: undefined }
  if (bucket.endsWith('--x-s3')) {
    const message = `${bucket} is a directory bucket: it does not list in key order, which a file system needs`
    throw new StoreError({ ...open, kind: 'unsupported', message })
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket)) {
    throw new StoreError({ ...open, kind: 'invalid', message: `${JSON.stringify(bucket)} is no bucket name` })
  }
}
