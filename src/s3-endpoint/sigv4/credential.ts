// What a request says of itself: who signed it, when, over what. Read from the Authorization header or from the query
// (presigned), never from both. Nothing is verified here but the form.

import { S3Error, type S3ErrorCode } from '../errors.ts'
import type { RequestHeaders } from '../request-headers.ts'
import type { Target } from '../routing.ts'
import { algorithm } from './canonical.ts'
import type { Scope } from './signing-key.ts'

export interface SignedClaim {
  readonly accessKeyId: string
  readonly scope: Scope
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** As in the string to sign: YYYYMMDDTHHMMSSZ. */
  readonly amzDate: string
  readonly timeMs: number
  /** Presigned only. */
  readonly expiresS?: number | undefined
  readonly payloadHash: string
}

/** Longest life of a presigned URL: seven days. */
const expiresMaxS = 604_800

/** Undefined for a request that does not claim to be signed. */
export function readClaim(target: Target, headers: RequestHeaders): SignedClaim | undefined {
  const authorization = headers.get('authorization')
  const presigned = target.query.has('X-Amz-Algorithm') || target.query.has('X-Amz-Signature')
  if (target.query.has('AWSAccessKeyId') || authorization?.startsWith('AWS ')) {
    throw new S3Error('InvalidRequest', { message: 'Signature Version 2 is not supported; use AWS4-HMAC-SHA256.' })
  }
  if (authorization !== undefined && presigned) {
    throw new S3Error('InvalidArgument', { message: 'Only one way to sign a request is allowed.' })
  }
  if (presigned) return fromQuery(target, headers)
  return authorization === undefined ? undefined : fromHeader(authorization, headers)
}

function fromHeader(authorization: string, headers: RequestHeaders): SignedClaim {
  const code = 'AuthorizationHeaderMalformed'
  const space = authorization.indexOf(' ')
  if (authorization.slice(0, space) !== algorithm) {
    throw new S3Error('InvalidRequest', { message: `The authorization mechanism is not supported; use ${algorithm}.` })
  }
  const fields = new Map<string, string>()
  for (const part of authorization.slice(space + 1).split(',')) {
    const [name = '', ...value] = part.trim().split('=')
    fields.set(name, value.join('='))
  }
  const { amzDate, timeMs } = readTime(headers.get('x-amz-date') ?? headers.get('date'), 'AccessDenied')
  const payloadHash = headers.get('x-amz-content-sha256')
  if (payloadHash === undefined) {
    throw new S3Error('InvalidRequest', { message: 'Missing required header for this request: x-amz-content-sha256' })
  }
  return {
    ...readCredential(fields.get('Credential'), code),
    signedHeaders: readSignedHeaders(fields.get('SignedHeaders'), code),
    signature: required(fields.get('Signature'), 'Signature', code),
    amzDate,
    timeMs,
    payloadHash,
  }
}

function fromQuery(target: Target, headers: RequestHeaders): SignedClaim {
  const code = 'AuthorizationQueryParametersError'
  const { query } = target
  if (query.get('X-Amz-Algorithm') !== algorithm) {
    throw new S3Error(code, { message: `X-Amz-Algorithm only supports ${algorithm}` })
  }
  const expiresS = Number(required(query.get('X-Amz-Expires'), 'X-Amz-Expires', code))
  if (!Number.isInteger(expiresS) || expiresS < 1 || expiresS > expiresMaxS) {
    throw new S3Error(code, { message: `X-Amz-Expires must be 1 to ${expiresMaxS} seconds` })
  }
  const signedHeaders = readSignedHeaders(query.get('X-Amz-SignedHeaders'), code)
  const signedHash = signedHeaders.includes('x-amz-content-sha256') ? headers.get('x-amz-content-sha256') : undefined
  return {
    ...readCredential(query.get('X-Amz-Credential'), code),
    ...readTime(query.get('X-Amz-Date'), code),
    signedHeaders,
    signature: required(query.get('X-Amz-Signature'), 'X-Amz-Signature', code),
    expiresS,
    payloadHash: query.get('X-Amz-Content-Sha256') ?? signedHash ?? 'UNSIGNED-PAYLOAD',
  }
}

function readCredential(text: string | undefined, code: S3ErrorCode): Pick<SignedClaim, 'accessKeyId' | 'scope'> {
  // Access key ids may hold slashes; the scope is the last four fields.
  const fields = required(text, 'Credential', code).split('/')
  const [date = '', region = '', service = '', end] = fields.slice(-4)
  const accessKeyId = fields.slice(0, -4).join('/')
  if (accessKeyId === '' || !/^\d{8}$/.test(date) || service !== 's3' || end !== 'aws4_request') {
    throw new S3Error(code, { message: 'The credential must be <access-key>/YYYYMMDD/<region>/s3/aws4_request.' })
  }
  return { accessKeyId, scope: { date, region, service } }
}

function readSignedHeaders(text: string | undefined, code: S3ErrorCode): readonly string[] {
  const names = required(text, 'SignedHeaders', code).split(';')
  const sorted = names.every((name, i) => name === name.toLowerCase() && (i === 0 || (names[i - 1] as string) < name))
  if (!sorted || !names.includes('host')) {
    throw new S3Error(code, { message: 'SignedHeaders must be sorted lower-case names and hold host.' })
  }
  return names
}

function readTime(text: string | undefined, code: S3ErrorCode): Pick<SignedClaim, 'amzDate' | 'timeMs'> {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '') ?? []
  const timeMs = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`)
  if (text === undefined || Number.isNaN(timeMs)) {
    throw new S3Error(code, { message: 'The time of the request (X-Amz-Date) must be YYYYMMDDTHHMMSSZ.' })
  }
  return { amzDate: text, timeMs }
}

function required(text: string | undefined, name: string, code: S3ErrorCode): string {
  if (text === undefined || text === '') throw new S3Error(code, { message: `${name} is missing.` })
  return text
}
