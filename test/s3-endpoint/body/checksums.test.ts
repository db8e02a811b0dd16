// Checksums against published values, and continued over any split.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDigest } from '../../../src/s3-endpoint/body/checksums.ts'
import { crc32c, crc64nvme } from '../../../src/s3-endpoint/body/crc-tables.ts'

const digits = Buffer.from('123456789')

describe('CRCs Node has no native form of', () => {
  it('give the check values of their catalogue entries', () => {
    expect(crc32c(digits).toString(16)).toBe('e3069283')
    expect(crc64nvme(digits).map((half) => half.toString(16).padStart(8, '0'))).toEqual(['ae8b1486', '0a799888'])
  })

  it('give the values of RFC 3720 for 32 zeros, ones and counted bytes', () => {
    expect(crc32c(new Uint8Array(32)).toString(16)).toBe('8a9136aa')
    expect(crc32c(new Uint8Array(32).fill(0xff)).toString(16)).toBe('62a8ab43')
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)).toString(16)).toBe('46dd794e')
  })
})

describe.each(['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256', 'md5'] as const)('%s', (algorithm) => {
  it('is the same in one piece and in any two', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, at) => {
        const whole = createDigest(algorithm)
        whole.update(bytes)
        const split = createDigest(algorithm)
        split.update(bytes.subarray(0, at))
        split.update(bytes.subarray(at))
        expect(split.value()).toBe(whole.value())
      }),
    )
  })
})
