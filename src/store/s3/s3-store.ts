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
import { refusal } from '../local/refuse.ts'
import {
  deleteManyMax,
  noCapabilities,
  s3Limits,
  type Body,
  type CallOptions,
  type CompleteOptions,
  type CopyOptions,
  type CopyReply,
  type DeleteEntry,
  type DeleteFailure,
  type DeleteOptions,
  type GetOptions,
  type GetReply,
  type ListedUpload,
  type ListOptions,
  type ListReply,
  type ObjectInfo,
  type ObjectStore,
  type PartCopyOptions,
  type PartOptions,
  type PutOptions,
  type StoreCapabilities,
  type StoreLimits,
  type UploadCreateOptions,
  type UploadedPart,
  type WriteReply,
} from '../store.ts'
import { Channel } from './channel.ts'
import { Entry } from './entry.ts'
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
  return new BucketStore(options)
}

class BucketStore implements S3Store {
  readonly #channel: Channel
  readonly #sdk: SdkHalf
  readonly #entry: Entry
  readonly #limits: StoreLimits
  readonly #context: UploadContext
  #capabilities: StoreCapabilities

  constructor(options: S3StoreOptions) {
    const { bucket, capabilities, endpoint } = options
    const channel = new Channel(options)
    this.#channel = channel
    this.#sdk = new SdkHalf(channel, options)
    this.#limits = { ...s3Limits, ...options.limits }
    this.#entry = new Entry(channel, this.#limits)
    this.#capabilities = { ...(capabilities ?? noCapabilities), limits: this.#limits }
    // Uploads ask for checksums until it is known that they should not: the probe must see what comes of it.
    const partChecksums = capabilities?.uploadChecksums ?? true
    this.#context = { channel, bucket, r2: isR2(endpoint), partChecksums, plainUploads: new Set() }
  }

  get capabilities(): StoreCapabilities {
    return this.#capabilities
  }

  adopt(found: StoreCapabilities): void {
    const atomicConditions = found.atomicConditions && !isRacy(this.#channel.serverName)
    const uniformParts = found.uniformParts || this.#context.r2
    this.#capabilities = { ...found, atomicConditions, uniformParts, limits: this.#limits }
    this.#context.plainUploads.clear()
    this.#context.partChecksums = found.uploadChecksums
  }

  async head(key: string, call: CallOptions = {}): Promise<ObjectInfo> {
    this.#entry.check('head', call, key)
    return head(this.#channel, key, call)
  }

  async get(key: string, call: GetOptions = {}): Promise<GetReply> {
    this.#entry.check('get', call, key)
    return get(this.#channel, key, call, this.#capabilities.md5Etags)
  }

  async list(call: ListOptions = {}): Promise<ListReply> {
    this.#entry.check('list', call)
    return list(this.#channel, call)
  }

  async getTags(key: string, call: CallOptions = {}): Promise<string> {
    this.#entry.check('getTags', call, key)
    return getTags(this.#channel, key, call)
  }

  async put(key: string, body: Body, call: PutOptions): Promise<WriteReply> {
    this.#entry.check('put', call, key)
    this.#entry.checkBody('put', key, body)
    return put(this.#context, key, body, this.#entry.headed('put', key, call))
  }

  async copy(sourceKey: string, key: string, call: CopyOptions = {}): Promise<CopyReply> {
    this.#entry.check('copy', call, key, sourceKey)
    return copy(this.#context, sourceKey, key, this.#entry.headed('copy', key, call))
  }

  async delete(key: string, call: DeleteOptions = {}): Promise<void> {
    this.#entry.check('delete', call, key)
    await remove(this.#context, key, call)
  }

  async deleteMany(entries: readonly DeleteEntry[], call: CallOptions = {}): Promise<readonly DeleteFailure[]> {
    this.#entry.check('deleteMany', call, ...entries.map(({ key }) => key))
    if (entries.length > deleteManyMax) throw refusal('MalformedXML', 'deleteMany', undefined, 'too many entries')
    return removeMany(this.#context, entries, call)
  }

  async createUpload(key: string, call: UploadCreateOptions): Promise<string> {
    this.#entry.check('createUpload', call, key)
    return createUpload(this.#context, key, this.#entry.headed('createUpload', key, call))
  }

  async uploadPart(
    key: string,
    uploadId: string,
    partNumber: number,
    body: Body,
    call: PartOptions = {},
  ): Promise<UploadedPart> {
    this.#entry.check('uploadPart', call, key)
    this.#entry.checkPart('uploadPart', key, partNumber)
    this.#entry.checkBody('uploadPart', key, body)
    return uploadPart(this.#context, key, uploadId, partNumber, body, call)
  }

  async copyPart(
    key: string,
    uploadId: string,
    partNumber: number,
    sourceKey: string,
    call: PartCopyOptions = {},
  ): Promise<UploadedPart> {
    this.#entry.check('copyPart', call, key, sourceKey)
    this.#entry.checkPart('copyPart', key, partNumber)
    return copyPart(this.#context, key, uploadId, partNumber, sourceKey, call)
  }

  async completeUpload(
    key: string,
    uploadId: string,
    parts: readonly UploadedPart[],
    call: CompleteOptions = {},
  ): Promise<WriteReply> {
    this.#entry.check('completeUpload', call, key)
    this.#entry.checkObjectSize('completeUpload', key, call.size)
    return completeUpload(this.#context, key, uploadId, parts, call)
  }

  async abortUpload(key: string, uploadId: string, call: CallOptions = {}): Promise<void> {
    this.#entry.check('abortUpload', call, key)
    await abortUpload(this.#context, key, uploadId, call)
  }

  async listUploads(prefix: string, call: CallOptions = {}): Promise<readonly ListedUpload[]> {
    this.#entry.check('listUploads', call)
    return this.#sdk.listUploads(prefix, call)
  }

  async close(): Promise<void> {
    this.#channel.close()
    await this.#sdk.close()
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
