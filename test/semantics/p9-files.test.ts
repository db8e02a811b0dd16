// P9: what a volume is to its programs, beyond the bucket: files, directories, names, errors.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { O_APPEND, O_CREAT, O_DIRECTORY, O_RDONLY, O_RDWR, O_WRONLY, type Caller } from '../../src/volume/types.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { createManualClock } from '../support/store-clock.ts'
import { getText, patterned, putText } from '../support/store-kit.ts'
import { openKit, root, type VolumeKit } from '../support/volume-kit.ts'
import { errorOf, gate, kitOf, openHandle, otherKit, readText } from './kit.ts'

describe('files', () => {
  it('P9.1 O_APPEND is atomic within a volume: no write is lost or overlaps another', async () => {
    const kit = await kitOf()
    const handles = await Promise.all(
      Array.from({ length: 4 }, () => openHandle(kit, '/log', O_WRONLY | O_CREAT | O_APPEND)),
    )
    const lines = Array.from({ length: 40 }, (_, i) => `line ${i} ${'x'.repeat(i)}\n`)
    await Promise.all(lines.map((line, i) => kit.calls.write(handles[i % 4] as number, 0, utf8(line))))
    for (const handle of handles) await kit.calls.close(handle)
    const written = (await getText(kit.bucket, 'log')).split('\n').slice(0, -1)
    expect(written.toSorted()).toEqual(lines.map((line) => line.slice(0, -1)).toSorted())
  })

  it('P9.2 what was never written reads as zeros, and is zeros in the object', async () => {
    const kit = await kitOf()
    const handle = await openHandle(kit, '/f', O_RDWR | O_CREAT)
    await kit.calls.write(handle, 5, utf8('x'))
    await kit.calls.setHandleAttributes(root, handle, { size: 10 })
    expect(await readText(kit, handle)).toBe('\0\0\0\0\0x\0\0\0\0')
    await kit.calls.close(handle)
    expect(await getText(kit.bucket, 'f')).toBe('\0\0\0\0\0x\0\0\0\0')
  })

  it('P9.3 times are nanoseconds, before 1970 and after 2106 too, and come back exactly after a remount', async () => {
    const kit = await kitOf()
    await kit.write('/f', 'x')
    for (const mtimeNs of [-1_000_000_000_001n, 1n, 1_700_000_000_123_456_789n, 5_000_000_000_000_000_001n]) {
      await kit.calls.setAttributes(root, '/f', { mtimeNs, atimeNs: mtimeNs + 1n }, true)
      const other = await otherKit(kit)
      expect(await other.calls.stat(root, '/f', true)).toMatchObject({ mtimeNs, atimeNs: mtimeNs + 1n })
    }
  })

  it('P9.4 an inode number stays through rename while mounted, and is the same for another client', async () => {
    const kit = await kitOf()
    await kit.write('/f', 'x')
    const { ino } = await kit.calls.stat(root, '/f', true)
    const other = await otherKit(kit)
    expect((await other.calls.stat(root, '/f', true)).ino).toBe(ino)
    await kit.calls.rename(root, '/f', '/g')
    expect((await kit.calls.stat(root, '/g', true)).ino).toBe(ino)
    expect(ino).toBeLessThan(2 ** 53)
  })

  it('P9.5 copyFile is done by the bucket: no byte passes through', async () => {
    const kit = await kitOf()
    await kit.bucket.put('f', patterned(100_000), { headers: { metadata: {} } })
    await kit.calls.copyFile(root, '/f', '/g', false)
    const { bytesUp, bytesDown } = kit.metrics.snapshot()
    expect([bytesUp, bytesDown]).toEqual([0, 0])
    expect((await kit.bucket.head('g')).size).toBe(100_000)
  })
})

describe('directories', () => {
  it('P9.6 a renamed directory is at its new name at once here; elsewhere each object is in at least one place throughout', async () => {
    const clock = createManualClock()
    const gated = gate(createMemoryStore({ clock }))
    const kit = await kitOf({ bucket: gated.store, clock })
    await kit.calls.mkdir(root, '/d', 0o755, false)
    for (let i = 0; i < 8; i++) await kit.write(`/d/${i}`, `${i}`)
    const whole = async (): Promise<number> => {
      const keys = (await kit.keys()).filter((key) => /^[de]\/\d$/.test(key))
      return new Set(keys.map((key) => key.slice(2))).size
    }
    const release = gated.hold(({ operation }) => operation === 'deleteMany')
    await kit.calls.rename(root, '/d', '/e')
    expect((await kit.calls.readdir(root, '/e')).length).toBe(8)
    expect(await errorOf(kit.calls.stat(root, '/d', true))).toMatchObject({ code: 'ENOENT' })
    expect(await whole()).toBe(8)
    await expect.poll(() => gated.heldCount).toBeGreaterThan(0)
    expect(await whole()).toBe(8)
    release()
    await kit.volume.sync()
    expect(await whole()).toBe(8)
    expect((await kit.keys()).filter((key) => key.startsWith('d/'))).toEqual([])
  })

  it('P9.7 a directory rename whose client died is finished by the next read-write open, once not renewed for 10 minutes', async () => {
    const clock = createManualClock()
    const bucket = createMemoryStore({ clock })
    let dead = false
    // Never closed: it is dead.
    const kit = await openKit({
      bucket,
      clock,
      before({ operation }) {
        if (dead || operation === 'copy') {
          dead = true
          throw new Error('the process is gone')
        }
      },
    })
    await kit.calls.mkdir(root, '/d', 0o755, false)
    for (let i = 0; i < 3; i++) await kit.write(`/d/${i}`, `${i}`)
    await kit.calls.rename(root, '/d', '/e').catch(() => undefined)
    await expect.poll(() => dead).toBe(true)
    await clock.advance(11 * 60_000)
    const other = await kitOf({ bucket, clock })
    await other.volume.sync()
    expect(await other.keys()).toEqual(['e/', 'e/0', 'e/1', 'e/2'])
  })

  it('P9.8 rename has NOREPLACE and EXCHANGE', async () => {
    const kit = await kitOf()
    await kit.write('/a', 'A')
    await kit.write('/b', 'B')
    expect(await errorOf(kit.calls.rename(root, '/a', '/b', { noReplace: true }))).toMatchObject({ code: 'EEXIST' })
    await kit.calls.rename(root, '/a', '/b', { exchange: true })
    expect([await getText(kit.bucket, 'a'), await getText(kit.bucket, 'b')]).toEqual(['B', 'A'])
  })

  it('P9.9 changes of others appear within the TTLs: attributes 1 s, listings 10 s, missing names 1 s', async () => {
    const kit = await kitOf()
    await putText(kit.bucket, 'd/a', '1')
    await kit.calls.readdir(root, '/d')
    await errorOf(kit.calls.stat(root, '/d/b', true))
    await putText(kit.bucket, 'd/b', '22')
    await kit.clock.advance(10_001)
    expect((await kit.calls.readdir(root, '/d')).map(({ name }) => name)).toEqual(['a', 'b'])
    expect((await kit.calls.stat(root, '/d/b', true)).size).toBe(2)
    await putText(kit.bucket, 'd/b', '333')
    await kit.clock.advance(1001)
    expect((await kit.calls.stat(root, '/d/b', true)).size).toBe(3)
  })
})

describe('errors', () => {
  const causes: readonly (readonly [string, string, (kit: VolumeKit) => Promise<unknown>])[] = [
    ['a missing file', 'ENOENT', ({ calls }) => calls.stat(root, '/no', true)],
    ['a file as a directory', 'ENOTDIR', ({ calls }) => calls.stat(root, '/f/x', true)],
    ['a directory opened as such', 'ENOTDIR', ({ calls }) => calls.open(root, '/f', O_RDONLY | O_DIRECTORY, 0)],
    ['writing a directory', 'EISDIR', ({ calls }) => calls.open(root, '/d', O_WRONLY, 0)],
    ['a name over 255 bytes', 'ENAMETOOLONG', ({ write }) => write(`/${'n'.repeat(256)}`, 'x')],
    ['a directory that is not empty', 'ENOTEMPTY', ({ calls }) => calls.rmdir(root, '/d')],
    ['a directory into itself', 'EINVAL', ({ calls }) => calls.rename(root, '/d', '/d/x')],
    ['a circle of symlinks', 'ELOOP', ({ calls }) => calls.stat(root, '/loop', true)],
    ['a handle that is closed', 'EBADF', ({ calls }) => calls.read(4711, 0, 1)],
  ]

  it.each(causes)('P9.10 %s is %s', async (_, code, act) => {
    const kit = await kitOf()
    await kit.write('/f', 'x')
    await kit.calls.mkdir(root, '/d', 0o755, false)
    await kit.write('/d/f', 'x')
    await kit.calls.symlink(root, 'loop', '/loop')
    expect(await errorOf(act(kit))).toMatchObject({ code })
  })

  it('P9.11 a read-only volume answers every change with EROFS, and changes nothing', async () => {
    const bucket = createMemoryStore()
    await putText(bucket, 'f', 'x')
    await putText(bucket, 'd/f', 'x')
    const kit = await kitOf({ bucket, readOnly: true })
    const changes = [
      () => kit.write('/f', 'y'),
      () => kit.calls.open(root, '/f', O_RDWR, 0),
      () => kit.calls.mkdir(root, '/e', 0o755, false),
      () => kit.calls.unlink(root, '/f'),
      () => kit.calls.rename(root, '/f', '/g'),
      () => kit.calls.rename(root, '/d', '/e'),
      () => kit.calls.symlink(root, 'f', '/l'),
      () => kit.calls.setAttributes(root, '/f', { mode: 0o600 }, true),
      () => kit.calls.setXattr(root, '/f', 'user.k', utf8('v'), 'either', true),
      () => kit.calls.remove(root, '/d', { recursive: true, force: false }),
    ]
    for (const change of changes) expect(await errorOf(change())).toMatchObject({ code: 'EROFS' })
    expect(await kit.read('/f')).toBe('x')
    expect((await bucket.list({})).objects.map(({ key }) => key)).toEqual(['d/f', 'f'])
  })

  it('P9.12 mode bits are enforced as the kernel would, unless permissions are ignored', async () => {
    const someone: Caller = { uid: 1000, gid: 1000, groups: [], umask: 0o022 }
    const kit = await kitOf()
    await kit.write('/secret', 'x')
    await kit.calls.setAttributes(root, '/secret', { mode: 0o600 }, true)
    expect(await errorOf(kit.calls.readFile(someone, '/secret'))).toMatchObject({ code: 'EACCES' })
    expect(await errorOf(kit.calls.setAttributes(someone, '/secret', { mode: 0o666 }, true))).toMatchObject({
      code: 'EPERM',
    })
    expect(await errorOf(kit.calls.unlink(someone, '/secret'))).toMatchObject({ code: 'EACCES' })
    const lax = await otherKit(kit, { permissions: 'ignore' })
    expect(Buffer.from(await lax.calls.readFile(someone, '/secret')).toString()).toBe('x')
  })

  it('P9.13 a closed volume answers EBADF', async () => {
    const kit = await kitOf()
    await kit.close()
    expect(await errorOf(kit.calls.stat(root, '/', true))).toMatchObject({ code: 'EBADF' })
    expect(await errorOf(kit.write('/f', 'x'))).toMatchObject({ code: 'EBADF' })
  })

  it('P9.14 statfs tells believable numbers: room, no end of it, names of 255 bytes', async () => {
    const kit = await kitOf()
    const seen = await kit.calls.statfs(root, '/')
    expect(seen.nameBytesMax).toBe(255)
    expect(seen.blocks * seen.blockBytes).toBeGreaterThan(2 ** 40)
    expect(seen.blocksFree).toBeLessThanOrEqual(seen.blocks)
    expect(seen.blocksAvailable).toBeGreaterThan(0)
  })
})
