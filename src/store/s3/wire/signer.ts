// SigV4 in the Authorization header, for one service and many requests: the derived key is kept per day, region and
// secret, the time strings per second, so that a signature costs two hashes.

import { createHmac, hash } from 'node:crypto'
import { canonicalRequest, type HeaderPairs } from './canonical.ts'
import { HmacKey } from './hmac.ts'

export interface SigningCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

export interface SignInput {
  readonly method: string
  /** Encoded, as it is sent. */
  readonly path: string
  readonly query: string
  /** Host header as it is sent, port included. */
  readonly host: string
  readonly headers: HeaderPairs
  /** Hex sha256, or UNSIGNED-PAYLOAD. */
  readonly payloadHash: string
  readonly credentials: SigningCredentials
  readonly region: string
  /** The server's time as far as known, epoch milliseconds. */
  readonly nowMs: number
}

const service = 's3'
const nonAscii = /[\u0080-\uffff]/

export class Signer {
  #second = -1
  #amzDate = ''
  #keyFor = ''
  #key: HmacKey = new HmacKey(new Uint8Array(0))

  /** All headers to send, Authorization last, as the flat array Node's http takes. */
  sign(input: SignInput): string[] {
    const { credentials, payloadHash, region } = input
    this.#setTime(input.nowMs)
    const day = this.#amzDate.slice(0, 8)
    const headers: (readonly [string, string])[] = []
    for (const pair of input.headers) insert(headers, pair)
    insert(headers, ['host', input.host])
    insert(headers, ['x-amz-content-sha256', payloadHash])
    insert(headers, ['x-amz-date', this.#amzDate])
    if (credentials.sessionToken !== undefined) insert(headers, ['x-amz-security-token', credentials.sessionToken])
    const { text, signedHeaders } = canonicalRequest(input.method, input.path, input.query, headers, payloadHash)
    const scope = `${day}/${region}/${service}/aws4_request`
    const digest = hash('sha256', nonAscii.test(text) ? Buffer.from(text, 'latin1') : text, 'hex')
    const stringToSign = `AWS4-HMAC-SHA256\n${this.#amzDate}\n${scope}\n${digest}`
    const signature = this.#signingKey(credentials, day, region).hex(stringToSign)
    const flat: string[] = []
    for (const [name, value] of headers) flat.push(name, value)
    const credential = `${credentials.accessKeyId}/${scope}`
    flat.push(
      'authorization',
      `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    )
    return flat
  }

  #setTime(nowMs: number): void {
    const second = Math.floor(nowMs / 1000)
    if (second === this.#second) return
    this.#second = second
    this.#amzDate = `${new Date(second * 1000).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  }

  #signingKey(credentials: SigningCredentials, day: string, region: string): HmacKey {
    const keyFor = `${day}/${region}/${credentials.accessKeyId}/${credentials.secretAccessKey}`
    if (keyFor !== this.#keyFor) {
      const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
      const derived = hmac(hmac(hmac(hmac(`AWS4${credentials.secretAccessKey}`, day), region), service), 'aws4_request')
      this.#key = new HmacKey(derived)
      this.#keyFor = keyFor
    }
    return this.#key
  }
}

/** Keeps a handful of headers in order: cheaper than a sort. */
function insert(headers: (readonly [string, string])[], pair: readonly [string, string]): void {
  let at = headers.length
  while (at > 0 && (headers[at - 1] as readonly [string, string])[0] > pair[0]) at--
  headers.splice(at, 0, pair)
}
