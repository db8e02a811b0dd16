import { describe, expect, it } from 'vitest'
import { decodeMetadata } from '../../src/format/metadata.ts'
import type { DecodedMetadata } from '../../src/format/metadata.ts'

const lastModified = 1_700_000_000_000
const lastModifiedNs = 1_700_000_000_000_000_000n

interface Seen {
  readonly key?: string
  readonly size?: number
  readonly contentType?: string
}

function decode(metadata: Record<string, string>, { key = 'a', size = 10, contentType }: Seen = {}): DecodedMetadata {
  const isDirectoryKey = key.endsWith('/')
  return decodeMetadata(
    { key, isDirectoryKey, size, lastModified, headers: { contentType, metadata } },
    { uid: 501, gid: 20 },
  )
}

describe('objects without metadata', () => {
  it('show defaults and LastModified', () => {
    expect(decode({})).toEqual({
      type: 'file',
      mode: 0o100644,
      uid: 501,
      gid: 20,
      rdev: 0,
      target: undefined,
      xattrs: new Map(),
      atimeSet: false,
      mtimeNs: lastModifiedNs,
      ctimeNs: lastModifiedNs,
      atimeNs: lastModifiedNs,
      birthtimeNs: lastModifiedNs,
    })
  })

  it('that end in a slash are directories', () => {
    expect(decode({}, { key: 'd/', size: 0 })).toMatchObject({ type: 'directory', mode: 0o040755 })
  })

  it.each(['application/x-directory', 'httpd/unix-directory', 'application/x-directory; charset=UTF-8'])(
    'of type %s are directories when empty, files when not',
    (contentType) => {
      expect(decode({}, { size: 0, contentType }).type).toBe('directory')
      expect(decode({}, { size: 1, contentType }).type).toBe('file')
    },
  )
})

describe('mode', () => {
  it.each([
    // s3fs and geesefs
    ['33188', 'a', 10, 0o100644],
    ['33261', 'a', 10, 0o100755],
    ['16877', 'd/', 0, 0o040755],
    ['41471', 'l', 10, 0o120777],
    ['0100644', 'a', 10, 0o100644],
    ['0x81a4', 'a', 10, 0o100644],
    ['4516', 'p', 0, 0o010644],
    ['8630', 'c', 0, 0o020666],
    ['25008', 'b', 0, 0o060660],
    ['49645', 's', 0, 0o140755],
    ['41471', 'a', 5000, 0o100777],
    // rclone
    ['100644', 'a', 10, 0o100644],
    ['104755', 'a', 10, 0o104755],
    ['40755', 'd/', 0, 0o040755],
    ['41777', 'd/', 0, 0o041777],
    ['120777', 'l', 10, 0o120777],
    ['10644', 'p', 0, 0o010644],
    // bare permissions
    ['644', 'a', 10, 0o100644],
    ['0640', 'a', 10, 0o100640],
    ['755', 'd/', 0, 0o040755],
    ['4755', 'a', 10, 0o104755],
    ['1777', 'd/', 0, 0o041777],
    // nonsense
    ['rw-r--r--', 'a', 10, 0o100644],
    ['', 'a', 10, 0o100644],
    ['999', 'a', 10, 0o100644],
    ['-1', 'a', 10, 0o100644],
    ['99999999999', 'a', 10, 0o100644],
    // a directory whose mode says otherwise stays one
    ['33188', 'd/', 0, 0o040644],
  ] as const)('%j of %j with %i bytes is %i', (mode, key, size, full) => {
    expect(decode({ mode }, { key, size }).mode).toBe(full)
  })

  it('of every plain file is read alike in decimal and octal', () => {
    for (let permissions = 0; permissions <= 0o7777; permissions++) {
      const full = 0o100000 | permissions
      expect(decode({ mode: String(full) }).mode).toBe(full)
      expect(decode({ mode: full.toString(8) }).mode).toBe(full)
    }
  })

  it('of every directory is read alike in decimal and octal', () => {
    for (let permissions = 0; permissions <= 0o7777; permissions++) {
      const full = 0o040000 | permissions
      expect(decode({ mode: String(full) }, { key: 'd/', size: 0 }).mode).toBe(full)
      expect(decode({ mode: full.toString(8) }, { key: 'd/', size: 0 }).mode).toBe(full)
    }
  })

  it('of every symlink is read alike in decimal and octal', () => {
    for (let permissions = 0; permissions <= 0o7777; permissions++) {
      const full = 0o120000 | permissions
      expect(decode({ mode: String(full) }).mode).toBe(full)
      expect(decode({ mode: full.toString(8) }).mode).toBe(full)
    }
  })
})

describe('other dialects', () => {
  it('AWS: file-*', () => {
    const metadata = {
      'file-permissions': '0100664',
      'file-owner': '1000',
      'file-group': '1001',
      'file-mtime': '1595002920000000000ns',
      'file-atime': '1595002921000000007ns',
    }
    expect(decode(metadata)).toMatchObject({
      type: 'file',
      mode: 0o100664,
      uid: 1000,
      gid: 1001,
      mtimeNs: 1_595_002_920_000_000_000n,
      atimeNs: 1_595_002_921_000_000_007n,
      atimeSet: true,
      ctimeNs: lastModifiedNs,
    })
  })

  it('AWS: a symlink by its type bits', () => {
    expect(decode({ 'file-permissions': '0120777' })).toMatchObject({ type: 'symlink', target: undefined })
  })

  it('Google: goog-reserved-* and gcsfuse_mtime', () => {
    const metadata = {
      'goog-reserved-posix-mode': '600',
      'goog-reserved-posix-uid': '7',
      'goog-reserved-posix-gid': '8',
      gcsfuse_mtime: '2020-07-17T16:22:00.5Z',
    }
    expect(decode(metadata)).toMatchObject({ mode: 0o100600, uid: 7, gid: 8, mtimeNs: 1_595_002_920_500_000_000n })
    expect(decode({ ...metadata, 'goog-reserved-file-mtime': '5' }).mtimeNs).toBe(5_000_000_000n)
  })

  it('s3sync: permissions, owner, group', () => {
    expect(decode({ permissions: '420', owner: '3', group: '4' })).toMatchObject({ mode: 0o100644, uid: 3, gid: 4 })
  })

  it('are read in the order s3fs, AWS, Google, s3sync, each field by itself', () => {
    const metadata = {
      mode: 'nonsense',
      'file-permissions': '0640',
      'goog-reserved-posix-mode': '777',
      permissions: '511',
      'file-owner': '1',
      owner: '2',
      gid: '9',
      'file-group': '1',
      mtime: '12',
      'file-mtime': '13000000000ns',
    }
    expect(decode(metadata)).toMatchObject({ mode: 0o100640, uid: 1, gid: 9, mtimeNs: 12_000_000_000n })
  })

  it('geesefs and gcsfuse: the target in metadata', () => {
    expect(decode({ '--symlink-target': '../b' }, { size: 0 })).toMatchObject({
      type: 'symlink',
      mode: 0o120777,
      target: '../b',
    })
    expect(decode({ '--symlink-target': 'caf%E9/%25' }, { size: 0 }).target).toBe('caf\udce9/%')
    expect(decode({ '--symlink-target': '50%off' }, { size: 0 }).target).toBe('50%off')
    expect(decode({ gcsfuse_symlink_target: 'x', mode: '33188' }, { size: 0 })).toMatchObject({
      type: 'symlink',
      mode: 0o120777,
    })
  })
})

describe('times', () => {
  it.each([
    ['1700000001', 1_700_000_001_000_000_000n],
    ['1700000001.000000005', 1_700_000_001_000_000_005n],
    ['1700000001.5', 1_700_000_001_500_000_000n],
    ['1700000001.1234567891', 1_700_000_001_123_456_789n],
    ['2023-11-14T22:13:21.25Z', 1_700_000_001_250_000_000n],
    ['2023-11-14T23:13:21+01:00', 1_700_000_001_000_000_000n],
    ['1960-02-29T00:00:00Z', -310_521_600_000_000_000n],
    ['-1.500000000', -500_000_000n],
    ['-1.5', -1_500_000_000n],
    ['-2', -2_000_000_000n],
    ['0', 0n],
  ])('%s', (mtime, ns) => {
    expect(decode({ mtime }).mtimeNs).toBe(ns)
  })

  it.each(['yesterday', '', '1e9', '2023-13-01T00:00:00Z', '2023-02-29T00:00:00Z', '99999999999', '.5'])(
    '%j is none',
    (mtime) => {
      expect(decode({ mtime }).mtimeNs).toBe(lastModifiedNs)
    },
  )

  it('without ctime show when the object was last written', () => {
    expect(decode({ mtime: '5' })).toMatchObject({
      mtimeNs: 5_000_000_000n,
      ctimeNs: lastModifiedNs,
      atimeNs: 5_000_000_000n,
      birthtimeNs: 5_000_000_000n,
    })
  })
})

describe('ids', () => {
  it.each([
    ['0', 0],
    ['1000', 1000],
    ['0x10', 16],
    ['017', 15],
    ['4294967294', 4_294_967_294],
  ])('%s is %i', (uid, id) => {
    expect(decode({ uid }).uid).toBe(id)
  })

  it.each(['alice', '-1', '4294967295', '', '1.5'])('%j is the default', (uid) => {
    expect(decode({ uid }).uid).toBe(501)
  })
})
