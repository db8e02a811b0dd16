// What `durability: 'journal'` promises: acknowledged is on disk, and goes on after a crash.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { StoreError } from '../../../src/base/errors.ts'
import { createSeededRandom } from '../../../src/base/random.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { O_CREAT, O_RDWR, O_TRUNC, O_WRONLY } from '../../../src/volume/types.ts'
import { SimDisk } from '../../support/sim-disk.ts'
import { createManualClock } from '../../support/store-clock.ts'
import { openKit, root, type KitOptions, type VolumeKit } from '../../support/volume-kit.ts'

interface Machine {
  readonly disk: SimDisk
  start(options?: KitOptions): Promise<VolumeKit>
  /** Kills the process: its requests go nowhere, its disk forgets. */
  crash(): void
  readonly bucket: ReturnType<typeof createMemoryStore>
  readonly clock: ReturnType<typeof createManualClock>
}

function machine(seed = 1): Machine {
  const clock = createManualClock()
  const random = createSeededRandom(seed)
  const bucket = createMemoryStore({ clock, random })
  const disk = new SimDisk()
  let life = 0
  return {
    disk,
    bucket,
    clock,
    start(options = {}) {
      const own = life
      return openKit({
        bucket,
        clock,
        durability: 'journal',
        before: (call) => {
          if (own !== life) throw new StoreError({ kind: 'aborted', operation: call.operation })
        },
        components: { journalFiles: disk },
        ...options,
      })
    },
    crash() {
      life++
      disk.crash(random)
    },
  }
}

describe('journal', () => {
  it('brings back files, names and attributes that were acknowledged and never left', async () => {
    const m = machine()
    const first = await m.start()
    await first.write('/a', 'hello')
    await first.calls.mkdir(root, '/d', 0o755, false)
    await first.write('/d/b', 'inside')
    await first.calls.rename(root, '/a', '/d/c')
    await first.calls.setAttributes(root, '/d/c', { mode: 0o640 }, true)
    await first.calls.symlink(root, 'c', '/d/l')
    expect(await first.keys()).toEqual([])
    m.crash()
    const second = await m.start()
    expect(await second.read('/d/b')).toBe('inside')
    expect(await second.read('/d/c')).toBe('hello')
    expect(await second.read('/d/l')).toBe('hello')
    expect((await second.calls.stat(root, '/d/c', true)).mode).toBe(0o100640)
    await second.volume.sync()
    expect(await second.keys()).toEqual(['d/', 'd/b', 'd/c', 'd/l'])
    await second.close()
    expect(m.disk.bytes).toBe(0)
  })

  it('goes on with changes of files that are in the bucket', async () => {
    const m = machine()
    const first = await m.start()
    await first.write('/f', 'hello world')
    await first.write('/gone', 'x')
    await first.write('/old', 'moved')
    await first.volume.sync()
    const { handle } = await first.calls.open(root, '/f', O_RDWR, 0)
    await first.calls.write(handle, 6, utf8('there'))
    await first.calls.setHandleAttributes(root, handle, { size: 20 })
    await first.calls.close(handle)
    await first.calls.unlink(root, '/gone')
    await first.calls.rename(root, '/old', '/new')
    m.crash()
    const second = await m.start()
    expect(await second.read('/f')).toBe('hello there'.padEnd(20, '\0'))
    await expect(second.calls.stat(root, '/gone', true)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await second.read('/new')).toBe('moved')
    await second.volume.sync()
    expect(await second.keys()).toEqual(['f', 'new'])
    await second.close()
  })

  it('recognises its own request whose reply it never saw', async () => {
    const m = machine()
    const first = await m.start()
    await first.write('/f', 'once')
    // The PUT arrives; the process dies before it knows.
    let life = true
    const dying = await first.again({
      components: { journalFiles: m.disk },
      before: async (call) => {
        if (!life) throw new StoreError({ kind: 'aborted', operation: call.operation })
        if (call.operation === 'put') {
          life = false
        }
      },
    })
    await dying.volume.sync().catch(() => undefined)
    m.crash()
    const second = await m.start()
    await second.volume.sync()
    expect(await second.read('/f')).toBe('once')
    expect((await second.keys()).filter((key) => key.includes('conflicts'))).toEqual([])
    await second.close()
  })

  it('keeps a conflict that it finds after the crash as a conflict copy', async () => {
    const m = machine()
    const first = await m.start()
    await first.write('/f', 'base')
    await first.volume.sync()
    await first.write('/f', 'mine')
    m.crash()
    await m.bucket.put('f', utf8('theirs'), { headers: { metadata: {} } })
    const second = await m.start()
    await second.volume.sync().catch(() => undefined)
    await m.clock.advance(20_000)
    expect(await second.read('/f')).toBe('theirs')
    const copy = (await second.keys()).find((key) => key.startsWith('.bucketfs/data/conflicts/f.'))
    expect(copy).toBeDefined()
    expect(await second.read(`/${copy}`)).toBe('mine')
    await second.close()
  })

  it('ends at a torn record and loses nothing before it', async () => {
    const m = machine()
    const first = await m.start()
    await first.write('/a', 'kept')
    const name = (await m.disk.list())[0] as string
    const whole = m.disk.size(name)
    const { handle } = await first.calls.open(root, '/b', O_WRONLY | O_CREAT, 0o666)
    await first.calls.write(handle, 0, utf8('not acknowledged'))
    for (let size = whole; size <= m.disk.size(name); size++) {
      const disk = m.disk.copy()
      disk.cut(name, size)
      const second = await first.again({
        components: { journalFiles: disk },
        bucket: createMemoryStore({ clock: m.clock }),
      })
      expect(await second.read('/a')).toBe('kept')
      await second.close()
    }
  })

  it('refuses a journal in which something that had been synced is damaged, and leaves it alone', async () => {
    const m = machine()
    const first = await m.start()
    await first.write('/a', 'one')
    await first.write('/b', 'two')
    await first.write('/c', 'three')
    const name = (await m.disk.list())[0] as string
    const size = m.disk.size(name)
    m.crash()
    for (const offset of [100, Math.floor(size / 3), Math.floor(size / 2)]) {
      const disk = m.disk.copy()
      disk.flip(name, offset)
      const failure = await m.start({ components: { journalFiles: disk } }).catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: 'EIO' })
      expect((failure as Error).message).toContain(name)
      expect(disk.size(name)).toBe(size)
    }
  })

  it('tells a full disk to the writer before anything is acknowledged, and goes on when there is room', async () => {
    const m = machine()
    const first = await m.start()
    await first.write('/a', 'small')
    m.disk.faults.bytesMax = m.disk.bytes + 1000
    await expect(first.write('/big', 'x'.repeat(5000))).rejects.toMatchObject({ code: 'ENOSPC' })
    delete m.disk.faults.bytesMax
    await first.write('/big', 'y'.repeat(5000))
    m.crash()
    const second = await m.start()
    expect(await second.read('/a')).toBe('small')
    expect(await second.read('/big')).toBe('y'.repeat(5000))
    await second.close()
  })

  it('acknowledges nothing after a failed sync', async () => {
    const m = machine()
    const first = await m.start()
    await first.write('/a', 'one')
    m.disk.faults.syncFailures = 1
    await expect(first.write('/b', 'two')).rejects.toMatchObject({ code: 'EIO' })
    await expect(first.write('/c', 'three')).rejects.toMatchObject({ code: 'EIO' })
    await first.volume.sync().catch(() => undefined)
  })

  it('restores twice when it is killed while restoring', async () => {
    const m = machine(3)
    const first = await m.start()
    await first.write('/a', 'hello')
    await first.calls.mkdir(root, '/d', 0o755, false)
    m.crash()
    await m.start()
    m.crash()
    const third = await m.start()
    expect(await third.read('/a')).toBe('hello')
    await third.volume.sync()
    expect(await third.keys()).toEqual(['a', 'd/'])
    await third.close()
  })
})

it('finds a renamed directory in one that was never in the bucket', async () => {
  const m = machine()
  const first = await m.start()
  await first.calls.mkdir(root, '/old', 0o755, false)
  await first.write('/old/f', 'inside')
  await first.volume.sync()
  await first.calls.mkdir(root, '/p', 0o755, false)
  await first.calls.rename(root, '/old', '/p/new')
  m.crash()
  const second = await m.start()
  expect((await second.calls.readdir(root, '/')).map(({ name }) => name)).toEqual(['p'])
  expect(await second.read('/p/new/f')).toBe('inside')
  await second.volume.sync()
  expect(await second.keys()).toEqual(['p/', 'p/new/', 'p/new/f'])
  await second.close()
})

it('is empty after a close, also when the root was changed', async () => {
  const m = machine()
  const first = await m.start()
  await first.calls.setAttributes(root, '/', { mode: 0o700 }, true)
  await first.write('/a', 'x')
  await first.close()
  expect(m.disk.bytes).toBe(0)
})

it('does not put older attributes over what had been written', async () => {
  const m = machine()
  const first = await m.start()
  await first.write('/a', '')
  await m.clock.advance(5)
  await first.calls.open(root, '/a', O_RDWR | O_TRUNC, 0)
  const { mtimeNs } = await first.calls.stat(root, '/a', true)
  await m.clock.advance(3000)
  m.crash()
  const second = await m.start()
  expect((await second.calls.stat(root, '/a', true)).mtimeNs).toBe(mtimeNs)
  await second.close()
})

it('a file unlinked just before its PUT went out is gone after a crash, though the PUT took effect', async () => {
  const m = machine()
  let onPut = (): void => {}
  const setUp = await m.start()
  await setUp.write('/a', 'old')
  await setUp.close()
  const open = m.disk.open.bind(m.disk)
  let onSync: (() => Promise<void>) | null = null
  m.disk.open = async (name) => {
    const file = await open(name)
    return { ...file, sync: async () => (await onSync?.(), file.sync()) }
  }
  const first = await m.start({ components: { journalFiles: m.disk } })
  await first.write('/a', 'new')
  let unlinked: Promise<void> | undefined
  onSync = async () => {
    onSync = null
    unlinked = first.calls.unlink(root, '/a')
  }
  const arrived = new Promise<void>((resolve) => (onPut = resolve))
  const put = m.bucket.put.bind(m.bucket)
  m.bucket.put = async (key, body, options) => {
    const reply = await put(key, body, options)
    if (key !== 'a') return reply
    onPut()
    return new Promise(() => {})
  }
  await m.clock.advance(1500)
  await arrived
  await unlinked
  m.bucket.put = put
  m.crash()
  m.disk.open = open
  const second = await m.start()
  await second.volume.sync()
  expect(await second.keys()).toEqual([])
  await second.close()
})

it('lists what a renamed directory had moved before a crash beside what it had not', async () => {
  const m = machine()
  const first = await m.start()
  await first.calls.mkdir(root, '/old', 0o700, false)
  for (const name of ['a', 'b', 'c']) await first.write(`/old/${name}`, name)
  await first.volume.sync()
  await first.close()
  const dying = await m.start({
    before: (call) => {
      // Half of it has moved when the process dies.
      if (call.operation === 'copy' && (call.key === 'new/b' || call.key === 'new/c'))
        throw new StoreError({ kind: 'aborted', operation: 'copy' })
    },
  })
  await dying.calls.rename(root, '/old', '/new')
  await m.clock.advance(300)
  for (const key of ['old/', 'old/a']) await m.bucket.delete(key)
  expect(await dying.keys()).toEqual(expect.arrayContaining(['new/', 'new/a', 'old/b', 'old/c']))
  m.crash()
  // The next one cannot go on with it yet.
  const second = await m.start({
    before: (call) => {
      if (call.operation === 'copy') throw new StoreError({ kind: 'unavailable', operation: 'copy' })
    },
  })
  expect((await second.calls.readdir(root, '/new')).map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  expect((await second.calls.stat(root, '/new', true)).mode & 0o777).toBe(0o700)
  m.crash()
  const third = await m.start()
  await third.volume.sync()
  expect(await third.keys()).toEqual(['new/', 'new/a', 'new/b', 'new/c'])
  await third.close()
})

it('is not taken over before all of it is, wherever the journal that takes over is cut', async () => {
  const m = machine()
  const first = await m.start()
  // No bytes: then the very first segment tells of the take-over.
  await first.calls.mkdir(root, '/d', 0o755, false)
  m.crash()
  const [name = ''] = await m.disk.list()
  const before = m.disk.copy()
  await m.start()
  const next = (await m.disk.list()).find((each) => each !== name) ?? ''
  const bytes = m.disk.size(next)
  expect(bytes).toBeGreaterThan(0)
  for (let size = 0; size < bytes; size += 29) {
    const disk = before.copy()
    const taken = await (await m.disk.open(next)).read(0, size)
    await (await disk.open(next)).write(0, taken)
    const kit = await openKit({ durability: 'journal', components: { journalFiles: disk } })
    expect((await kit.calls.readdir(root, '/')).map(({ name: entry }) => entry)).toEqual(['d'])
    await kit.close()
  }
})

it('a file made again while a PUT of the one before it is under way has its own contents after a crash', async () => {
  const m = machine()
  let letGo = (): void => {}
  const gate = new Promise<void>((resolve) => (letGo = resolve))
  let arrive = (): void => {}
  const arrived = new Promise<void>((resolve) => (arrive = resolve))
  const setUp = await m.start()
  await setUp.write('/a', 'first')
  await setUp.close()
  let isHeld = true
  const first = await m.start({
    async before(call) {
      if (call.operation !== 'put' || call.key !== 'a' || !isHeld) return
      isHeld = false
      arrive()
      await gate
    },
  })
  await first.write('/a', 'second')
  const advanced = m.clock.advance(1500)
  await arrived
  await advanced
  await first.calls.unlink(root, '/a')
  await first.write('/a', 'third')
  letGo()
  await m.clock.advance(0)
  await first.calls.mkdir(root, '/d', 0o755, false)
  m.crash()
  const second = await m.start()
  expect(await second.read('/a')).toBe('third')
  await second.volume.sync()
  expect(await second.keys()).toEqual(['a', 'd/'])
  expect(await second.read('/a')).toBe('third')
  await second.close()
})
