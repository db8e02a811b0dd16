// HMAC-SHA-256 of short ASCII texts under one key, by two one-shot hashes. node:crypto's createHmac makes a native object
// for each call, which costs twice the time and the collector's attention with every request.

import { hash } from 'node:crypto'

const blockBytes = 64
const hashBytes = 32
/** A string to sign is about 140 bytes. */
const textBytesMax = 1024

export class HmacKey {
  readonly #inner: Buffer
  readonly #outer: Buffer

  /** A key longer than a block would have to be hashed first; signing keys are 32 bytes. */
  constructor(key: Uint8Array) {
    if (key.byteLength > blockBytes) throw new RangeError(`key of ${key.byteLength} bytes`)
    this.#inner = Buffer.alloc(blockBytes + textBytesMax, 0x36)
    this.#outer = Buffer.alloc(blockBytes + hashBytes, 0x5c)
    for (const [i, byte] of key.entries()) {
      this.#inner[i] = 0x36 ^ byte
      this.#outer[i] = 0x5c ^ byte
    }
  }

  /** The code of `text` in lower-case hex. */
  hex(text: string): string {
    if (text.length > textBytesMax) throw new RangeError(`text of ${text.length} bytes`)
    const size = this.#inner.write(text, blockBytes, 'latin1')
    this.#outer.write(hash('sha256', this.#inner.subarray(0, blockBytes + size), 'hex'), blockBytes, 'hex')
    return hash('sha256', this.#outer, 'hex')
  }
}
