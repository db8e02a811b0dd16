import fc from 'fast-check'
import { nameOfBytes } from '../../src/format/name.ts'

// Bytes and names as users of a POSIX disk make them: mostly ASCII and UTF-8, some of it broken.

const asciiBytes = fc.string({ unit: 'grapheme-ascii' }).map((text) => new Uint8Array(Buffer.from(text)))
const textBytes = fc.string({ unit: 'binary' }).map((text) => new Uint8Array(Buffer.from(text)))
const rawBytes = fc.uint8Array({ maxLength: 40 })
/** Sequences near the edges of UTF-8. */
const edgeBytes = fc
  .array(
    fc.constantFrom(
      0x2e,
      0x25,
      0x41,
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc0,
      0xc2,
      0xe0,
      0xed,
      0xef,
      0xf0,
      0xf4,
      0xf5,
      0xff,
    ),
  )
  .map((bytes) => Uint8Array.from(bytes))

export const anyBytes: fc.Arbitrary<Uint8Array> = fc.oneof(asciiBytes, textBytes, rawBytes, edgeBytes)

/** Names of entries: never empty, '.', '..', with '/' or NUL, or longer than 255 bytes. */
export const anyName: fc.Arbitrary<string> = fc
  .oneof(
    anyBytes,
    anyBytes.map((bytes) => Buffer.concat([Buffer.from('.bucketfs%'), bytes])),
    fc.constant(Buffer.from('.bucketfs')),
  )
  .map((bytes) => nameOfBytes(bytes.subarray(0, 255).filter((byte) => byte !== 0 && byte !== 0x2f)))
  .filter((name) => name !== '' && name !== '.' && name !== '..')
