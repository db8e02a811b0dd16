// Canonical forms of SigV4 for S3: the one place that says how a path, a query and headers are spelt. What is signed is
// what is sent, byte for byte, so the client never parses or normalises a URL of its own (`a//b`, `./a` stay as they are).
//
// Header values are wire strings: one character per byte (latin1), as Node's http sends them.

/** Header names in lower case with their values, each at most once. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[]

/** Query parameters, unencoded. Order does not matter; names are unique. */
export type QueryPairs = HeaderPairs

export interface CanonicalRequest {
  readonly text: string
  readonly signedHeaders: string
}

/** sha256 of nothing: the payload hash of a request without a body. */
export const emptyPayloadHash: string = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
export const unsignedPayload: string = 'UNSIGNED-PAYLOAD'

const unreserved = /^[A-Za-z0-9\-._~]*$/
const unreservedPath = /^[A-Za-z0-9\-._~/]*$/
const leftByUriComponent = /[!'()*]/g

/** Percent-encodes everything but RFC 3986's unreserved characters. */
export function encodeRfc3986(text: string): string {
  if (unreserved.test(text)) return text
  return encodeURIComponent(text).replace(leftByUriComponent, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** A key as part of a path: encoded once, slashes kept. */
export function encodePath(key: string): string {
  if (unreservedPath.test(key)) return key
  return encodeRfc3986(key).replaceAll('%2F', '/')
}

/** The query as it is sent and signed: sorted by encoded name, `?flag` as `flag=`. */
export function encodeQuery(pairs: QueryPairs): string {
  if (pairs.length === 0) return ''
  const encoded = pairs.map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const)
  encoded.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
  return encoded.map(([name, value]) => `${name}=${value}`).join('&')
}

/** `headers` must be sorted by name; all of them are signed. `path` and `query` are encoded already. */
export function canonicalRequest(
  method: string,
  path: string,
  query: string,
  headers: HeaderPairs,
  payloadHash: string,
): CanonicalRequest {
  let lines = ''
  let names = ''
  for (const [name, value] of headers) {
    lines += `${name}:${canonicalValue(value)}\n`
    names += names === '' ? name : `;${name}`
  }
  return { text: `${method}\n${path}\n${query}\n${lines}\n${names}\n${payloadHash}`, signedHeaders: names }
}

/** Trimmed, runs of spaces as one. */
function canonicalValue(value: string): string {
  const trimmed = value.trim()
  return trimmed.includes('  ') ? trimmed.replace(/ {2,}/g, ' ') : trimmed
}
