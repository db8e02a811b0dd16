// Requests written by hand: a signer of its own, so that the endpoint's is checked against something else, and a socket,
// so that nothing tidies up what is sent.

import { createHash, createHmac } from 'node:crypto'
import { connect } from 'node:net'
import type { TestServer } from '../support/s3-server.ts'

export interface RawRequest {
  readonly method: string
  /** Path and query exactly as sent; the query sorted and encoded already. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Uint8Array | string | undefined
  readonly payloadHash?: string | undefined
  readonly timeMs?: number | undefined
  readonly region?: string | undefined
  readonly secret?: string | undefined
  readonly accessKeyId?: string | undefined
  readonly host?: string | undefined
}

export interface Signed {
  readonly headers: Readonly<Record<string, string>>
  readonly signature: string
  readonly amzDate: string
  readonly scope: string
  readonly key: Buffer
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
export const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex')

function amzDateOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:]|\.\d+/g, '')
}

function signingKey(secret: string, date: string, region: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), 's3'), 'aws4_request')
}

/** Signs every header given, and host. */
export function signRequest(server: TestServer, request: RawRequest): Signed {
  const amzDate = amzDateOf(request.timeMs ?? Date.now())
  const region = request.region ?? server.region
  const scope = `${amzDate.slice(0, 8)}/${region}/s3/aws4_request`
  const payloadHash = request.payloadHash ?? sha256(request.body ?? '')
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.host ?? `127.0.0.1:${server.port}`,
    'x-amz-date': amzDate,
    'x-amz-content-sha256': payloadHash,
  }
  const names = Object.keys(headers).sort()
  const [path, query = ''] = request.target.split('?')
  const canonical = [
    request.method,
    path,
    canonicalQuery(query),
    ...names.map((n) => `${n}:${headers[n]}`),
    '',
    names.join(';'),
    payloadHash,
  ]
  const key = signingKey(request.secret ?? server.credentials.secretAccessKey, amzDate.slice(0, 8), region)
  const signature = hmac(key, ['AWS4-HMAC-SHA256', amzDate, scope, sha256(canonical.join('\n'))].join('\n')).toString(
    'hex',
  )
  const id = request.accessKeyId ?? server.credentials.accessKeyId
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${id}/${scope},SignedHeaders=${names.join(';')},Signature=${signature}`
  return { headers, signature, amzDate, scope, key }
}

/** A URL anybody may use for `expiresS` seconds: path and query. */
export function presign(
  server: TestServer,
  method: string,
  path: string,
  expiresS = 60,
  timeMs: number = Date.now(),
  hoisted = '',
): string {
  const amzDate = amzDateOf(timeMs)
  const scope = `${amzDate.slice(0, 8)}/${server.region}/s3/aws4_request`
  const query = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`${server.credentials.accessKeyId}/${scope}`)}`,
    `X-Amz-Date=${amzDate}`,
    `X-Amz-Expires=${expiresS}`,
    'X-Amz-SignedHeaders=host',
    ...(hoisted === '' ? [] : [hoisted]),
  ].join('&')
  const canonical = [method, path, query, `host:127.0.0.1:${server.port}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n')
  const key = signingKey(server.credentials.secretAccessKey, amzDate.slice(0, 8), server.region)
  const signature = hmac(key, ['AWS4-HMAC-SHA256', amzDate, scope, sha256(canonical)].join('\n')).toString('hex')
  return `${path}?${query}&X-Amz-Signature=${signature}`
}

/** A body in signed chunks of `chunkBytes`, with a signed trailer if given. */
export function signFrames(signed: Signed, body: Uint8Array, chunkBytes: number, trailer?: string): Buffer {
  const { key, amzDate, scope } = signed
  let previous = signed.signature
  const next = (kind: string, hashes: string): string =>
    (previous = hmac(key, [kind, amzDate, scope, previous, hashes].join('\n')).toString('hex'))
  const out: (Uint8Array | string)[] = []
  for (let at = 0; ; at += chunkBytes) {
    const chunk = body.subarray(at, at + chunkBytes)
    const signature = next('AWS4-HMAC-SHA256-PAYLOAD', `${sha256('')}\n${sha256(chunk)}`)
    out.push(`${chunk.byteLength.toString(16)};chunk-signature=${signature}\r\n`, chunk)
    if (chunk.byteLength === 0) break
    out.push('\r\n')
  }
  if (trailer !== undefined) {
    out.push(
      `${trailer}\r\n`,
      `x-amz-trailer-signature:${next('AWS4-HMAC-SHA256-TRAILER', sha256(`${trailer}\n`))}\r\n`,
    )
  }
  out.push('\r\n')
  return Buffer.concat(out.map((piece) => Buffer.from(piece)))
}

export interface RawReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends signed (unless `headers` has an authorization of its own, or `unsigned`) and reads one reply. */
export async function send(
  server: TestServer,
  request: RawRequest & { readonly unsigned?: boolean },
): Promise<RawReply> {
  const own = request.unsigned || request.headers?.['authorization'] !== undefined
  const headers = own ? { host: `127.0.0.1:${server.port}`, ...request.headers } : signRequest(server, request).headers
  return sendRaw(server, request.method, request.target, headers, request.body)
}

export async function sendRaw(
  server: TestServer,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | string = '',
): Promise<RawReply> {
  const bytes = Buffer.from(body)
  const framed = headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined
  const lines = Object.entries({
    ...headers,
    connection: 'close',
    ...(framed ? {} : { 'content-length': String(bytes.byteLength) }),
  })
  const head = `${method} ${target} HTTP/1.1\r\n${lines.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`
  const [reply] = await exchange(server.port, Buffer.concat([Buffer.from(head, 'latin1'), bytes]), [method === 'HEAD'])
  if (!reply) throw new Error('the server closed the connection without a reply')
  return reply
}

/** Writes bytes and reads what comes until the server closes; `heads` tells which replies have no body. */
export async function exchange(
  port: number,
  bytes: Uint8Array,
  heads: readonly boolean[] = [false],
): Promise<readonly RawReply[]> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  const pieces: Buffer[] = []
  for await (const piece of socket) pieces.push(piece as Buffer)
  return parseReplies(Buffer.concat(pieces), heads)
}

function parseReplies(bytes: Buffer, heads: readonly boolean[]): readonly RawReply[] {
  const replies: RawReply[] = []
  let rest = bytes
  while (rest.byteLength > 0) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) throw new Error(`not a reply: ${rest.toString('latin1')}`)
    const [first = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n')
    const status = Number(first.split(' ')[1])
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    )
    const size = status === 100 || heads[replies.length] ? 0 : Number(headers['content-length'] ?? 0)
    const body = rest.subarray(end + 4, end + 4 + size)
    rest = rest.subarray(end + 4 + size)
    if (status !== 100) replies.push({ status, headers, body: body.toString() })
  }
  return replies
}

function canonicalQuery(query: string): string {
  if (query === '') return ''
  return query
    .split('&')
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .sort()
    .join('&')
}

/** The text of the first element of that name. */
export function tag(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
}
