// Keys derived from a secret for one day, region and service, and signatures made and compared with them.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'

export interface Scope {
  /** YYYYMMDD */
  readonly date: string
  readonly region: string
  readonly service: string
}

export function scopeText(scope: Scope): string {
  return `${scope.date}/${scope.region}/${scope.service}/aws4_request`
}

/** One set of credentials makes one key a day and region. */
const keysMax = 1000

/** Derived keys by secret and scope; deriving costs four HMACs, a request has one other. */
export class SigningKeys {
  readonly #keys = new LRUCache<string, Buffer>({ max: keysMax })

  derive(secret: string, scope: Scope): Buffer {
    const id = `${scopeText(scope)}/${secret}`
    let key = this.#keys.get(id)
    if (!key) {
      key = hmac(hmac(hmac(hmac(`AWS4${secret}`, scope.date), scope.region), scope.service), 'aws4_request')
      this.#keys.set(id, key)
    }
    return key
  }
}

export function sign(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}

/** Compares in constant time; only the length of what came in can be told. */
export function sameSignature(expected: string, given: string): boolean {
  const a = Buffer.from(expected, 'latin1')
  const b = Buffer.from(given, 'latin1')
  return a.byteLength === b.byteLength && timingSafeEqual(a, b)
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
