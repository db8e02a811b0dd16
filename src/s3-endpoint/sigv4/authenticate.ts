// The one gate every request passes, whatever its operation and its form of body. What comes out is who asks, and what
// the body must prove while it is read (`body/payload.ts`).
//
// A header that is not signed may be anything except `x-amz-*`, which changes what a request does; content-type in
// particular need not be signed.

import { wallMs, type Clock } from '../../base/clock.ts'
import { S3Error } from '../errors.ts'
import type { RequestHeaders } from '../request-headers.ts'
import type { Target } from '../routing.ts'
import { canonicalRequests, stringToSign } from './canonical.ts'
import type { FrameSigner } from './frame-signatures.ts'
import { readClaim, type SignedClaim } from './credential.ts'
import { sameSignature, scopeText, sign, type SigningKeys } from './signing-key.ts'

/** The secret of an access key id, or undefined when nobody has it. */
export type CredentialLookup = (accessKeyId: string) => string | undefined | Promise<string | undefined>

export interface AuthenticateOptions {
  readonly credentials: CredentialLookup
  /** Whether a request without any signature may pass. */
  readonly anonymous: boolean
  /** The region that must be in the scope; absent: any. */
  readonly region: string | undefined
  readonly clock: Clock
  readonly keys: SigningKeys
}

export interface SignedRequest {
  readonly method: string
  readonly target: Target
  readonly headers: RequestHeaders
}

export interface Authenticated {
  /** Undefined for an anonymous request. */
  readonly accessKeyId: string | undefined
  /** The claim on the body: hex SHA-256, UNSIGNED-PAYLOAD or one of the STREAMING forms. */
  readonly payloadHash: string
  /** For bodies with signed chunks. */
  readonly signer: FrameSigner | undefined
}

/** Largest difference between the client's clock and ours. */
const skewMaxMs = 15 * 60_000

export async function authenticate(request: SignedRequest, options: AuthenticateOptions): Promise<Authenticated> {
  const claim = readClaim(request.target, request.headers)
  if (!claim) {
    if (!options.anonymous) throw new S3Error('AccessDenied')
    const payloadHash = request.headers.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD'
    return { accessKeyId: undefined, payloadHash, signer: undefined }
  }
  const { accessKeyId, payloadHash } = claim
  checkTime(claim, wallMs(options.clock))
  checkRegion(claim, request, options.region)
  const secret = await options.credentials(accessKeyId)
  if (secret === undefined) throw new S3Error('InvalidAccessKeyId', { fields: { AWSAccessKeyId: accessKeyId } })
  const key = options.keys.derive(secret, claim.scope)
  checkSignature(claim, request, key)
  checkAllSigned(claim, request)
  const signer = { key, amzDate: claim.amzDate, scope: scopeText(claim.scope), seed: claim.signature }
  return { accessKeyId, payloadHash, signer }
}

function checkTime(claim: SignedClaim, nowMs: number): void {
  if (claim.amzDate.slice(0, 8) !== claim.scope.date) {
    const code = claim.expiresS === undefined ? 'AuthorizationHeaderMalformed' : 'AuthorizationQueryParametersError'
    throw new S3Error(code, { message: 'The date of the credential is not the date of the request.' })
  }
  const serverTime = new Date(nowMs).toISOString()
  if (claim.expiresS === undefined) {
    if (Math.abs(nowMs - claim.timeMs) <= skewMaxMs) return
    const fields = { RequestTime: claim.amzDate, ServerTime: serverTime, MaxAllowedSkewMilliseconds: String(skewMaxMs) }
    throw new S3Error('RequestTimeTooSkewed', { fields })
  }
  const fields = { Expires: new Date(claim.timeMs + claim.expiresS * 1000).toISOString(), ServerTime: serverTime }
  if (claim.timeMs > nowMs + skewMaxMs)
    throw new S3Error('AccessDenied', { message: 'Request is not valid yet', fields })
  if (nowMs > claim.timeMs + claim.expiresS * 1000) {
    throw new S3Error('AccessDenied', { message: 'Request has expired', fields })
  }
}

/** Clients ask for the location before they know the region, signed for us-east-1. */
function checkRegion(claim: SignedClaim, request: SignedRequest, region: string | undefined): void {
  const given = claim.scope.region
  if (region === undefined || given === region) return
  if (given === 'us-east-1' && request.target.query.has('location')) return
  throw new S3Error('AuthorizationHeaderMalformed', {
    message: `The authorization header is malformed; the region '${given}' is wrong; expecting '${region}'`,
    fields: { Region: region },
    headers: { 'x-amz-bucket-region': region },
  })
}

function checkSignature(claim: SignedClaim, request: SignedRequest, key: Buffer): void {
  const { method, target, headers } = request
  const { rawPath, rawQuery } = target
  const { signedHeaders, payloadHash, amzDate, scope, signature } = claim
  const candidates = canonicalRequests({ method, rawPath, rawQuery, headers, signedHeaders, payloadHash })
  const texts = candidates.map((canonical) => stringToSign(amzDate, scopeText(scope), canonical))
  if (texts.some((text) => sameSignature(sign(key, text), signature))) return
  throw new S3Error('SignatureDoesNotMatch', {
    fields: {
      AWSAccessKeyId: claim.accessKeyId,
      StringToSign: texts[0] as string,
      SignatureProvided: signature,
      CanonicalRequest: candidates[0] as string,
    },
  })
}

function checkAllSigned(claim: SignedClaim, request: SignedRequest): void {
  const unsigned = request.headers
    .startingWith('x-amz-')
    .map(([name]) => name)
    .filter((name) => !claim.signedHeaders.includes(name))
    // A presigned URL speaks for the payload by its own default.
    .filter((name) => !(claim.expiresS !== undefined && name === 'x-amz-content-sha256'))
  if (unsigned.length === 0) return
  const fields = { HeadersNotSigned: unsigned.join(', ') }
  throw new S3Error('AccessDenied', {
    message: 'There were headers present in the request which were not signed',
    fields,
  })
}
