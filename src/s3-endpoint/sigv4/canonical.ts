// The canonical request of Signature Version 4, S3's dialect: the path is encoded once and never normalised, the query
// is decoded, encoded anew and sorted, headers are the signed ones only.
// Source: AWS, "Authenticating Requests (AWS Signature Version 4)", S3 API reference.

import { createHash } from 'node:crypto'
import type { RequestHeaders } from '../request-headers.ts'
import { decodePercent, encodeStrictly, queryPairs } from '../uri.ts'

export interface CanonicalParts {
  readonly method: string
  readonly rawPath: string
  readonly rawQuery: string
  readonly headers: RequestHeaders
  /** Lower-case names, in the order of SignedHeaders. */
  readonly signedHeaders: readonly string[]
  readonly payloadHash: string
}

export const algorithm = 'AWS4-HMAC-SHA256'

/**
 * The canonical requests a client may have signed, likeliest first: the path as it was sent, and, for clients that send
 * sub-delimiters raw but sign them encoded, the path encoded strictly.
 */
export function canonicalRequests(parts: CanonicalParts): readonly string[] {
  const { method, rawPath, signedHeaders, payloadHash } = parts
  const rest = [
    canonicalQuery(parts.rawQuery),
    ...signedHeaders.map((name) => `${name}:${(parts.headers.get(name) ?? '').replace(/ +/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n')
  const strictPath = rawPath
    .split('/')
    .map((segment) => encodeStrictly(decodePercent(segment)))
    .join('/')
  const paths = strictPath === rawPath ? [rawPath] : [rawPath, strictPath]
  return paths.map((path) => `${method}\n${path}\n${rest}`)
}

export function stringToSign(amzDate: string, scope: string, canonicalRequest: string): string {
  // Header values are one character per byte; everything else is ASCII.
  const hash = createHash('sha256').update(canonicalRequest, 'latin1').digest('hex')
  return `${algorithm}\n${amzDate}\n${scope}\n${hash}`
}

function canonicalQuery(rawQuery: string): string {
  return queryPairs(rawQuery)
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encodeStrictly(name), encodeStrictly(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}
