// The volume as a whole over a bucket in memory: what each call does, and what it costs.

import { afterEach, describe, expect, it } from 'vitest'
import { O_APPEND, O_CREAT, O_RDONLY, O_RDWR, O_WRONLY } from '../../src/volume/types.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { exclusiveFlags, openKit, root, type KitOptions, type VolumeKit } from '../support/volume-kit.ts'
import { putText, getText } from '../support/store-kit.ts'

const open: VolumeKit[] = []
async function kit(options: KitOptions = {}): Promise<VolumeKit> {
  const opened = await openKit(options)
  open.push(opened)
  return opened
}
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

describe('files', () => {
  it('writes a small file as one PUT under its own key and reads it back without a request', async () => {
    const { write, read, keys, requests } = await kit()
    await write('/a.txt', 'hello')
    expect(requests().put).toBe(1)
    expect(await keys()).toEqual(['a.txt'])
    expect(await read('/a.txt')).toBe('hello')
    expect(requests()).toEqual({})
  })

  it('overwrites with one PUT', async () => {
    const { write, read, requests } = await kit()
    await write('/a.txt', 'hello')
    requests()
    await write('/a.txt', 'bye')
    expect(requests()).toEqual({ put: 1 })
    expect(await read('/a.txt')).toBe('bye')
  })

  it('reads a foreign object with one GET once it is looked up', async () => {
    const { bucket, read, requests } = await kit()
    await putText(bucket, 'x.txt', 'foreign')
    expect(await read('/x.txt')).toBe('foreign')
    const counts = requests()
    expect(counts.get).toBe(1)
    expect((counts.head ?? 0) + (counts.list ?? 0)).toBeLessThanOrEqual(2)
  })

  it('creates, describes and writes an open file in one PUT', async () => {
    const { calls, requests, bucket } = await kit()
    const { handle } = await calls.open(root, '/f', O_RDWR | O_CREAT, 0o666)
    await calls.write(handle, 0, utf8('abc'))
    await calls.setAttributes(root, '/f', { mode: 0o600, mtimeNs: 5_000_000_001n }, true)
    await calls.close(handle)
    expect(requests().put).toBe(1)
    const { headers } = await bucket.head('f')
    expect(headers.metadata['mode']).toBe(String(0o100600))
    expect(headers.metadata['mtime']).toBe('5.000000001')
  })

  it('appends atomically from two handles', async () => {
    const { calls, read } = await kit()
    const a = await calls.open(root, '/log', O_WRONLY | O_CREAT | O_APPEND, 0o666)
    const b = await calls.open(root, '/log', O_WRONLY | O_APPEND, 0o666)
    await Promise.all([calls.write(a.handle, 0, utf8('aaa')), calls.write(b.handle, 0, utf8('bbb'))])
    await calls.close(a.handle)
    await calls.close(b.handle)
    expect((await read('/log')).length).toBe(6)
  })

  it('truncates, grows by zeros and writes into holes', async () => {
    const { calls, write, read } = await kit()
    await write('/f', 'hello world')
    await calls.setAttributes(root, '/f', { size: 5 }, true)
    expect(await read('/f')).toBe('hello')
    const { handle } = await calls.open(root, '/f', O_RDWR, 0)
    await calls.write(handle, 8, utf8('x'))
    expect(Buffer.from(await calls.read(handle, 0, 100)).toString()).toBe('hello\0\0\0x')
    await calls.close(handle)
    expect(await read('/f')).toBe('hello\0\0\0x')
  })

  it('keeps an unlinked open file readable and writable until it is closed', async () => {
    const { calls, write, keys } = await kit()
    await write('/f', 'still here')
    const { handle } = await calls.open(root, '/f', O_RDWR, 0)
    await calls.unlink(root, '/f')
    expect(Buffer.from(await calls.read(handle, 0, 100)).toString()).toBe('still here')
    await calls.write(handle, 0, utf8('STILL'))
    expect(Buffer.from(await calls.read(handle, 0, 100)).toString()).toBe('STILL here')
    await calls.close(handle)
    await expect.poll(keys).toEqual([])
  })

  it('takes an exclusive name at once', async () => {
    const { calls, requests, bucket, write } = await kit()
    const { handle } = await calls.open(root, '/lock', exclusiveFlags, 0o666)
    expect(requests().put).toBe(1)
    expect((await bucket.head('lock')).size).toBe(0)
    await calls.close(handle)
    await expect(calls.open(root, '/lock', exclusiveFlags, 0o666)).rejects.toMatchObject({ code: 'EEXIST' })
    await putText(bucket, 'other', 'x')
    await expect(write('/other', 'y', exclusiveFlags)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await getText(bucket, 'other')).toBe('x')
  })
})

describe('names', () => {
  it('renames a clean file by one COPY and one DELETE', async () => {
    const { calls, write, read, keys, requests } = await kit()
    await write('/a', 'x')
    requests()
    await calls.rename(root, '/a', '/b')
    const counts = requests()
    expect(counts).toMatchObject({ copy: 1, delete: 1 })
    expect(counts.get ?? 0).toBe(0)
    expect(await keys()).toEqual(['b'])
    expect(await read('/b')).toBe('x')
    expect(requests()).toEqual({})
    await expect(calls.stat(root, '/a', true)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('renames a file that was never in the bucket for nothing', async () => {
    const { calls, keys, requests } = await kit()
    const { handle } = await calls.open(root, '/t', O_WRONLY | O_CREAT, 0o666)
    await calls.write(handle, 0, utf8('x'))
    await calls.rename(root, '/t', '/f')
    requests()
    await calls.close(handle)
    expect(requests().put).toBe(1)
    expect(await keys()).toEqual(['f'])
  })

  it('replaces an existing file by rename', async () => {
    const { calls, write, read, keys } = await kit()
    await write('/a', 'new')
    await write('/b', 'old')
    await calls.rename(root, '/a', '/b')
    expect(await read('/b')).toBe('new')
    expect(await keys()).toEqual(['b'])
  })

  it('makes, lists and removes directories', async () => {
    const { calls, write, keys } = await kit()
    await calls.mkdir(root, '/d', 0o777, false)
    expect(await keys()).toEqual(['d/'])
    await write('/d/x', '1')
    expect((await calls.readdir(root, '/d')).map(({ name }) => name)).toEqual(['x'])
    await expect(calls.rmdir(root, '/d')).rejects.toMatchObject({ code: 'ENOTEMPTY' })
    await calls.unlink(root, '/d/x')
    await calls.rmdir(root, '/d')
    expect(await keys()).toEqual([])
    await expect(calls.mkdir(root, '/p/q', 0o777, false)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await calls.mkdir(root, '/p/q/r', 0o777, true)).toBe('/p')
    expect(await calls.mkdir(root, '/p/q/r', 0o777, true)).toBe(null)
  })

  it('keeps an implicit directory when its last entry goes', async () => {
    const { bucket, calls, keys } = await kit()
    await putText(bucket, 'imp/x', '1')
    await calls.unlink(root, '/imp/x')
    expect(await keys()).toEqual(['imp/'])
  })

  it('renames a directory at once and moves its objects', async () => {
    const { calls, write, read, keys, volume } = await kit()
    await calls.mkdir(root, '/d/sub', 0o777, true)
    await write('/d/a', '1')
    await write('/d/sub/b', '2')
    await calls.rename(root, '/d', '/e')
    expect(await read('/e/a')).toBe('1')
    expect(await read('/e/sub/b')).toBe('2')
    await expect(calls.stat(root, '/d', true)).rejects.toMatchObject({ code: 'ENOENT' })
    await volume.sync()
    expect(await keys()).toEqual(['e/', 'e/a', 'e/sub/', 'e/sub/b'])
    expect(await read('/e/sub/b')).toBe('2')
  })

  it('follows symlinks and shows them', async () => {
    const { calls, write, read, keys, again } = await kit()
    await write('/t', 'target')
    await calls.symlink(root, 't', '/l')
    expect(await read('/l')).toBe('target')
    expect(await calls.readlink(root, '/l')).toBe('t')
    const other = await again()
    open.push(other)
    expect(await other.calls.readlink(root, '/l')).toBe('t')
    expect((await other.calls.readdir(root, '/')).map(({ type }) => type)).toEqual(['symlink', 'file'])
    expect(await keys()).toEqual(['l', 't'])
  })

  it('removes a tree by listing and batches', async () => {
    const { calls, write, keys, requests } = await kit()
    await calls.mkdir(root, '/r/s', 0o777, true)
    for (let i = 0; i < 20; i++) await write(`/r/s/${i}`, 'x')
    requests()
    await calls.remove(root, '/r', { recursive: true, force: false })
    expect(requests()).toMatchObject({ list: 1, deleteMany: 1 })
    expect(await keys()).toEqual([])
    expect(await calls.readdir(root, '/')).toEqual([])
  })

  it('leaves nothing of a file that was open while its directory was removed with rm -r', async () => {
    const { calls, keys } = await kit()
    await calls.mkdir(root, '/d', 0o777, false)
    const { handle } = await calls.open(root, '/d/f', O_RDWR | O_CREAT, 0o666)
    await calls.write(handle, 0, utf8('still mine'))
    await calls.remove(root, '/d', { recursive: true, force: false })
    expect(Buffer.from(await calls.read(handle, 0, 100)).toString()).toBe('still mine')
    await calls.close(handle)
    await expect.poll(keys).toEqual([])
    expect(await calls.readdir(root, '/')).toEqual([])
  })

  it('changes attributes by one COPY', async () => {
    const { calls, write, requests } = await kit()
    await write('/f', 'x')
    requests()
    const attributes = await calls.setAttributes(root, '/f', { mode: 0o640 }, true)
    expect(attributes.mode).toBe(0o100640)
    expect(requests()).toEqual({ copy: 1 })
  })
})

describe('others', () => {
  it('never loses an update: the second writer gets ESTALE and its bytes are kept', async () => {
    const { calls, write, read, bucket, volume } = await kit()
    await write('/f', 'one')
    const { handle } = await calls.open(root, '/f', O_RDWR, 0)
    await calls.write(handle, 0, utf8('mine'))
    await putText(bucket, 'f', 'theirs')
    const error = await calls.close(handle).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ESTALE' })
    const { conflictPath } = error as { conflictPath: string }
    expect(conflictPath).toMatch(/^\/\.bucketfs\/data\/conflicts\/f\./)
    expect(await read('/f')).toBe('theirs')
    expect(await read(conflictPath)).toBe('mine')
    expect(volume.metrics()['conflicts']).toBe(1)
  })

  it('gives ESTALE to a handle whose version was replaced, for what is not cached', async () => {
    const { calls, bucket, clock } = await kit()
    await putText(bucket, 'f', 'first version')
    const { handle } = await calls.open(root, '/f', O_RDONLY, 0)
    await putText(bucket, 'f', 'second version!')
    await expect(calls.read(handle, 0, 100)).rejects.toMatchObject({ code: 'ESTALE' })
    await calls.close(handle)
    await clock.advance(20_000)
    expect(Buffer.from(await calls.readFile(root, '/f')).toString()).toBe('second version!')
  })

  it('writes under memory durability later, folded', async () => {
    const { calls, write, keys, clock, requests, volume } = await kit({ durability: 'memory' })
    await write('/a', '1')
    await calls.rename(root, '/a', '/b')
    await calls.setAttributes(root, '/b', { mode: 0o600 }, true)
    await write('/gone', '1')
    await calls.unlink(root, '/gone')
    expect(await keys()).toEqual([])
    requests()
    await clock.advance(2000)
    expect(requests().put).toBe(1)
    await volume.sync()
    expect(await keys()).toEqual(['b'])
  })
})
