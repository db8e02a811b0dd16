import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMetadata, encodeMetadata, writeIdOf } from '../../src/format/metadata.ts'
import type { EncodedAttributes } from '../../src/format/metadata.ts'
import { timeNsMax, timeNsMin } from '../../src/format/time.ts'
import type { ObjectHeaders } from '../../src/store/store.ts'

const writeId = '0123456789abcdef0123456789abcdef'
const plain: EncodedAttributes = {
  mode: 0o100640,
  uid: 1000,
  gid: 100,
  rdev: 0,
  mtimeNs: 1_700_000_000_000_000_000n,
  ctimeNs: 1_700_000_001_000_000_002n,
  atimeNs: 0n,
  atimeSet: false,
}

function encode(
  previous: ObjectHeaders | undefined,
  changes: Partial<EncodedAttributes> = {},
  contents: 'kept' | 'new' = 'kept',
  xattrs?: ReadonlyMap<string, Uint8Array>,
): ObjectHeaders {
  return encodeMetadata(previous, { attributes: { ...plain, ...changes }, xattrs, writeId, contents }).headers
}

describe('headers of a new object', () => {
  it('are the s3fs dialect and the write id', () => {
    expect(encode(undefined)).toEqual({
      metadata: {
        mode: '33184',
        uid: '1000',
        gid: '100',
        mtime: '1700000000',
        ctime: '1700000001.000000002',
        'bucketfs-id': writeId,
      },
    })
  })

  it('of a directory have its content type', () => {
    expect(encode(undefined, { mode: 0o040755 })).toMatchObject({
      contentType: 'application/x-directory',
      metadata: { mode: '16877' },
    })
  })

  it('carry atime only when it was set, rdev only of devices', () => {
    expect(encode(undefined, { atimeNs: 5n, atimeSet: true, mode: 0o020600, rdev: 0x103 }).metadata).toMatchObject({
      atime: '0.000000005',
      rdev: '259',
      mode: '8576',
    })
  })

  it('keep times within what is read back', () => {
    expect(encode(undefined, { mtimeNs: 10n ** 30n, ctimeNs: -(10n ** 30n) }).metadata).toMatchObject({
      mtime: '15032385535.999999999',
      ctime: '-2147483648',
    })
  })

  it('say half a second before 1970 as s3fs does', () => {
    expect(encode(undefined, { mtimeNs: -500_000_000n }).metadata['mtime']).toBe('-1.500000000')
  })
})

describe('headers of a rewrite', () => {
  const previous: ObjectHeaders = {
    contentType: 'text/html',
    contentEncoding: 'gzip',
    contentDisposition: 'inline',
    contentLanguage: 'de',
    cacheControl: 'no-cache',
    expires: 'Thu, 01 Dec 1994 16:00:00 GMT',
    websiteRedirect: '/x',
    storageClass: 'STANDARD_IA',
    sse: 'aws:kms',
    sseKmsKeyId: 'k',
    sseBucketKey: true,
    objectLockMode: 'GOVERNANCE',
    objectLockRetainUntil: '2030',
    objectLockLegalHold: 'ON',
    metadata: { color: 'red', 'weird%name': 'x', md5chksum: 'abc', mode: '33188' },
  }

  it('keep everything that is not ours', () => {
    const { metadata, ...rest } = encode(previous)
    const { metadata: before, ...restBefore } = previous
    expect(rest).toEqual(restBefore)
    expect(metadata).toMatchObject({ ...before, mode: '33184' })
  })

  it('drop hashes of contents that are no longer', () => {
    const headers: ObjectHeaders = { metadata: { md5chksum: 'abc', 's3cmd-attrs': 'uid:1/md5:abc/mode:33188' } }
    expect(encode(headers, {}, 'new').metadata['md5chksum']).toBeUndefined()
    expect(encode(headers, {}, 'new').metadata['s3cmd-attrs']).toBe('uid:1/mode:33188')
    expect(encode(headers, {}, 'kept').metadata['md5chksum']).toBe('abc')
  })

  it('drop a target in metadata when the object has a body instead, or is no symlink any more', () => {
    const headers: ObjectHeaders = { metadata: { '--symlink-target': 'x', gcsfuse_symlink_target: 'y' } }
    expect(Object.keys(encode(headers).metadata)).not.toContain('--symlink-target')
    expect(Object.keys(encode(headers, { mode: 0o120777 }, 'new').metadata)).not.toContain('gcsfuse_symlink_target')
    expect(encode(headers, { mode: 0o120777 }).metadata).toMatchObject(headers.metadata)
  })

  it('bring other dialects up to date, in their own words', () => {
    const metadata = {
      'file-permissions': '0100600',
      'file-owner': '1',
      'file-group': '2',
      'file-mtime': '5ns',
      'file-atime': '6ns',
      'goog-reserved-posix-mode': '600',
      'goog-reserved-posix-uid': '1',
      'goog-reserved-posix-gid': '1',
      'goog-reserved-file-mtime': '5',
      gcsfuse_mtime: '2020-01-01T00:00:00Z',
      permissions: '33152',
      owner: '1',
      group: '1',
    }
    expect(encode({ metadata }, { mtimeNs: 1_700_000_000_250_000_000n, atimeNs: 7n }).metadata).toMatchObject({
      'file-permissions': '0100640',
      'file-owner': '1000',
      'file-group': '100',
      'file-mtime': '1700000000250000000ns',
      'file-atime': '7ns',
      'goog-reserved-posix-mode': '640',
      'goog-reserved-posix-uid': '1000',
      'goog-reserved-posix-gid': '100',
      'goog-reserved-file-mtime': '1700000000',
      gcsfuse_mtime: '2023-11-14T22:13:20.25Z',
      permissions: '33184',
      owner: '1000',
      group: '100',
    })
  })

  it('leave fields alone that only look like a dialect', () => {
    const metadata = { owner: 'alice', group: 'staff', permissions: 'public-read' }
    expect(encode({ metadata }).metadata).toMatchObject(metadata)
  })

  it('carry the new write id', () => {
    expect(writeIdOf(encode({ metadata: { 'bucketfs-id': 'f'.repeat(32) } }))).toBe(writeId)
  })
})

describe('attributes', () => {
  const attributes = fc.record({
    mode: fc
      .tuple(fc.constantFrom(0o100000, 0o120000, 0o010000, 0o140000, 0o020000, 0o060000), fc.nat(0o777))
      .map(([type, permissions]) => type | permissions),
    uid: fc.nat(0xffff_fffe),
    gid: fc.nat(0xffff_fffe),
    rdev: fc.nat(0xffff_ffff),
    mtimeNs: fc.bigInt(timeNsMin, timeNsMax),
    ctimeNs: fc.bigInt(timeNsMin, timeNsMax),
    atimeNs: fc.bigInt(timeNsMin, timeNsMax),
    atimeSet: fc.constant(true),
  })

  it('read back as they were written', () => {
    fc.assert(
      fc.property(attributes, (written) => {
        const { metadata } = encode(undefined, written)
        const isDevice = (written.mode & 0o170000) === 0o020000 || (written.mode & 0o170000) === 0o060000
        const size = (written.mode & 0o170000) === 0o120000 || (written.mode & 0o170000) === 0o100000 ? 3 : 0
        const read = decodeMetadata(
          { key: 'k', isDirectoryKey: false, size, lastModified: 0, headers: { metadata } },
          { uid: 1, gid: 1 },
        )
        expect(read).toMatchObject({ ...written, rdev: isDevice ? written.rdev : 0 })
      }),
      { numRuns: 500 },
    )
  })

  it('of plain files with special bits read back as they were written', () => {
    for (let permissions = 0; permissions <= 0o7777; permissions++) {
      const { metadata } = encode(undefined, { mode: 0o100000 | permissions })
      const object = { key: 'k', isDirectoryKey: false, size: 0, lastModified: 0, headers: { metadata } }
      expect(decodeMetadata(object, { uid: 1, gid: 1 }).mode).toBe(0o100000 | permissions)
    }
  })
})
