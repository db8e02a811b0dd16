// The two small algorithms of the local stores, against plain ones.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareUtf8, crc32 } from '../../../src/base/bytes.ts'
import { crc32Combine } from '../../../src/store/local/crc32-combine.ts'
import { SortedKeys } from '../../../src/store/local/sorted-keys.ts'

describe('crc32Combine', () => {
  it('is the CRC-32 of both runs together', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (a, b) => {
        expect(crc32Combine(crc32(a), crc32(b), b.byteLength)).toBe(crc32(Buffer.concat([a, b])))
      }),
    )
  })
})

describe('SortedKeys', () => {
  it('keeps UTF-8 order through adds and deletes, past many runs', () => {
    const keys = new SortedKeys()
    const reference = new Set<string>()
    let x = 1
    for (let i = 0; i < 12_000; i++) {
      x = (x * 48_271) % 0x7fffffff
      const key = `${String.fromCodePoint(0xff00 + (x % 3) * 0x2000)}${x % 5000}`
      if (i % 3 === 2) {
        keys.delete(key)
        reference.delete(key)
      } else {
        keys.add(key)
        reference.add(key)
      }
    }
    const found: string[] = []
    for (let key = keys.after(''); key !== undefined; key = keys.after(key)) found.push(key)
    const expected = [...reference].sort(compareUtf8)
    expect(found).toEqual(expected)
    expect(keys.afterPrefix(expected[0]?.slice(0, 1) as string)).toBe(
      expected.find((key) => key[0] !== expected[0]?.[0]),
    )
  })
})
