// The same codes as node:crypto's own.

import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { HmacKey } from '../../../../src/store/s3/wire/hmac.ts'

describe('HmacKey', () => {
  it('agrees with createHmac, call after call', () => {
    const key = createHmac('sha256', 'k').update('x').digest()
    const mine = new HmacKey(key)
    for (const text of ['', 'a', 'b'.repeat(63), 'c'.repeat(64), 'd'.repeat(65), 'e'.repeat(1024), 'short again']) {
      expect(mine.hex(text)).toBe(createHmac('sha256', key).update(text).digest('hex'))
    }
  })

  it('refuses what does not fit', () => {
    expect(() => new HmacKey(new Uint8Array(65))).toThrow(RangeError)
    expect(() => new HmacKey(new Uint8Array(32)).hex('x'.repeat(1025))).toThrow(RangeError)
  })
})
