// aws-chunked framing, whatever the boundaries of the reads.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameDecoder } from '../../../src/s3-endpoint/body/frame-decoder.ts'

function frame(chunks: readonly Uint8Array[], trailer = ''): Buffer {
  const pieces = chunks
    .filter((chunk) => chunk.byteLength > 0)
    .flatMap((chunk) => [Buffer.from(`${chunk.byteLength.toString(16)};ext=1\r\n`), chunk, Buffer.from('\r\n')])
  return Buffer.concat([...pieces, Buffer.from(`0\r\n${trailer}\r\n`)])
}

function decode(
  framed: Buffer,
  cuts: readonly number[],
  trailers = true,
): { data: Buffer; trailers: ReadonlyMap<string, string> } {
  const decoder = new FrameDecoder({ signatures: undefined, trailers })
  const places = [...new Set([0, ...cuts.map((cut) => cut % framed.byteLength), framed.byteLength])].sort(
    (a, b) => a - b,
  )
  const out: Uint8Array[] = []
  for (let i = 0; i + 1 < places.length; i++) out.push(...decoder.push(framed.subarray(places[i], places[i + 1])))
  decoder.finish()
  return { data: Buffer.concat(out), trailers: decoder.trailers }
}

describe('the decoder', () => {
  it('gives the same data and trailer for any chunks cut anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }),
        fc.array(fc.nat(500), { maxLength: 12 }),
        (chunks, cuts) => {
          const decoded = decode(frame(chunks, 'x-amz-checksum-crc32:AAAAAA==\r\n'), cuts)
          expect(Buffer.compare(decoded.data, Buffer.concat(chunks))).toBe(0)
          expect([...decoded.trailers]).toEqual([['x-amz-checksum-crc32', 'AAAAAA==']])
        },
      ),
    )
  })

  it('refuses a body cut off anywhere before its last chunk', () => {
    const framed = frame([Buffer.from('hello'), Buffer.from('world')])
    const last = framed.indexOf('0\r\n\r\n')
    for (let end = 0; end <= last + 1; end++) {
      expect(() => decode(Buffer.concat([framed.subarray(0, end), Buffer.alloc(0)]), []), `cut at ${end}`).toThrow()
    }
  })

  it('refuses trailers where none were announced', () => {
    expect(() => decode(frame([], 'x-a:1\r\n'), [], false)).toThrow(/trailer/)
  })

  it('refuses the same trailer twice and more than 32', () => {
    expect(() => decode(frame([], 'x-a:1\r\nx-a:2\r\n'), [])).toThrow(/trailer/)
    expect(() => decode(frame([], Array.from({ length: 33 }, (_, i) => `x-${i}:1\r\n`).join('')), [])).toThrow(
      /trailer/,
    )
  })
})
