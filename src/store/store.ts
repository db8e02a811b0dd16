// The one interface between the engine and a bucket. Everything that is not a back-end is a wrapper with this same
// interface (`with-*.ts`), and one contract suite (`test/contract/store-suite.ts`) runs on every store and composition.
//
// Invariants every implementation keeps:
// - Keys are well-formed Unicode strings of 1..1,024 UTF-8 bytes; lists are in UTF-8 byte order.
// - A condition and the publication it guards are one atomic step. Of N racing creators exactly one wins.
// - A reader sees a whole object or none; a failed or aborted put leaves nothing visible.
// - ETags are opaque strings WITHOUT quotes. Where `capabilities.md5Etags`, an ETag without '-' is the MD5 of the bytes.
// - Failures are StoreError (base/errors.ts); a 404 on head/get is kind 'not-found', never undefined.
// - `date` in replies is the server's clock, in whole seconds as epoch milliseconds (as an HTTP Date header).
// Buffers: bodies given to a store are borrowed until the call settles; bodies returned belong to the caller.

/** Headers of an object that a rewrite must preserve (DESIGN P1). Absent means not set. */
export interface ObjectHeaders {
  readonly contentType?: string | undefined
  readonly contentEncoding?: string | undefined
  readonly contentDisposition?: string | undefined
  readonly contentLanguage?: string | undefined
  readonly cacheControl?: string | undefined
  readonly expires?: string | undefined
  readonly websiteRedirect?: string | undefined
  /** Absent means STANDARD. */
  readonly storageClass?: string | undefined
  /** `AES256`, `aws:kms`, ... as in x-amz-server-side-encryption. */
  readonly sse?: string | undefined
  readonly sseKmsKeyId?: string | undefined
  readonly sseBucketKey?: boolean | undefined
  readonly objectLockMode?: string | undefined
  readonly objectLockRetainUntil?: string | undefined
  readonly objectLockLegalHold?: string | undefined
  /** User metadata: lower-case names without `x-amz-meta-`, values as sent. */
  readonly metadata: Readonly<Record<string, string>>
}

/** What a LIST shows of an object. */
export interface ListedObject {
  readonly key: string
  readonly size: number
  readonly etag: string
  /** Epoch milliseconds, whole seconds (servers that list fractions are truncated). */
  readonly lastModified: number
  readonly storageClass?: string | undefined
}

/** A checksum of the whole object as the store recorded it; base64 as in `x-amz-checksum-*`. */
export interface ObjectChecksum {
  readonly algorithm: 'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256'
  readonly value: string
  readonly type: 'full-object' | 'composite'
}

/** What HEAD shows. */
export interface ObjectInfo {
  readonly key: string
  readonly size: number
  readonly etag: string
  readonly lastModified: number
  readonly headers: ObjectHeaders
  /** Number of tags (x-amz-tagging-count); 0 or absent when none or not reported. */
  readonly tagCount?: number | undefined
  readonly checksum?: ObjectChecksum | undefined
  readonly date: number
}

export interface ByteRange {
  readonly offset: number
  /** Bytes wanted, ≥ 1. A range past the end is cut; one that starts at or past the end is kind 'range'. */
  readonly length: number
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Scheduling class for the limiter: reads a caller waits for go before background work. Default 'foreground'. */
  readonly priority?: 'foreground' | 'background' | undefined
  /** Labels the request for metrics: side objects (indexes, block checksums) are counted apart. */
  readonly purpose?: 'data' | 'side' | 'probe' | undefined
}

export interface GetOptions extends CallOptions {
  readonly range?: ByteRange | undefined
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
}

export interface GetReply extends ObjectInfo {
  /** Exactly the requested range, or the whole object. `size` stays the size of the whole object. */
  readonly body: Uint8Array
  readonly offset: number
}

/** A body to send: bytes, a list of pieces sent in order, or a stream of known size (retried only if `replayable`). */
export type Body = Uint8Array | readonly Uint8Array[] | BodyStream

export interface BodyStream {
  readonly size: number
  readonly replayable: boolean
  /** Yields exactly `size` bytes. If it throws, nothing may be published. */
  stream(): AsyncIterable<Uint8Array>
}

/** Conditions on what is at the destination key. At most one of the two. */
export interface WriteCondition {
  readonly ifNoneMatch?: '*' | undefined
  /** The ETag that must be there now (absent object: 'precondition' or 'not-found'; callers treat both as a conflict). */
  readonly ifMatch?: string | undefined
}

export interface PutOptions extends CallOptions, WriteCondition {
  readonly headers: ObjectHeaders
  /** Tags as a URL query string (`a=1&b=2`), or absent for none. */
  readonly tags?: string | undefined
  /** Base64 big-endian CRC-32 of the body; verified by the store before publication and kept as the object's checksum. */
  readonly crc32?: string | undefined
}

export interface WriteReply {
  readonly etag: string
  readonly date: number
  /** Present when the store returned what it recorded: proof that it holds these bytes. */
  readonly checksum?: ObjectChecksum | undefined
}

export interface CopyOptions extends CallOptions, WriteCondition {
  readonly sourceIfMatch?: string | undefined
  /** Given: REPLACE metadata with these. Absent: COPY everything from the source. Tags are copied in both cases unless `tags`. */
  readonly headers?: ObjectHeaders | undefined
  readonly tags?: string | undefined
}

export interface CopyReply extends WriteReply {
  /** Whole seconds, epoch milliseconds. */
  readonly lastModified: number
}

export interface DeleteOptions extends CallOptions {
  readonly ifMatch?: string | undefined
}

export interface DeleteEntry {
  readonly key: string
  readonly ifMatch?: string | undefined
}

export interface DeleteFailure {
  readonly key: string
  readonly error: Error
}

export interface ListOptions extends CallOptions {
  readonly prefix?: string | undefined
  readonly delimiter?: string | undefined
  readonly startAfter?: string | undefined
  readonly token?: string | undefined
  /** 1..1,000; default 1,000. Counts objects and prefixes together. */
  readonly maxKeys?: number | undefined
}

export interface ListReply {
  readonly objects: readonly ListedObject[]
  /** Common prefixes, each ending in the delimiter, in UTF-8 byte order. */
  readonly prefixes: readonly string[]
  /** Present when there is more. */
  readonly token?: string | undefined
  readonly date: number
}

export interface UploadCreateOptions extends CallOptions {
  readonly headers: ObjectHeaders
  readonly tags?: string | undefined
  /** False: no checksum of the whole object, where the store could keep one. */
  readonly checksums?: boolean | undefined
}

export interface UploadedPart {
  /** 1..10,000. */
  readonly partNumber: number
  readonly etag: string
  readonly crc32?: string | undefined
}

export interface PartOptions extends CallOptions {
  readonly crc32?: string | undefined
}

export interface PartCopyOptions extends CallOptions {
  readonly range?: ByteRange | undefined
  readonly sourceIfMatch?: string | undefined
}

export interface CompleteOptions extends CallOptions, WriteCondition {
  /** Size of the finished object, sent as x-amz-mp-object-size where supported. */
  readonly size?: number | undefined
}

export interface ListedUpload {
  readonly key: string
  readonly uploadId: string
  /** Epoch milliseconds. */
  readonly initiated: number
}

/** What a bucket can do, found by probing each condition of each call by itself; never assumed. */
export interface StoreCapabilities {
  readonly putIfNoneMatch: boolean
  readonly putIfMatch: boolean
  readonly completeIfNoneMatch: boolean
  readonly completeIfMatch: boolean
  readonly copyIfNoneMatch: boolean
  readonly copyIfMatch: boolean
  readonly copySourceIfMatch: boolean
  readonly deleteIfMatch: boolean
  readonly deleteMany: boolean
  readonly deleteManyIfMatch: boolean
  readonly partCopy: boolean
  readonly partCopySourceIfMatch: boolean
  readonly tagging: boolean
  /** ETags of plain PUTs without SSE-KMS/SSE-C are the MD5 of the bytes. */
  readonly md5Etags: boolean
  /** A CRC-32 sent with PUT is checked and given back on whole-object reads. */
  readonly checksums: boolean
  /** Uploads keep a CRC-32 of the whole object, right also for copied parts. */
  readonly uploadChecksums: boolean
  /** A condition and the write it guards are one step. False where racing writers were seen to both win. */
  readonly atomicConditions: boolean
  /** A copy with `headers` drops those of the source that are not among them. */
  readonly copyReplaces: boolean
  /** Any key beside any other: `a` beside `a/b`, `a//b`. Gateways onto a file system lack it. */
  readonly anyKeys: boolean
  /** All parts but the last must have one size (R2). */
  readonly uniformParts: boolean
  /** The probe was denied its first write: the bucket can only be read, and every condition of a write is false. */
  readonly readOnly?: boolean | undefined
  readonly limits: StoreLimits
}

export interface StoreLimits {
  readonly keyBytesMax: number
  readonly metadataBytesMax: number
  readonly partBytesMin: number
  readonly partCountMax: number
  readonly partBytesMax: number
  readonly putBytesMax: number
  readonly copyBytesMax: number
  readonly objectBytesMax: number
}

/** S3's own limits; every store enforces them by default. */
export const s3Limits: StoreLimits = {
  keyBytesMax: 1024,
  metadataBytesMax: 2048,
  partBytesMin: 5 * 1024 * 1024,
  partCountMax: 10_000,
  partBytesMax: 5 * 1024 ** 3,
  putBytesMax: 5 * 1024 ** 3,
  copyBytesMax: 5 * 1024 ** 3,
  objectBytesMax: 5 * 1024 ** 4,
}

/** Most entries one deleteMany takes; callers batch. */
export const deleteManyMax = 1000

/** Every condition and operation present; what `memory` and `directory` have. */
export const fullCapabilities: StoreCapabilities = {
  putIfNoneMatch: true,
  putIfMatch: true,
  completeIfNoneMatch: true,
  completeIfMatch: true,
  copyIfNoneMatch: true,
  copyIfMatch: true,
  copySourceIfMatch: true,
  deleteIfMatch: true,
  deleteMany: true,
  deleteManyIfMatch: true,
  partCopy: true,
  partCopySourceIfMatch: true,
  tagging: true,
  md5Etags: true,
  checksums: true,
  uploadChecksums: true,
  atomicConditions: true,
  copyReplaces: true,
  anyKeys: true,
  uniformParts: false,
  limits: s3Limits,
}

/** Nothing known, nothing assumed. */
export const noCapabilities: StoreCapabilities = {
  putIfNoneMatch: false,
  putIfMatch: false,
  completeIfNoneMatch: false,
  completeIfMatch: false,
  copyIfNoneMatch: false,
  copyIfMatch: false,
  copySourceIfMatch: false,
  deleteIfMatch: false,
  deleteMany: false,
  deleteManyIfMatch: false,
  partCopy: false,
  partCopySourceIfMatch: false,
  tagging: false,
  md5Etags: false,
  checksums: false,
  uploadChecksums: false,
  atomicConditions: false,
  copyReplaces: false,
  anyKeys: false,
  uniformParts: false,
  limits: s3Limits,
}

/** One bucket (or a prefix of one). Safe for concurrent use. */
export interface ObjectStore {
  /** Stable once `open` of the composition is done. */
  readonly capabilities: StoreCapabilities

  head(key: string, options?: CallOptions): Promise<ObjectInfo>
  get(key: string, options?: GetOptions): Promise<GetReply>
  put(key: string, body: Body, options: PutOptions): Promise<WriteReply>
  copy(sourceKey: string, key: string, options?: CopyOptions): Promise<CopyReply>
  /** Deleting an absent key succeeds; with `ifMatch` an absent key is 'not-found' or success, callers accept both. */
  delete(key: string, options?: DeleteOptions): Promise<void>
  /** At most `deleteManyMax` entries; resolves with the ones that failed (empty when all are gone). */
  deleteMany(entries: readonly DeleteEntry[], options?: CallOptions): Promise<readonly DeleteFailure[]>
  list(options?: ListOptions): Promise<ListReply>

  /** Tags as a URL query string; '' when none. */
  getTags(key: string, options?: CallOptions): Promise<string>

  createUpload(key: string, options: UploadCreateOptions): Promise<string>
  uploadPart(
    key: string,
    uploadId: string,
    partNumber: number,
    body: Body,
    options?: PartOptions,
  ): Promise<UploadedPart>
  copyPart(
    key: string,
    uploadId: string,
    partNumber: number,
    sourceKey: string,
    options?: PartCopyOptions,
  ): Promise<UploadedPart>
  completeUpload(
    key: string,
    uploadId: string,
    parts: readonly UploadedPart[],
    options?: CompleteOptions,
  ): Promise<WriteReply>
  /** Aborting an upload that is gone succeeds. */
  abortUpload(key: string, uploadId: string, options?: CallOptions): Promise<void>
  /** All unfinished uploads below `prefix`, oldest first within a key. */
  listUploads(prefix: string, options?: CallOptions): Promise<readonly ListedUpload[]>

  /** Releases sockets, handles and timers; idempotent. Calls after it fail with kind 'aborted'. */
  close(): Promise<void>
}
