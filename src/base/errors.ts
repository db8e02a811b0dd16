// The first file of the tier that every other may use and none of them owns: errors, clock and dice as components
// (`clock.ts`, `random.ts`; the real ones in `system.ts`, which only composition roots, doors and transports import), bytes,
// a mutex, the shape of a logger. Nothing here does I/O or knows a word of the product.
//
// The errors that cross tiers. Stores throw StoreError; the volume throws VolumeError with a POSIX code; doors turn
// the code into their own shape (node:fs errors, FUSE errnos, S3 error documents). Codes are API, messages are not.

/** Why a store refused or failed. S3 error codes become kinds in `store/s3/error-kinds.ts` only. */
export type StoreErrorKind =
  | 'not-found' // the key or the upload does not exist
  | 'no-bucket' // the bucket does not exist
  | 'precondition' // 412: a condition did not hold; nothing changed
  | 'conflict' // 409: a concurrent conditional request; nothing changed, re-read and retry
  | 'denied' // 403 for this operation
  | 'credentials' // missing, wrong or expired credentials, wrong clock
  | 'throttled' // 429, 503 SlowDown
  | 'unavailable' // 5xx, connection refused or reset, DNS: the effect is unknown if `ambiguous`
  | 'timeout'
  | 'corrupt' // the body does not match its length, checksum or ETag
  | 'range' // 416
  | 'too-large' // over a limit of the store (key, metadata, part, object)
  | 'invalid' // the request cannot be carried out as asked
  | 'unsupported' // 501: the provider lacks the operation or the condition
  | 'read-only'
  | 'no-space'
  | 'aborted' // by the caller's signal

export interface StoreErrorOptions {
  readonly kind: StoreErrorKind
  /** The store operation: 'put', 'get', 'list', ... */
  readonly operation: string
  readonly key?: string | undefined
  readonly status?: number | undefined
  /** The provider's own code, such as 'NoSuchKey'. */
  readonly code?: string | undefined
  readonly message?: string | undefined
  /** True when the request may have taken effect although it failed (lost reply). */
  readonly ambiguous?: boolean | undefined
  /** Server's Retry-After in milliseconds. */
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
}

const retriedKinds: ReadonlySet<StoreErrorKind> = new Set([
  'throttled',
  'unavailable',
  'timeout',
  'corrupt',
  'conflict',
])

export class StoreError extends Error {
  override readonly name: string = 'StoreError'
  readonly kind: StoreErrorKind
  readonly operation: string
  readonly key: string | undefined
  readonly status: number | undefined
  readonly code: string | undefined
  readonly ambiguous: boolean
  readonly retryAfterMs: number | undefined

  constructor(options: StoreErrorOptions) {
    const where = options.key === undefined ? options.operation : `${options.operation} ${JSON.stringify(options.key)}`
    super(`${options.kind}: ${where}${options.message ? `: ${options.message}` : ''}`, { cause: options.cause })
    this.kind = options.kind
    this.operation = options.operation
    this.key = options.key
    this.status = options.status
    this.code = options.code
    this.ambiguous = options.ambiguous ?? false
    this.retryAfterMs = options.retryAfterMs
  }

  /** Whether the same request may succeed later. */
  get retry(): boolean {
    return retriedKinds.has(this.kind)
  }
}

/** Whether `error` is a StoreError of one of `kinds`. */
export function isStoreError(error: unknown, ...kinds: readonly StoreErrorKind[]): error is StoreError {
  return error instanceof StoreError && (kinds.length === 0 || kinds.includes(error.kind))
}

/** POSIX codes the volume may answer with. Each door maps them in one table. */
export type ErrnoCode =
  | 'E2BIG'
  | 'EACCES'
  | 'EAGAIN'
  | 'EBADF'
  | 'EBUSY'
  | 'ECANCELED'
  | 'EEXIST'
  | 'EFBIG'
  | 'EINTR'
  | 'EINVAL'
  | 'EIO'
  | 'EISDIR'
  | 'ELOOP'
  | 'EMFILE'
  | 'EMLINK'
  | 'ENAMETOOLONG'
  | 'ENODATA'
  | 'ENODEV'
  | 'ENOENT'
  | 'ENOMEM'
  | 'ENOSPC'
  | 'ENOSYS'
  | 'ENOTDIR'
  | 'ENOTEMPTY'
  | 'ENOTSUP'
  | 'ENXIO'
  | 'EOVERFLOW'
  | 'EPERM'
  | 'ERANGE'
  | 'EROFS'
  | 'ESTALE'
  | 'EXDEV'
  | 'ETIMEDOUT'

export interface VolumeErrorOptions {
  readonly message?: string | undefined
  readonly cause?: unknown
  /** For ESTALE after a conflict: where the local bytes were kept, as a volume path. */
  readonly conflictPath?: string | undefined
}

/** An operation of a volume failed with a POSIX code. `cause` says why when another error led to it. */
export class VolumeError extends Error {
  override readonly name: string = 'VolumeError'
  readonly code: ErrnoCode
  readonly conflictPath: string | undefined

  constructor(code: ErrnoCode, options: VolumeErrorOptions = {}) {
    super(options.message ? `${code}: ${options.message}` : code, { cause: options.cause })
    this.code = code
    this.conflictPath = options.conflictPath
  }
}

/** Whether `error` is a VolumeError with one of `codes` (any when none are given). */
export function isVolumeError(error: unknown, ...codes: readonly ErrnoCode[]): error is VolumeError {
  return error instanceof VolumeError && (codes.length === 0 || codes.includes(error.code))
}
