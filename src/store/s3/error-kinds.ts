// S3 error codes and HTTP statuses as StoreErrorKind: the only place where the two meet.

import { StoreError, type StoreErrorKind } from '../../base/errors.ts'

const kindOfCode: Readonly<Record<string, StoreErrorKind>> = {
  NoSuchKey: 'not-found',
  NoSuchUpload: 'not-found',
  NoSuchVersion: 'not-found',
  NotFound: 'not-found',
  NoSuchBucket: 'no-bucket',
  PreconditionFailed: 'precondition',
  NotModified: 'precondition',
  ConditionalRequestConflict: 'conflict',
  OperationAborted: 'conflict',
  AccessDenied: 'denied',
  AllAccessDisabled: 'denied',
  AccountProblem: 'denied',
  InvalidObjectState: 'denied',
  InvalidAccessKeyId: 'credentials',
  SignatureDoesNotMatch: 'credentials',
  ExpiredToken: 'credentials',
  ExpiredTokenException: 'credentials',
  InvalidToken: 'credentials',
  TokenRefreshRequired: 'credentials',
  RequestTimeTooSkewed: 'credentials',
  RequestExpired: 'credentials',
  InvalidSecurity: 'credentials',
  NotSignedUp: 'credentials',
  CredentialsNotSupported: 'credentials',
  AuthorizationHeaderMalformed: 'credentials',
  SlowDown: 'throttled',
  SlowDownRead: 'throttled',
  SlowDownWrite: 'throttled',
  ServiceUnavailable: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  TooManyRequests: 'throttled',
  RequestLimitExceeded: 'throttled',
  BandwidthLimitExceeded: 'throttled',
  InternalError: 'unavailable',
  InternalFailure: 'unavailable',
  RequestTimeout: 'timeout',
  BadDigest: 'corrupt',
  IncompleteBody: 'corrupt',
  XAmzContentSHA256Mismatch: 'corrupt',
  XAmzContentChecksumMismatch: 'corrupt',
  ObjectParentIsFile: 'invalid',
  ExistingObjectIsDirectory: 'invalid',
  InvalidRange: 'range',
  KeyTooLongError: 'too-large',
  KeyTooLong: 'too-large',
  EntityTooLarge: 'too-large',
  MetadataTooLarge: 'too-large',
  NotImplemented: 'unsupported',
  MethodNotAllowed: 'unsupported',
  QuotaExceeded: 'no-space',
  XMinioStorageFull: 'no-space',
}

const kindOfStatus: Readonly<Record<number, StoreErrorKind>> = {
  304: 'precondition',
  401: 'credentials',
  403: 'denied',
  404: 'not-found',
  405: 'unsupported',
  408: 'timeout',
  409: 'conflict',
  412: 'precondition',
  413: 'too-large',
  416: 'range',
  429: 'throttled',
  501: 'unsupported',
  503: 'throttled',
  507: 'no-space',
}

export interface S3Failure {
  readonly operation: string
  readonly key: string | undefined
  readonly status: number
  readonly code: string | undefined
  readonly message?: string | undefined
  readonly retryAfter?: string | undefined
  /** Whether the call changes the bucket. */
  readonly mutating: boolean
  readonly cause?: unknown
}

export function s3Error(failure: S3Failure): StoreError {
  const { code, key, mutating, operation, status, cause } = failure
  const kind = kindOf(code, status)
  // 5xx without a code come from something in between, perhaps after the effect.
  const unknownEffect = kind === 'unavailable' || (status >= 500 && code === undefined && kind !== 'unsupported')
  return new StoreError({
    kind,
    operation,
    key,
    status,
    code,
    cause,
    message: describe(failure),
    ambiguous: mutating && unknownEffect,
    retryAfterMs: retryAfterMs(failure.retryAfter),
  })
}

function kindOf(code: string | undefined, status: number): StoreErrorKind {
  const known = code === undefined ? undefined : kindOfCode[code]
  return known ?? kindOfStatus[status] ?? (status >= 500 || status < 300 ? 'unavailable' : 'invalid')
}

function describe({ code, message, status }: S3Failure): string {
  return [`HTTP ${status}`, code, message].filter((part) => part !== undefined && part !== '').join(' ')
}

/** Seconds, or an HTTP date that is compared with nothing: dates are left to the caller's own backoff. */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,6}$/.test(header.trim())) return undefined
  return Number(header) * 1000
}
