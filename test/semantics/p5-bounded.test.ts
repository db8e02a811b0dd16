// P5: memory, disk cache and spool have caps that hold; writers are slowed, never killed. The 1 GiB run is in
// p5-bounded.proof.ts; here a tenth of it, with less memory.

import { describe, expect, it } from 'vitest'
import { MiB, utf8 } from '../../src/base/bytes.ts'
import { O_CREAT, O_RDWR, O_WRONLY } from '../../src/volume/types.ts'
import { createMemoryFolder } from '../support/local-files-memory.ts'
import { patterned } from '../support/store-kit.ts'
import { root, type VolumeKit } from '../support/volume-kit.ts'
import { errorOf, kitOf, openHandle } from './kit.ts'
import { nodeOwnBytes, runLarge } from './p5-runs.ts'

const peakOf = ({ volume }: VolumeKit): number => Number(volume.metrics()['memoryBytesPeak'])

describe('memory', () => {
  it('P5.1 P5.2 a file twice as large is written and read by a process within memoryBytesMax + Node', async () => {
    // Not less: of so little memory nothing would be set apart for what the garbage collector has not seen yet.
    const memoryBytesMax = 64 * MiB
    const run = await runLarge(130 * MiB, { memoryBytesMax, diskCacheBytesMax: 24 * MiB })
    expect(run.same).toBe(true)
    expect(run.memoryPeak).toBeGreaterThan(0)
    expect(run.memoryPeak).toBeLessThanOrEqual(memoryBytesMax)
    expect(run.cachePeak).toBeGreaterThan(0)
    expect(run.cachePeak).toBeLessThanOrEqual(24 * MiB)
    expect(run.rssPeak).toBeLessThanOrEqual(memoryBytesMax + run.baseRss + nodeOwnBytes)
  }, 60_000)

  const small = { memoryBytesMax: 20 * MiB, partBytes: 5 * MiB, putBytesMax: 5 * MiB, readAheadBytesMax: 8 * MiB }

  it('P5.1 clean, dirty and in flight together stay below it: many readers, many writers', async () => {
    const kit = await kitOf({ ...small, components: { spoolFiles: createMemoryFolder() } })
    for (let i = 0; i < 6; i++) await kit.bucket.put(`r${i}`, patterned(6 * MiB, i), { headers: { metadata: {} } })
    const read = async (i: number): Promise<void> => {
      const bytes = Buffer.from(await kit.calls.readFile(root, `/r${i}`))
      expect(Buffer.compare(bytes, patterned(6 * MiB, i))).toBe(0)
    }
    const write = async (i: number): Promise<void> => {
      const handle = await openHandle(kit, `/w${i}`, O_WRONLY | O_CREAT)
      const body = patterned(8 * MiB, 50 + i)
      for (let at = 0; at < body.byteLength; at += MiB) await kit.calls.write(handle, at, body.subarray(at, at + MiB))
      await kit.calls.close(handle)
    }
    await Promise.all(Array.from({ length: 6 }, (_, i) => [read(i), write(i)]).flat())
    for (let i = 0; i < 6; i++) {
      const { body } = await kit.bucket.get(`w${i}`)
      expect(Buffer.compare(body, patterned(8 * MiB, 50 + i))).toBe(0)
    }
    expect(peakOf(kit)).toBeGreaterThan(0)
    expect(peakOf(kit)).toBeLessThanOrEqual(20 * MiB)
  }, 60_000)

  it.each([true, false])(
    'P5.5 a writer faster than the bucket is slowed or spooled, never killed (spool: %s)',
    async (spooled) => {
      const spoolFiles = createMemoryFolder()
      const kit = await kitOf({ ...small, durability: 'memory', ...(spooled ? { components: { spoolFiles } } : {}) })
      const handle = await openHandle(kit, '/f', O_RDWR | O_CREAT)
      const body = patterned(32 * MiB)
      for (let at = 0; at < body.byteLength; at += MiB) await kit.calls.write(handle, at, body.subarray(at, at + MiB))
      await kit.calls.close(handle)
      await kit.volume.sync()
      expect(Buffer.compare((await kit.bucket.get('f')).body, body)).toBe(0)
      expect(peakOf(kit)).toBeLessThanOrEqual(20 * MiB)
    },
    60_000,
  )
})

describe('disk', () => {
  it('P5.3 P5.4 the disk cache keeps blocks within diskCacheBytesMax, survives restart, and is revalidated', async () => {
    const cacheFiles = createMemoryFolder()
    const options = { diskCacheBytesMax: 6 * MiB, components: { cacheFiles } }
    const kit = await kitOf(options)
    for (let i = 0; i < 10; i++) await kit.bucket.put(`f${i}`, patterned(2 * MiB, i), { headers: { metadata: {} } })
    for (let i = 0; i < 10; i++) await kit.calls.readFile(root, `/f${i}`)
    await kit.close()
    expect(cacheFiles.peak).toBeGreaterThan(MiB)
    expect(cacheFiles.peak).toBeLessThanOrEqual(6 * MiB)
    const again = await kitOf({ ...options, bucket: kit.bucket, clock: kit.clock })
    for (let i = 9; i >= 0; i--)
      expect(Buffer.compare(await again.calls.readFile(root, `/f${i}`), patterned(2 * MiB, i))).toBe(0)
    // Blocks that are there are not asked for again.
    expect(again.volume.metrics()['diskHits']).toBeGreaterThanOrEqual(2)
    expect(again.volume.metrics()['bytesRead']).toBeLessThanOrEqual(18 * MiB)
    await again.close()
    await kit.bucket.put('f9', patterned(2 * MiB, 99), { headers: { metadata: {} } })
    const changed = await kitOf({ ...options, bucket: kit.bucket, clock: kit.clock })
    expect(Buffer.compare(await changed.calls.readFile(root, '/f9'), patterned(2 * MiB, 99))).toBe(0)
  })

  it('P5.6 the journal never exceeds spoolBytesMax: ENOSPC before anything is acknowledged, and room again after write-back', async () => {
    const journalFiles = createMemoryFolder()
    const kit = await kitOf({ durability: 'journal', spoolBytesMax: 2 * MiB, components: { journalFiles } })
    const outcomes = new Map<string, string>()
    for (let i = 0; i < 8; i++) {
      const text = `${i}`.repeat(600_000)
      await kit.write(`/f${i}`, text).then(
        () => outcomes.set(`f${i}`, text),
        (error: { code?: string }) => expect(error.code).toBe('ENOSPC'),
      )
    }
    expect(journalFiles.peak).toBeLessThanOrEqual(3 * MiB)
    await kit.volume.sync()
    for (const [key, text] of outcomes) expect(Buffer.from((await kit.bucket.get(key)).body).toString()).toBe(text)
    await kit.write('/after', 'room again')
    expect(await kit.read('/after')).toBe('room again')
  })

  it('P5.6 a cache folder without room is done without', async () => {
    const cacheFiles = createMemoryFolder()
    cacheFiles.bytesMax = MiB
    const kit = await kitOf({ components: { cacheFiles } })
    await kit.bucket.put('f', patterned(3 * MiB), { headers: { metadata: {} } })
    expect(Buffer.compare(await kit.calls.readFile(root, '/f'), patterned(3 * MiB))).toBe(0)
  })
})

it('P5.7 holes cost neither memory nor upload, and more than holeBytesMax of them is EFBIG', async () => {
  const kit = await kitOf({ holeBytesMax: 64 * MiB })
  const handle = await openHandle(kit, '/f', O_RDWR | O_CREAT)
  await kit.calls.write(handle, 40 * MiB, utf8('end'))
  const { bytesUp } = kit.metrics.snapshot()
  await kit.calls.close(handle)
  expect((await kit.bucket.head('f')).size).toBe(40 * MiB + 3)
  // One zero object, which the cache keeps for all holes, and one part with the bytes.
  expect(kit.metrics.snapshot().bytesUp - bytesUp).toBeLessThan(24 * MiB)
  expect(await errorOf(kit.calls.setAttributes(root, '/f', { size: 200 * MiB }, true))).toMatchObject({ code: 'EFBIG' })
})
