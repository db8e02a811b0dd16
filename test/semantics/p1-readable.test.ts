// P1: the bucket is readable by others, and what others write is read.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import type { ObjectHeaders } from '../../src/store/store.ts'
import type { Attributes } from '../../src/volume/types.ts'
import { getText, putText } from '../support/store-kit.ts'
import { root } from '../support/volume-kit.ts'
import { errorOf, kitOf, otherKit } from './kit.ts'

describe('objects and files', () => {
  it('P1.1 a file is one object under prefix + path, holding its bytes and nothing else', async () => {
    const { bucket, calls, keys, write } = await kitOf()
    await calls.mkdir(root, '/a b', 0o755, false)
    await write('/a b/Ünïcode.txt', 'the bytes')
    expect(await keys()).toEqual(['a b/', 'a b/Ünïcode.txt'])
    expect(await getText(bucket, 'a b/Ünïcode.txt')).toBe('the bytes')
  })

  it('P1.2 an object others put is a file, and one they replace is read as it is now', async () => {
    const { bucket, clock, read } = await kitOf()
    await putText(bucket, 'x/y.txt', 'first')
    expect(await read('/x/y.txt')).toBe('first')
    await putText(bucket, 'x/y.txt', 'second')
    await clock.advance(1001)
    expect(await read('/x/y.txt')).toBe('second')
  })

  it('P1.3 a directory is a zero-byte object `dir/` of type application/x-directory', async () => {
    const { bucket, calls } = await kitOf()
    await calls.mkdir(root, '/d', 0o750, false)
    const { size, headers } = await bucket.head('d/')
    expect([size, headers.contentType]).toEqual([0, 'application/x-directory'])
    expect(headers.metadata['mode']).toBe(String(0o040750))
  })

  it('P1.4 a prefix without that object is a directory too, and mkdir over it is EEXIST', async () => {
    const { bucket, calls } = await kitOf()
    await putText(bucket, 'imp/sub/x', '1')
    expect((await calls.stat(root, '/imp', true)).type).toBe('directory')
    expect(await calls.readdir(root, '/imp')).toMatchObject([{ name: 'sub', type: 'directory' }])
    expect(await errorOf(calls.mkdir(root, '/imp', 0o755, false))).toMatchObject({ code: 'EEXIST' })
  })

  it('P1.5 taking the last entry out of such a directory leaves the directory, by its object', async () => {
    const { bucket, calls, keys } = await kitOf()
    await putText(bucket, 'removed/x', '1')
    await putText(bucket, 'moved/x', '1')
    await calls.unlink(root, '/removed/x')
    await calls.rename(root, '/moved/x', '/x')
    expect(await keys()).toEqual(['moved/', 'removed/', 'x'])
    expect((await calls.stat(root, '/removed', true)).type).toBe('directory')
  })

  it('P1.6 a symlink is an object whose body is the target and whose mode says so', async () => {
    const { bucket, calls } = await kitOf()
    await calls.symlink(root, '../some/target', '/l')
    expect(await getText(bucket, 'l')).toBe('../some/target')
    expect(Number((await bucket.head('l')).headers.metadata['mode']) & 0o170000).toBe(0o120000)
  })
})

describe('metadata', () => {
  it('P1.7 mode, uid, gid and times are written as s3fs does, so that another client shows them', async () => {
    const kit = await kitOf()
    await kit.write('/f', 'x')
    const changes = { mode: 0o640, uid: 11, gid: 12, mtimeNs: 5_000_000_007n, atimeNs: 6_000_000_000n }
    await kit.calls.setAttributes(root, '/f', changes, true)
    const { metadata } = (await kit.bucket.head('f')).headers
    expect(metadata).toMatchObject({ mode: '33184', uid: '11', gid: '12', mtime: '5.000000007', atime: '6' })
    expect(metadata['ctime']).toMatch(/^\d+(\.\d{9})?$/)
    const { calls } = await otherKit(kit)
    const seen = await calls.stat(root, '/f', true)
    expect(seen).toMatchObject({ mode: 0o100640, uid: 11, gid: 12, mtimeNs: 5_000_000_007n, atimeNs: 6_000_000_000n })
  })

  const dialects: readonly (readonly [string, Partial<ObjectHeaders>, Partial<Attributes>])[] = [
    [
      's3fs',
      { metadata: { mode: '33261', uid: '1000', gid: '100', mtime: '1600000000', ctime: '1600000001' } },
      { mode: 0o100755, uid: 1000, gid: 100, mtimeNs: 1_600_000_000_000_000_000n, ctimeNs: 1_600_000_001_000_000_000n },
    ],
    [
      'rclone',
      { metadata: { mode: '100600', uid: '1000', gid: '100', mtime: '2020-09-13T12:26:40.5Z' } },
      { mode: 0o100600, uid: 1000, gid: 100, mtimeNs: 1_600_000_000_500_000_000n },
    ],
    [
      'rclone, without metadata',
      { metadata: { mtime: '1600000000.123456789' } },
      { mtimeNs: 1_600_000_000_123_456_789n },
    ],
    [
      'AWS DataSync and File Gateway',
      {
        metadata: {
          'file-permissions': '0640',
          'file-owner': '7',
          'file-group': '8',
          'file-mtime': '1600000000000000000ns',
        },
      },
      { mode: 0o100640, uid: 7, gid: 8, mtimeNs: 1_600_000_000_000_000_000n },
    ],
    [
      'gsutil',
      {
        metadata: {
          'goog-reserved-posix-mode': '0600',
          'goog-reserved-posix-uid': '7',
          'goog-reserved-posix-gid': '8',
          'goog-reserved-file-mtime': '1600000000',
        },
      },
      { mode: 0o100600, uid: 7, gid: 8, mtimeNs: 1_600_000_000_000_000_000n },
    ],
    ['s3sync', { metadata: { permissions: '33188', owner: '7', group: '8' } }, { mode: 0o100644, uid: 7, gid: 8 }],
  ]

  it.each(dialects)('P1.8 shows what %s wrote, in stat and in listings', async (_, headers, expected) => {
    const kit = await kitOf({ uid: 501, gid: 502 })
    await kit.bucket.put('d/f', utf8('x'), { headers: { metadata: {}, ...headers } })
    await kit.bucket.put('d/g', utf8('x'), { headers: { metadata: {} } })
    expect(await kit.calls.stat(root, '/d/f', true)).toMatchObject(expected)
    const other = await otherKit(kit)
    const [entry] = await other.calls.readdirAttributes(root, '/d')
    expect(entry?.attributes).toMatchObject(expected)
  })

  it('P1.8 keeps what another dialect said through a rewrite, under both names', async () => {
    const kit = await kitOf()
    const metadata = { 'file-permissions': '0640', 'file-owner': '7', 'file-group': '8' }
    await kit.bucket.put('f', utf8('x'), { headers: { metadata } })
    await kit.write('/f', 'other')
    const { headers } = await kit.bucket.head('f')
    expect(headers.metadata).toMatchObject({ mode: String(0o100640), uid: '7', gid: '8' })
  })

  it('P1.20 what is missing shows as 0644, 0755, the options uid and gid, and LastModified', async () => {
    const { bucket, calls, clock } = await kitOf({ uid: 501, gid: 502 })
    await putText(bucket, 'd/f', 'x')
    const modifiedNs = BigInt((await bucket.head('d/f')).lastModified) * 1_000_000n
    await clock.advance(5000)
    const expected = {
      mode: 0o100644,
      uid: 501,
      gid: 502,
      mtimeNs: modifiedNs,
      ctimeNs: modifiedNs,
      atimeNs: modifiedNs,
    }
    expect(await calls.stat(root, '/d/f', true)).toMatchObject(expected)
    expect(await calls.stat(root, '/d', true)).toMatchObject({ mode: 0o040755, uid: 501, gid: 502 })
  })
})

describe('names', () => {
  it('P1.21 keys that no tree can show are in no listing and stay as they are', async () => {
    const { bucket, calls, keys, write } = await kitOf()
    const odd = ['a//b', 'a/./c', 'a/../d', `a/${'n'.repeat(256)}`, 'file', 'file/below']
    for (const key of odd) await putText(bucket, key, key)
    await write('/a/seen', '1')
    expect((await calls.readdir(root, '/a')).map(({ name }) => name)).toEqual(['seen'])
    // Beside `file/below`, `file` cannot be shown.
    expect((await calls.readdir(root, '/')).map(({ name, type }) => `${name} ${type}`)).toEqual([
      'a directory',
      'file directory',
    ])
    expect((await keys()).toSorted()).toEqual([...odd, 'a/seen'].toSorted())
    for (const key of odd) expect(await getText(bucket, key)).toBe(key)
  })

  it('P1.22 names are byte-exact: other case, other composition, spaces and control characters are other files', async () => {
    const { calls, write } = await kitOf()
    const names = ['a', 'A', 'é', 'e\u0301', ' a', 'a ', 'tab\tnewline\n', '%41', 'a\\b', '\udcff']
    await calls.mkdir(root, '/d', 0o755, false)
    for (const name of names) await write(`/d/${name}`, name)
    const listed = (await calls.readdir(root, '/d')).map(({ name }) => name)
    expect(listed.toSorted()).toEqual(names.toSorted())
  })

  it('P1.23 `.bucketfs/` is in no listing, and a volume that needed nothing of its data has none', async () => {
    const kit = await kitOf()
    await kit.write('/a', '1')
    await kit.write('/b', '2')
    await kit.close()
    const { objects } = await kit.bucket.list({})
    expect(objects.filter(({ key }) => key.startsWith('.bucketfs/data/'))).toEqual([])
    const other = await otherKit(kit)
    expect((await other.calls.readdir(root, '/')).map(({ name }) => name)).toEqual(['a', 'b'])
    expect((await other.calls.walk(root, '/')).entries.map(({ path }) => path)).toEqual(['a', 'b'])
  })

  it('P1.24 deleting `.bucketfs/cache/` costs requests and nothing else', async () => {
    const kit = await kitOf()
    await kit.write('/a', '1')
    await kit.calls.symlink(root, 'a', '/l')
    await kit.calls.setAttributes(root, '/a', { mode: 0o600 }, true)
    await kit.close()
    for (const { key } of (await kit.bucket.list({ prefix: '.bucketfs/cache/' })).objects) await kit.bucket.delete(key)
    const other = await otherKit(kit)
    const entries = await other.calls.readdirAttributes(root, '/')
    expect(entries.map(({ name, type, attributes }) => [name, type, attributes.mode & 0o777])).toEqual([
      ['a', 'file', 0o600],
      ['l', 'symlink', 0o777],
    ])
  })

  it('P1.25 a path whose key would be too long is kept under `.bucketfs/data/` and found by its name', async () => {
    const kit = await kitOf()
    const directory = `/${Array.from({ length: 6 }, (_, i) => `${i}`.repeat(200)).join('/')}`
    await kit.calls.mkdir(root, directory, 0o755, true)
    await kit.write(`${directory}/f`, 'deep')
    const other = await otherKit(kit)
    expect(await other.read(`${directory}/f`)).toBe('deep')
    expect((await other.calls.readdir(root, directory)).map(({ name }) => name)).toEqual(['f'])
    for (const key of await kit.keys()) expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1024)
  })

  it('P1.26 extended attributes lie in x-amz-meta-*, past 2 KB beside the object, under names that are not ours', async () => {
    const kit = await kitOf()
    await kit.write('/f', 'x')
    const set = (name: string, value: Uint8Array): Promise<void> =>
      kit.calls.setXattr(root, '/f', name, value, 'either', true)
    await set('user.colour', utf8('red'))
    await set('user.mode', utf8('not a mode'))
    await set('user.MiXed Ö', new Uint8Array([0, 255, 10]))
    await set('user.large', new Uint8Array(4000).fill(7))
    const { metadata } = (await kit.bucket.head('f')).headers
    expect(metadata['colour']).toBe('red')
    expect(metadata['mode']).toBe(String(0o100644))
    const other = await otherKit(kit)
    const get = (name: string): Promise<Uint8Array> => other.calls.getXattr(root, '/f', name, true)
    expect(Buffer.from(await get('user.mode')).toString()).toBe('not a mode')
    expect([...(await get('user.MiXed Ö'))]).toEqual([0, 255, 10])
    expect((await get('user.large')).length).toBe(4000)
    expect((await other.calls.listXattrs(root, '/f', true)).toSorted()).toEqual(
      ['user.MiXed Ö', 'user.colour', 'user.large', 'user.mode'].toSorted(),
    )
  })
})
