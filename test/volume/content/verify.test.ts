// What counts as a proof of an object's bytes.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { crc32, crc32Base64, md5Hex, utf8 } from '../../../src/base/bytes.ts'
import type { ObjectChecksum } from '../../../src/store/store.ts'
import { crc32cBase64, crc64NvmeBase64 } from '../../../src/volume/content/fill/crc.ts'
import { verifyWhole } from '../../../src/volume/content/fill/verify.ts'
import { patterned } from '../../support/store-kit.ts'

const bytes = patterned(100_003)
const wrong = bytes.slice()
wrong[50_000] = (wrong[50_000] as number) ^ 4

const hash = (algorithm: string): string => createHash(algorithm).update(bytes).digest('base64')
const checksums: readonly (readonly [ObjectChecksum['algorithm'], string])[] = [
  ['crc32', crc32Base64(crc32(bytes))],
  ['crc32c', crc32cBase64(bytes)],
  ['crc64nvme', crc64NvmeBase64(bytes)],
  ['sha1', hash('sha1')],
  ['sha256', hash('sha256')],
]

describe('CRCs without native code', () => {
  it('give the published check values', () => {
    const check = utf8('123456789')
    expect(Buffer.from(crc32cBase64(check), 'base64').toString('hex')).toBe('e3069283')
    expect(Buffer.from(crc64NvmeBase64(check), 'base64').toString('hex')).toBe('ae8b14860a799888')
  })

  it('do not depend on where in a buffer the bytes lie', () => {
    const moved = new Uint8Array(bytes.byteLength + 3)
    moved.set(bytes, 3)
    expect(crc32cBase64(moved.subarray(3))).toBe(crc32cBase64(bytes))
    expect(crc64NvmeBase64(moved.subarray(3))).toBe(crc64NvmeBase64(bytes))
  })
})

describe('verifyWhole', () => {
  for (const [algorithm, value] of checksums)
    it(`accepts and refuses by a full-object ${algorithm}`, () => {
      const proof = { etag: 'opaque', checksum: { algorithm, value, type: 'full-object' } as const }
      expect(verifyWhole(bytes, proof, false)).toBe(true)
      expect(verifyWhole(wrong, proof, false)).toBe(false)
    })

  it('accepts and refuses by an MD5 ETag where the probe found them', () => {
    const proof = { etag: md5Hex([bytes]) }
    expect(verifyWhole(bytes, proof, true)).toBe(true)
    expect(verifyWhole(wrong, proof, true)).toBe(false)
    expect(verifyWhole(wrong, proof, false)).toBeUndefined()
  })

  it('takes no multipart ETag and no ETag of an object under a KMS key for an MD5', () => {
    const etag = md5Hex([bytes])
    expect(verifyWhole(bytes, { etag: `${etag}-2` }, true)).toBeUndefined()
    expect(verifyWhole(bytes, { etag, headers: { sse: 'aws:kms:dsse', metadata: {} } }, true)).toBeUndefined()
  })

  it('takes no composite checksum for one of the whole', () => {
    const checksum = { algorithm: 'crc32', value: crc32Base64(crc32(bytes)), type: 'composite' } as const
    expect(verifyWhole(wrong, { etag: 'opaque', checksum }, true)).toBeUndefined()
  })
})
