import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOfName, isValidName, nameByteLength, nameOfBytes } from '../../src/format/name.ts'
import { anyBytes } from './arbitraries.ts'

describe('names', () => {
  it('give back every sequence of bytes', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(Buffer.from(bytesOfName(nameOfBytes(bytes)))).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it('are counted in bytes', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(nameByteLength(nameOfBytes(bytes))).toBe(bytes.length)
      }),
    )
  })

  it('stand for different bytes when they differ', () => {
    fc.assert(
      fc.property(anyBytes, anyBytes, (a, b) => {
        expect(nameOfBytes(a) === nameOfBytes(b)).toBe(Buffer.compare(a, b) === 0)
      }),
    )
  })

  it('are plain strings for valid UTF-8, the byte order mark included', () => {
    expect(nameOfBytes(Buffer.from('\ufeffnaïve 😀'))).toBe('\ufeffnaïve 😀')
  })

  it('show each byte that is not UTF-8 as its own surrogate', () => {
    expect(nameOfBytes(Uint8Array.of(0x63, 0xe9, 0x2e, 0x74))).toBe('c\udce9.t')
    expect(nameOfBytes(Uint8Array.of(0xf0, 0x9f, 0x98))).toBe('\udcf0\udc9f\udc98')
  })

  it.each([
    ['an overlong slash', [0xc0, 0xaf]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['a code point past U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a lone continuation byte', [0x80]],
  ])('never take %s for a character', (_, bytes) => {
    expect(nameOfBytes(Uint8Array.from(bytes))).toBe(String.fromCharCode(...bytes.map((byte) => 0xdc00 + byte)))
  })

  it.each(['', 'a/b', 'a\0', '\ud800', '\udc7f', 'x\udcc3\udca9'])(
    'refuse %j, which is no name of an entry',
    (name) => {
      expect(isValidName(name)).toBe(false)
    },
  )

  it.each(['a', 'é', '😀', '\udcc3', '\udce9\udcc3', '\x01', '.'])('accept %j', (name) => {
    expect(isValidName(name)).toBe(true)
  })
})
