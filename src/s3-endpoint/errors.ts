// Every answer of the endpoint that is not a success, and the one table from a store's refusals to S3's codes. Nothing
// else in this folder knows a status of an error by number.

import { isStoreError, type StoreError, type StoreErrorKind } from '../base/errors.ts'

const catalogue = {
  AccessDenied: [403, 'Access Denied'],
  AuthorizationHeaderMalformed: [400, 'The authorization header is malformed.'],
  AuthorizationQueryParametersError: [400, 'The authorization query parameters are malformed.'],
  BadDigest: [400, 'The digest you specified did not match what we received.'],
  BucketAlreadyOwnedByYou: [409, 'The bucket exists and is yours.'],
  BucketNotEmpty: [409, 'The bucket you tried to delete is not empty.'],
  ConditionalRequestConflict: [409, 'A conflicting conditional operation is in progress; read again and retry.'],
  EntityTooLarge: [400, 'Your proposed upload exceeds the maximum allowed size.'],
  EntityTooSmall: [400, 'Your proposed upload is smaller than the minimum allowed size.'],
  IncompleteBody: [400, 'The body does not have the number of bytes announced.'],
  InsufficientStorage: [507, 'There is no room left for this object.'],
  InternalError: [500, 'We encountered an internal error. Please try again.'],
  InvalidAccessKeyId: [403, 'The access key id you provided does not exist in our records.'],
  InvalidArgument: [400, 'Invalid argument.'],
  InvalidBucketName: [400, 'The specified bucket is not valid.'],
  InvalidDigest: [400, 'The Content-MD5 you specified is not valid.'],
  InvalidPart: [400, 'One or more of the specified parts could not be found, or its entity tag did not match.'],
  InvalidPartNumber: [416, 'The requested part number is not satisfiable.'],
  InvalidPartOrder: [400, 'The list of parts was not in ascending order.'],
  InvalidRange: [416, 'The requested range is not satisfiable.'],
  InvalidRequest: [400, 'The request is not valid.'],
  InvalidURI: [400, 'The specified URI could not be parsed.'],
  KeyTooLongError: [400, 'Your key is too long.'],
  MalformedTrailerError: [400, 'The trailer of the request body was not well-formed.'],
  MalformedXML: [400, 'The XML you provided was not well-formed or did not validate against our published schema.'],
  MetadataTooLarge: [400, 'Your metadata headers exceed the maximum allowed metadata size.'],
  MethodNotAllowed: [405, 'The specified method is not allowed against this resource.'],
  MissingContentLength: [411, 'You must provide the Content-Length HTTP header.'],
  NoSuchBucket: [404, 'The specified bucket does not exist.'],
  NoSuchBucketPolicy: [404, 'The bucket policy does not exist.'],
  NoSuchCORSConfiguration: [404, 'The CORS configuration does not exist.'],
  NoSuchKey: [404, 'The specified key does not exist.'],
  NoSuchLifecycleConfiguration: [404, 'The lifecycle configuration does not exist.'],
  NoSuchPublicAccessBlockConfiguration: [404, 'The public access block configuration was not found.'],
  NoSuchTagSet: [404, 'There is no tag set associated with the bucket.'],
  NoSuchUpload: [404, 'The specified multipart upload does not exist.'],
  NoSuchVersion: [404, 'The specified version does not exist.'],
  NoSuchWebsiteConfiguration: [404, 'The specified bucket does not have a website configuration.'],
  NotImplemented: [501, 'A header or query you provided implies functionality that is not implemented.'],
  NotModified: [304, 'Not Modified'],
  ObjectLockConfigurationNotFoundError: [404, 'Object Lock configuration does not exist for this bucket.'],
  OwnershipControlsNotFoundError: [404, 'The bucket ownership controls were not found.'],
  PreconditionFailed: [412, 'At least one of the preconditions you specified did not hold.'],
  ReplicationConfigurationNotFoundError: [404, 'The replication configuration was not found.'],
  RequestTimeTooSkewed: [403, 'The difference between the request time and the current time is too large.'],
  ServerSideEncryptionConfigurationNotFoundError: [404, 'The server side encryption configuration was not found.'],
  ServiceUnavailable: [503, 'Service is unable to handle the request. Please try again.'],
  SignatureDoesNotMatch: [403, 'The request signature we calculated does not match the signature you provided.'],
  SlowDown: [503, 'Please reduce your request rate.'],
  XAmzContentSHA256Mismatch: [400, 'The provided x-amz-content-sha256 header does not match what was computed.'],
} as const

export type S3ErrorCode = keyof typeof catalogue

export interface S3ErrorDetails {
  readonly message?: string | undefined
  /** More elements of the error document. */
  readonly fields?: Readonly<Record<string, string>> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly cause?: unknown
}

/** A refusal in S3's words. Thrown anywhere below the endpoint's handler, which alone writes it out. */
export class S3Error extends Error {
  override readonly name: string = 'S3Error'
  readonly code: S3ErrorCode
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>

  constructor(code: S3ErrorCode, details: S3ErrorDetails = {}) {
    super(details.message ?? catalogue[code][1], { cause: details.cause })
    this.code = code
    this.status = catalogue[code][0]
    this.fields = details.fields ?? {}
    this.headers = details.headers ?? {}
  }
}

/** What a kind means where the store gave no S3 code of its own. */
const codes: Readonly<Record<StoreErrorKind, S3ErrorCode>> = {
  'not-found': 'NoSuchKey',
  'no-bucket': 'NoSuchBucket',
  precondition: 'PreconditionFailed',
  conflict: 'ConditionalRequestConflict',
  denied: 'AccessDenied',
  credentials: 'AccessDenied',
  throttled: 'SlowDown',
  unavailable: 'ServiceUnavailable',
  timeout: 'ServiceUnavailable',
  corrupt: 'InternalError',
  range: 'InvalidRange',
  'too-large': 'EntityTooLarge',
  invalid: 'InvalidRequest',
  unsupported: 'NotImplemented',
  'read-only': 'AccessDenied',
  'no-space': 'InsufficientStorage',
  aborted: 'ServiceUnavailable',
}

const uploadCalls: ReadonlySet<string> = new Set(['uploadPart', 'copyPart', 'completeUpload', 'abortUpload'])
/** A corrupt body is the sender's fault where bytes came in, ours where they should have gone out. */
const bodyCalls: ReadonlySet<string> = new Set(['put', 'uploadPart'])

/** Any failure as an S3 answer; what nobody foresaw is InternalError. */
export function toS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error
  if (!isStoreError(error)) return new S3Error('InternalError', { cause: error })
  return new S3Error(codeOf(error), { cause: error, message: messageOf(error) })
}

function codeOf(error: StoreError): S3ErrorCode {
  if (error.kind === 'precondition' && error.status === 304) return 'NotModified'
  if (error.kind === 'corrupt' && bodyCalls.has(error.operation)) return ownCode(error) ?? 'BadDigest'
  if (error.kind === 'not-found' && uploadCalls.has(error.operation)) return ownCode(error) ?? 'NoSuchUpload'
  // The store's own code is finer than its kind where both are S3's.
  const sameFault = error.kind === 'not-found' || error.kind === 'too-large' || error.kind === 'invalid'
  return (sameFault ? ownCode(error) : undefined) ?? codes[error.kind]
}

function ownCode(error: StoreError): S3ErrorCode | undefined {
  return error.code !== undefined && Object.hasOwn(catalogue, error.code) ? (error.code as S3ErrorCode) : undefined
}

/** Causes of 5xx stay in the log; refusals tell why. */
function messageOf(error: StoreError): string | undefined {
  return error.kind === 'invalid' || error.kind === 'too-large' ? error.message : undefined
}
