// Checksums per block: large objects of ours are verified read by read.

import { describe, expect, it } from 'vitest'
import { createSeededRandom } from '../../../src/base/random.ts'
import { blockChecksumsKey } from '../../../src/format/block-checksums.ts'
import { BlockChecksumBuilder, verifyBlocks } from '../../../src/volume/content/fill/block-checks.ts'
import type { Version } from '../../../src/volume/inode.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { failure, patterned } from '../../support/store-kit.ts'
import { createManualClock } from '../../support/store-clock.ts'
import { createRig, elapse, expectSame, inodeOf, KiB, MiB, versionOf } from './content-kit.ts'
import type { Rig, RigOptions } from './content-kit.ts'

const bytes = patterned(10 * MiB + 4321)
const ours = { metadata: { 'bucketfs-id': 'feed' } }

function built(data: Uint8Array): BlockChecksumBuilder {
  const builder = new BlockChecksumBuilder()
  for (let at = 0; at < data.byteLength; at += 8 * MiB) builder.add(at, data.subarray(at, at + 8 * MiB))
  return builder
}

/** A bucket with one large object of ours and its checksums, and a new reader of it. */
async function written(
  options: RigOptions = {},
  headers = ours,
): Promise<{ readonly rig: Rig; readonly version: Version }> {
  const store = createMemoryStore({ clock: createManualClock(), random: createSeededRandom(1) })
  const writer = createRig({ store })
  const version = await writer.put('big', bytes, headers)
  writer.reader.keepChecksums(version, built(bytes))
  expect(writer.reader.unwrittenChecksums).toBe(1)
  await writer.reader.flushChecksums()
  expect(writer.reader.unwrittenChecksums).toBe(0)
  return { rig: createRig({ ...options, store }), version }
}

const side = (rig: Rig): number => rig.gets.filter(({ purpose }) => purpose === 'side').length

describe('BlockChecksumBuilder', () => {
  it('builds nothing while most is missing, and leaves out what is', () => {
    const builder = new BlockChecksumBuilder()
    builder.add(0, bytes.subarray(0, 4 * MiB))
    expect(builder.build('k', 'e', bytes.byteLength)).toBeNull()
    builder.add(4 * MiB, bytes.subarray(4 * MiB, 8 * MiB))
    const checks = builder.build('k', 'e', bytes.byteLength)
    expect(checks && verifyBlocks(bytes.subarray(0, 8 * MiB), 0, checks)).toBe(true)
    expect(checks && verifyBlocks(bytes, 0, checks)).toBeUndefined()
    const wrong = bytes.slice()
    wrong[5 * MiB] = (wrong[5 * MiB] as number) ^ 1
    expect(checks && verifyBlocks(wrong, 0, checks)).toBe(false)
  })

  it('takes over whole blocks that were copied, and the short last one only where the object ends there', () => {
    const base = built(bytes).build('k', 'e', bytes.byteLength)
    if (!base) throw new Error('not built')
    const longer = new BlockChecksumBuilder()
    longer.inherit(0, bytes.byteLength, base, bytes.byteLength + 1)
    const checks = longer.build('k', 'f', bytes.byteLength + 1)
    expect(checks?.checksums.at(-1)).toBe(0)
    expect(checks?.checksums.subarray(0, 100)).toEqual(base.checksums.subarray(0, 100))
    const same = new BlockChecksumBuilder()
    same.inherit(0, bytes.byteLength, base, bytes.byteLength)
    expect(same.build('k', 'e', bytes.byteLength)).toEqual(base)
    same.inherit(100, 64 * KiB, base, bytes.byteLength)
    same.forget(64 * KiB, 1)
    expect(same.build('k', 'e', bytes.byteLength)?.checksums.subarray(0, 3)).toEqual(
      new Uint32Array([base.checksums[0] as number, 0, base.checksums[2] as number]),
    )
  })

  it('takes parts in any order and again', () => {
    const builder = new BlockChecksumBuilder()
    builder.add(0, new Uint8Array(8 * MiB))
    builder.add(8 * MiB, bytes.subarray(8 * MiB))
    builder.add(0, bytes.subarray(0, 8 * MiB))
    const checks = builder.build('k', 'e', bytes.byteLength)
    expect(checks && verifyBlocks(bytes, 0, checks)).toBe(true)
    expect(checks).toEqual(built(bytes).build('k', 'e', bytes.byteLength))
  })
})

describe('verifyBlocks', () => {
  const checks = built(bytes).build('k', 'e', bytes.byteLength)
  if (!checks) throw new Error('not built')

  it('refuses one wrong bit in any unit', () => {
    for (const at of [0, 64 * KiB, MiB - 1]) {
      const wrong = bytes.slice(3 * MiB, 4 * MiB)
      wrong[at] = (wrong[at] as number) ^ 128
      expect(verifyBlocks(wrong, 3 * MiB, checks)).toBe(false)
    }
  })

  it('accepts whole units, the short last one too, and says when some bytes are in none', () => {
    expect(verifyBlocks(bytes.subarray(64 * KiB, 128 * KiB), 64 * KiB, checks)).toBe(true)
    expect(verifyBlocks(bytes.subarray(10 * MiB), 10 * MiB, checks)).toBe(true)
    expect(verifyBlocks(bytes.subarray(1, 128 * KiB), 1, checks)).toBeUndefined()
    expect(verifyBlocks(bytes.subarray(0, 65 * KiB), 0, checks)).toBeUndefined()
  })
})

describe('reads of large objects of ours', () => {
  it('are verified by block, with one request more per file', async () => {
    const { rig, version } = await written()
    const window = rig.reader.openWindow(inodeOf(2))
    expectSame(await rig.reader.read(version, 0, version.size), bytes)
    for (const at of [9 * MiB, 3 * MiB]) await rig.reader.read(version, at, 64 * KiB, { window })
    expect([side(rig), rig.metrics.get('unverified')]).toEqual([1, 0])
    expect(rig.metrics.get('verified')).toBe(rig.gets.length - 1)
  })

  it('read the checksums beside the data when it is known to be ours', async () => {
    const { rig, version } = await written({ delayMs: 20 })
    const known = { ...version, headers: ours }
    expect(await elapse(rig.clock, rig.reader.read(known, 0, 10))).toBeLessThanOrEqual(21)
    expect(side(rig)).toBe(1)
  })

  it('are asked for again when a block is wrong, and never handed out wrong', async () => {
    const wrongOnce = [
      { fault: 'flipped-body', times: 2, matches: (call: { key?: string | undefined }) => call.key === 'big' },
    ] as const
    const { rig, version } = await written({ rules: wrongOnce })
    expectSame(await rig.reader.read(version, 5 * MiB, 100), bytes.subarray(5 * MiB, 5 * MiB + 100))
    expect(rig.gets.filter(({ key }) => key === 'big')).toHaveLength(3)
    const always = await written({ rules: [{ fault: 'flipped-body', matches: (call) => call.key === 'big' }] })
    await expect(always.rig.reader.read(always.version, 5 * MiB, 100)).rejects.toMatchObject({ code: 'EIO' })
    expect([always.rig.metrics.get('corrupt'), always.rig.budget.used()]).toEqual([1, 0])
  })

  it('are only unverified when the checksums are lost, damaged or cannot be read', async () => {
    for (const spoil of ['lost', 'damaged', 'unreadable']) {
      const { rig, version } = await written(
        spoil === 'unreadable'
          ? { rules: [{ fault: 'slow-down', matches: (call) => call.options.purpose === 'side' }] }
          : {},
      )
      const key = blockChecksumsKey('big', version.etag)
      if (spoil === 'lost') await rig.store.delete(key)
      if (spoil === 'damaged') await rig.put(key, new Uint8Array(10))
      expectSame(await rig.reader.read(version, 5 * MiB, 100), bytes.subarray(5 * MiB, 5 * MiB + 100))
      expect(rig.metrics.get('unverified')).toBe(1)
    }
  })

  it('ask for no checksums of foreign objects', async () => {
    const { rig, version } = await written({}, { metadata: {} as (typeof ours)['metadata'] })
    await rig.reader.read(version, 5 * MiB, 100)
    expect([side(rig), rig.metrics.get('unverified')]).toEqual([0, 1])
  })

  it('go on after a move, whose checksums are written again under the new name', async () => {
    const { rig, version } = await written()
    await rig.reader.read(version, 0, 10)
    const { etag } = await rig.store.copy('big', 'big2')
    const moved = versionOf('big2', etag, version.size)
    rig.reader.move(version, moved)
    await rig.reader.read(moved, 9 * MiB, 10)
    expect([side(rig), rig.metrics.get('unverified')]).toEqual([1, 0])
    await rig.reader.flushChecksums()
    await failure(rig.store.head(blockChecksumsKey('big', version.etag)), 'not-found')
    const later = createRig({ store: rig.store })
    await later.reader.read(moved, 9 * MiB, 10)
    expect([side(later), later.metrics.get('unverified')]).toEqual([1, 0])
  })

  it('keep their checksums through a copy onto itself', async () => {
    const { rig, version } = await written()
    await rig.reader.read(version, 0, 10)
    rig.reader.move(version, { ...version, headers: ours })
    await rig.reader.flushChecksums()
    expect(await rig.store.head(blockChecksumsKey('big', version.etag))).toBeTruthy()
    expectSame(await rig.reader.read({ ...version }, 0, 10), bytes.subarray(0, 10))
    expect(rig.gets.filter(({ key }) => key === 'big')).toHaveLength(1)
  })

  it('leave no checksums of a version that was replaced', async () => {
    const { rig, version } = await written()
    await rig.reader.read(version, 0, 10)
    rig.reader.drop(version)
    await rig.reader.flushChecksums()
    await failure(rig.store.head(blockChecksumsKey('big', version.etag)), 'not-found')
  })

  it('have their checksums written some time after they were, once', async () => {
    const rig = createRig()
    const version = await rig.put('big', bytes, ours)
    rig.reader.keepChecksums(version, built(bytes))
    rig.reader.keepChecksums(version, built(bytes))
    await rig.clock.advance(9000)
    expect(rig.reader.unwrittenChecksums).toBe(1)
    await rig.clock.advance(1000)
    await new Promise((resolve) => setImmediate(resolve))
    expect([rig.reader.unwrittenChecksums, rig.clock.pending]).toEqual([0, 0])
    expect((await rig.store.head(blockChecksumsKey('big', version.etag))).size).toBeGreaterThan(100)
  })

  it('write nothing to a bucket that is only read', async () => {
    const rig = createRig({ settings: { readOnly: true } })
    rig.reader.keepChecksums(versionOf('big', 'e', bytes.byteLength), built(bytes))
    expect([rig.reader.unwrittenChecksums, rig.clock.pending]).toEqual([0, 0])
  })

  it('lose only the check when checksums cannot be written', async () => {
    const rig = createRig({ rules: [{ fault: 'slow-down', operations: ['put'] }] })
    const version = await rig.put('big', bytes, ours)
    rig.reader.keepChecksums(version, built(bytes))
    await rig.reader.flushChecksums()
    expect(rig.reader.unwrittenChecksums).toBe(0)
  })
})

describe('reads of files up to 8 MiB', () => {
  const middle = bytes.subarray(0, 5 * MiB)

  it('take all of it when it is ours or not known to be foreign, so that it is verified', async () => {
    const rig = createRig()
    const version = await rig.put('k', middle, ours)
    await rig.reader.read(version, 3 * MiB, 10)
    expect(rig.gets.map(({ range }) => range)).toEqual([undefined])
    expect(rig.metrics.get('verified')).toBe(1)
  })

  it('take one block of a foreign file whose head is looked at, and all of one that is read', async () => {
    const rig = createRig()
    const version = { ...(await rig.put('k', middle)), headers: { metadata: {} } }
    await rig.reader.read(version, 0, 4096)
    expect(rig.gets.map(({ range }) => range?.length)).toEqual([MiB])
    const other = { ...(await rig.put('k2', middle)), headers: { metadata: {} } }
    await rig.reader.read(other, 0, 128 * KiB)
    expect(rig.gets[1]?.range).toBeUndefined()
  })

  it('are verified by an MD5 ETag where there is no checksum, and unverified, not refused, without one', async () => {
    for (const md5Etags of [true, false]) {
      const rig = createRig({ hideChecksums: true, capabilities: { md5Etags } })
      const version = await rig.put('k', middle.subarray(0, 1000))
      await rig.reader.read(version, 0, 10)
      expect([rig.metrics.get('verified'), rig.metrics.get('unverified')]).toEqual(md5Etags ? [1, 0] : [0, 1])
    }
  })
})
