// Reads of versions: what requests they cost, what they hold, and what happens when the bucket is not what it was.

import { describe, expect, it } from 'vitest'
import { isVolumeError } from '../../../src/base/errors.ts'
import type { VolumeError } from '../../../src/base/errors.ts'
import type { ObjectStore } from '../../../src/store/store.ts'
import { patterned } from '../../support/store-kit.ts'
import { createRig, elapse, expectSame, inodeOf, KiB, MiB, versionOf } from './content-kit.ts'

const bytes = patterned(300 * KiB)
const large = patterned(40 * MiB + 12_345)

async function failureOf(work: Promise<unknown>): Promise<VolumeError> {
  const error = await work.then(
    () => expect.fail('expected a failure'),
    (thrown: unknown) => thrown,
  )
  if (!isVolumeError(error)) throw error
  return error
}

describe('ContentReader', () => {
  it('reads a small file with one GET of the whole, and again with none', async () => {
    const rig = createRig()
    const version = await rig.put('k', bytes)
    expectSame(await rig.reader.read(version, 100 * KiB, 1000), bytes.subarray(100 * KiB, 100 * KiB + 1000))
    expect(rig.gets).toEqual([{ key: 'k', range: undefined, purpose: 'data' }])
    expectSame(await rig.reader.read(version, 0, bytes.byteLength + 5), bytes)
    expect(rig.reader.readNow(version, 7, 9)).toEqual(bytes.subarray(7, 16))
    expect(rig.gets).toHaveLength(1)
    expect([rig.metrics.get('verified'), rig.metrics.get('unverified')]).toEqual([1, 0])
    expect(rig.reader.isCached(version)).toBe(true)
  })

  it('is empty at the end, asking nothing', async () => {
    const rig = createRig()
    const version = await rig.put('k', bytes)
    expect(await rig.reader.read(version, bytes.byteLength, 10)).toHaveLength(0)
    expect(await rig.reader.read(versionOf('none', 'e', 0), 0, 10)).toHaveLength(0)
    expect(rig.gets).toHaveLength(0)
  })

  it('asks once for what many wait for', async () => {
    const rig = createRig({ delayMs: 20 })
    const version = await rig.put('k', large)
    const reads = Promise.all(Array.from({ length: 20 }, (_, i) => rig.reader.read(version, i * 1000, 1000)))
    await elapse(rig.clock, reads)
    expect((await reads)[3]).toEqual(large.subarray(3000, 4000))
    expect(rig.gets).toEqual([{ key: 'k', range: { offset: 0, length: MiB }, purpose: 'data' }])
  })

  it('reads a large extent by parallel GETs of several blocks, without copying when it is one', async () => {
    const rig = createRig({ delayMs: 20 })
    const version = await rig.put('k', large)
    const all = rig.reader.read(version, 0, large.byteLength)
    expect(await elapse(rig.clock, all)).toBeLessThanOrEqual(40)
    expect(Buffer.compare(await all, large)).toBe(0)
    expect(rig.gets).toHaveLength(6)
    const two = await rig.reader.read(version, MiB - 10, 20)
    expect(two).toEqual(large.subarray(MiB - 10, MiB + 10))
    expect(two.byteOffset).toBe(MiB - 10)
    expect(rig.gets).toHaveLength(6)
  })

  it('reads a file in order with few, growing GETs that are under way before they are needed', async () => {
    const rig = createRig({ delayMs: 20 })
    const version = await rig.put('k', large)
    const window = rig.reader.openWindow(inodeOf(2))
    const work = async (): Promise<void> => {
      for (let at = 0; at < version.size; at += 128 * KiB) {
        const part = await rig.reader.read(version, at, 128 * KiB, { window })
        if (Buffer.compare(part, large.subarray(at, at + 128 * KiB)) !== 0) expect.fail(`wrong bytes at ${at}`)
      }
    }
    // One by one, 41 blocks would take 820 ms.
    expect(await elapse(rig.clock, work())).toBeLessThanOrEqual(180)
    expect(rig.gets.length).toBeLessThan(25)
    expect(rig.gets[0]?.range).toEqual({ offset: 0, length: MiB })
    expect(rig.metrics.get('bytesRead')).toBe(version.size)
    expect(rig.metrics.get('readAheadUsed')).toBe(rig.metrics.get('readAheadBlocks'))
  })

  it('reads 64 KiB here and there with GETs of that size, which are not asked for again', async () => {
    const rig = createRig()
    const version = await rig.put('k', large)
    const window = rig.reader.openWindow(inodeOf(2))
    const offsets = [20, 3, 33, 11, 27].map((i) => i * MiB + 64 * KiB)
    for (const at of offsets)
      expectSame(await rig.reader.read(version, at, 64 * KiB, { window }), large.subarray(at, at + 64 * KiB))
    expect(rig.gets.map(({ range }) => range?.length)).toEqual(offsets.map(() => 64 * KiB))
    for (const at of offsets) await rig.reader.read(version, at + 100, 64 * KiB - 100)
    expect(rig.gets).toHaveLength(offsets.length)
  })

  it('asks again for bytes that came wrong, and hands out the right ones', async () => {
    const rig = createRig({ rules: [{ fault: 'flipped-body', times: 2 }] })
    const version = await rig.put('k', bytes)
    expectSame(await rig.reader.read(version, 0, bytes.byteLength), bytes)
    expect(rig.gets).toHaveLength(3)
    expect(rig.metrics.get('corrupt')).toBe(0)
  })

  for (const fault of ['flipped-body', 'truncated-body'] as const)
    it(`answers EIO when bytes stay wrong (${fault}), and keeps none of them`, async () => {
      const rig = createRig({ rules: [{ fault, times: 3 }] })
      const version = await rig.put('k', bytes)
      expect(await failureOf(rig.reader.read(version, 0, 10))).toMatchObject({ code: 'EIO' })
      expect(rig.metrics.get('corrupt')).toBe(1)
      expect([rig.reader.isCached(version), rig.budget.used()]).toEqual([false, 0])
      expectSame(await rig.reader.read(version, 0, bytes.byteLength), bytes)
    })

  it('answers ESTALE when another version is there, for what is not cached', async () => {
    const rig = createRig()
    const version = await rig.put('k', large)
    await rig.reader.read(version, 0, 10)
    await rig.put('k', bytes)
    expectSame(await rig.reader.read(version, 5, 5), large.subarray(5, 10))
    expect(await failureOf(rig.reader.read(version, 20 * MiB, 10))).toMatchObject({ code: 'ESTALE' })
    await rig.store.delete('k')
    expect(await failureOf(rig.reader.read(version, 20 * MiB, 10))).toMatchObject({ code: 'ESTALE' })
    expect(rig.budget.used('fill')).toBe(0)
  })

  it('answers ESTALE when the store ignores the condition and shows another version, and hands none of it out', async () => {
    const rig = createRig()
    const version = await rig.put('k', bytes)
    const blind: ObjectStore = {
      ...rig.store,
      get: (key, options) => rig.store.get(key, { ...options, ifMatch: undefined }),
    }
    await rig.put('k', patterned(300 * KiB, 2))
    const reader = createRig({ store: blind })
    expect(await failureOf(reader.reader.read(version, 0, 10))).toMatchObject({ code: 'ESTALE' })
    expect([reader.gets.length, reader.metrics.get('corrupt'), reader.budget.used()]).toEqual([3, 0, 0])
  })

  it('takes an old version shown for a moment for what it is, and asks again', async () => {
    const rig = createRig()
    const old = await rig.store.get((await rig.put('k', patterned(300 * KiB, 2))).key)
    const version = await rig.put('k', bytes)
    let shown = 0
    const stale: ObjectStore = {
      ...rig.store,
      get: (key, options) => (shown++ < 2 ? Promise.resolve(old) : rig.store.get(key, options)),
    }
    expectSame(await createRig({ store: stale }).reader.read(version, 0, version.size), bytes)
  })

  it('reads all of a file of ours again when a part of it was evicted, so that the part is verified', async () => {
    const rig = createRig({ memoryBytesMax: 20 * MiB })
    const version = { ...(await rig.put('k', large.subarray(0, 6 * MiB))), ours: true }
    await rig.reader.read(version, 0, version.size)
    const other = await rig.put('other', large)
    await rig.reader.read(version, 5 * MiB, 10)
    await rig.reader.read(other, 0, 18 * MiB)
    expect(rig.reader.readNow(version, 0, 10)).toBeUndefined()
    expectSame(await rig.reader.read(version, 2 * MiB, 10), large.subarray(2 * MiB, 2 * MiB + 10))
    const whole = rig.gets.filter(({ key }) => key === 'k')
    expect(whole.map(({ range }) => range)).toEqual(whole.map(() => undefined))
    expect(whole.length).toBe(2)
  })

  it('gets the room of failed read-ahead back, and serves the reader all the same', async () => {
    let after = 0
    const rig = createRig({
      memoryBytesMax: 32 * MiB,
      delayMs: 20,
      // Every GET in the background fails.
      rules: [{ fault: 'lost-request', matches: (call) => call.options.priority === 'background' && ++after > 0 }],
    })
    const version = await rig.put('k', large)
    const work = async (): Promise<void> => {
      const window = rig.reader.openWindow(inodeOf(2))
      for (let at = 0; at < version.size; at += MiB)
        expectSame(await rig.reader.read(version, at, MiB, { window }), large.subarray(at, at + MiB))
      rig.reader.drop(version)
    }
    for (let round = 0; round < 3; round++) await elapse(rig.clock, work())
    expect(after).toBeGreaterThan(10)
    expect(rig.budget.used()).toBe(0)
  })

  it('keeps blocks when the object moves to another key, also for readers of the old version', async () => {
    const rig = createRig()
    const version = await rig.put('k', large)
    await rig.reader.read(version, 0, 10)
    const { etag } = await rig.store.copy('k', 'k2')
    await rig.store.delete('k')
    const moved = versionOf('k2', etag, version.size)
    rig.reader.move(version, moved)
    expectSame(await rig.reader.read(moved, 0, 10), large.subarray(0, 10))
    expect(rig.gets).toHaveLength(1)
    expectSame(await rig.reader.read(version, 10 * MiB, 10), large.subarray(10 * MiB, 10 * MiB + 10))
    expect(rig.gets[1]?.key).toBe('k2')
    rig.reader.drop(moved)
    expect([rig.reader.readNow(moved, 0, 10), rig.budget.used()]).toEqual([undefined, 0])
  })

  it('goes on under the new key when the object moves while it is asked for', async () => {
    const rig = createRig({ delayMs: 20 })
    const version = await rig.put('k', bytes)
    const { etag } = await rig.store.copy('k', 'k2')
    await rig.store.delete('k')
    const read = rig.reader.read(version, 0, 10)
    await rig.clock.advance(10)
    rig.reader.move(version, versionOf('k2', etag, version.size))
    await elapse(rig.clock, read)
    expectSame(await read, bytes.subarray(0, 10))
    expect(rig.gets.map(({ key }) => key)).toEqual(['k', 'k2'])
  })

  it('ends the wait of an aborted reader and not the fill of others', async () => {
    const rig = createRig({ delayMs: 20 })
    const version = await rig.put('k', bytes)
    const controller = new AbortController()
    const aborted = rig.reader.read(version, 0, 10, { signal: controller.signal })
    const other = rig.reader.read(version, 0, 10)
    const failure = aborted.catch((error: unknown) => error)
    controller.abort(new Error('enough'))
    expect(await failure).toMatchObject({ message: 'enough' })
    await elapse(rig.clock, other)
    expect(rig.gets).toHaveLength(1)
  })

  it('keeps what was just written, as far as memory is free', async () => {
    const rig = createRig({ memoryBytesMax: 32 * MiB })
    const version = await rig.put('k', large)
    for (let at = 0; at < large.byteLength; at += 8 * MiB)
      rig.reader.insert(version, at, large.subarray(at, at + 8 * MiB))
    expect(rig.budget.used()).toBe(32 * MiB)
    expectSame(await rig.reader.read(version, 31 * MiB, 1000), large.subarray(31 * MiB, 31 * MiB + 1000))
    expect(rig.gets).toHaveLength(0)
  })

  it('never holds more than its memory, whoever reads what', async () => {
    const rig = createRig({ memoryBytesMax: 32 * MiB, delayMs: 5 })
    const versions = await Promise.all(['a', 'b', 'c'].map((key) => rig.put(key, large)))
    const reads = versions.flatMap((version, v) => [
      rig.reader.read(version, 0, large.byteLength),
      (async () => {
        const window = rig.reader.openWindow(inodeOf(2 + v))
        for (let at = 0; at < version.size; at += 512 * KiB) await rig.reader.read(version, at, 512 * KiB, { window })
      })(),
    ])
    await elapse(rig.clock, Promise.all(reads))
    expect(rig.budget.peak).toBeLessThanOrEqual(32 * MiB)
    expect(rig.budget.peak).toBeGreaterThan(16 * MiB)
    expect([rig.budget.used('fill'), rig.budget.waiting]).toEqual([0, 0])
    rig.reader.close()
    expect(rig.budget.used()).toBe(0)
  })
})
