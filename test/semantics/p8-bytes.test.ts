// P8: no wrong bytes. The same over real HTTP, with bits flipped on the wire: faults-service.test.ts.

import { describe, expect, it } from 'vitest'
import { MiB } from '../../src/base/bytes.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { GetReply, ObjectStore } from '../../src/store/store.ts'
import { O_CREAT, O_RDONLY, O_WRONLY } from '../../src/volume/types.ts'
import { createMemoryFolder } from '../support/local-files-memory.ts'
import { createManualClock } from '../support/store-clock.ts'
import { patterned } from '../support/store-kit.ts'
import { root, type KitOptions, type VolumeKit } from '../support/volume-kit.ts'
import { errorOf, kitOf, openHandle, otherKit } from './kit.ts'

const streaming = { putBytesMax: 5 * MiB, partBytes: 5 * MiB, memoryBytesMax: 64 * MiB } as const

/** A bucket that gives wrong bits of chosen objects for as long as it is told to. */
function rotten(bucket: ObjectStore): {
  readonly store: ObjectStore
  rot: (key: string | null) => void
  readonly gets: number[]
} {
  let rotting: string | null = null
  const gets: number[] = []
  const store: ObjectStore = {
    ...bucket,
    async get(key, options): Promise<GetReply> {
      const reply = await bucket.get(key, options)
      if (key !== rotting) return reply
      gets.push(reply.offset)
      const body = reply.body.slice()
      const at = body.byteLength >> 1
      body[at] = (body[at] as number) ^ 4
      return { ...reply, body }
    },
  }
  return { store, gets, rot: (key) => (rotting = key) }
}

function withSpool(): KitOptions {
  return { ...streaming, components: { spoolFiles: createMemoryFolder() } }
}

async function writeLarge(kit: VolumeKit, bytes: Uint8Array): Promise<void> {
  const handle = await openHandle(kit, '/large', O_WRONLY | O_CREAT)
  for (let at = 0; at < bytes.byteLength; at += MiB) await kit.calls.write(handle, at, bytes.subarray(at, at + MiB))
  await kit.calls.close(handle)
}

describe('what we wrote', () => {
  it('P8.1 carries a checksum of the whole object', async () => {
    const kit = await kitOf()
    await kit.write('/f', 'text')
    const { checksum } = await kit.bucket.head('f')
    expect(checksum).toMatchObject({ algorithm: 'crc32', type: 'full-object' })
  })

  it('P8.2 wrong bytes are asked for again, then EIO, counted, and never cached', async () => {
    const clock = createManualClock()
    const bad = rotten(createMemoryStore({ clock }))
    const kit = await kitOf({ bucket: bad.store, clock })
    await kit.write('/f', 'x'.repeat(5000))
    const reader = await otherKit(kit)
    bad.rot('f')
    expect(await errorOf(reader.read('/f'))).toMatchObject({ code: 'EIO' })
    expect(bad.gets.length).toBe(3)
    expect(reader.volume.metrics()['corrupt']).toBe(1)
    bad.rot(null)
    expect(await reader.read('/f')).toBe('x'.repeat(5000))
  })

  it.each([
    ['with a spool', withSpool],
    ['without: completed aside, then moved', (): KitOptions => streaming],
  ])(
    'P8.3 a large object has a checksum of each block, so that ranged reads are verified too (%s)',
    async (_, settings) => {
      const clock = createManualClock()
      const bad = rotten(createMemoryStore({ clock }))
      const kit = await kitOf({ bucket: bad.store, clock, ...settings() })
      const bytes = patterned(20 * MiB)
      await writeLarge(kit, bytes)
      await kit.close()
      const reader = await otherKit(kit)
      const handle = await openHandle(reader, '/large', O_RDONLY)
      bad.rot('large')
      expect(await errorOf(reader.calls.read(handle, 12 * MiB, 100_000))).toMatchObject({ code: 'EIO' })
      bad.rot(null)
      const read = await reader.calls.read(handle, 12 * MiB, 100_000)
      expect(Buffer.compare(read, bytes.subarray(12 * MiB, 12 * MiB + 100_000))).toBe(0)
      expect(reader.volume.metrics()['verified']).toBeGreaterThan(0)
      expect(reader.volume.metrics()['unverified'] ?? 0).toBe(0)
    },
  )

  it.each([
    ['an append', 20 * MiB, patterned(10)],
    ['a change in the middle', 9 * MiB + 5, patterned(100, 9)],
  ])('P8.12 one changed by %s keeps the checksums of blocks that were copied whole', async (_, offset, change) => {
    const clock = createManualClock()
    const bad = rotten(createMemoryStore({ clock }))
    const kit = await kitOf({ bucket: bad.store, clock, ...withSpool() })
    const bytes = Buffer.alloc(Math.max(20 * MiB, offset + change.byteLength))
    bytes.set(patterned(20 * MiB))
    await writeLarge(kit, bytes.subarray(0, 20 * MiB))
    await kit.close()
    const editor = await otherKit(kit, withSpool())
    const handle = await openHandle(editor, '/large', O_WRONLY)
    await editor.calls.write(handle, offset, change)
    await editor.calls.close(handle)
    bytes.set(change, offset)
    expect(editor.metrics.count('copyPart')).toBeGreaterThan(0)
    await editor.close()
    const reader = await otherKit(kit)
    const reading = await openHandle(reader, '/large', O_RDONLY)
    bad.rot('large')
    expect(await errorOf(reader.calls.read(reading, 2 * MiB, 100_000))).toMatchObject({ code: 'EIO' })
    bad.rot(null)
    expect(Buffer.compare(await reader.calls.readFile(root, '/large'), bytes)).toBe(0)
    expect(reader.volume.metrics()['verified']).toBeGreaterThan(0)
  })

  it('P8.5 losing the block checksums costs the check and nothing else', async () => {
    const kit = await kitOf(streaming)
    const bytes = patterned(20 * MiB)
    await writeLarge(kit, bytes)
    await kit.close()
    for (const { key } of (await kit.bucket.list({ prefix: '.bucketfs/cache/' })).objects) await kit.bucket.delete(key)
    const reader = await otherKit(kit)
    expect(Buffer.compare(await reader.calls.readFile(root, '/large'), bytes)).toBe(0)
    expect(reader.volume.metrics()['unverified']).toBeGreaterThan(0)
  })

  it('P8.6 a foreign rewrite voids them: its bytes are read, not refused', async () => {
    const kit = await kitOf(streaming)
    await writeLarge(kit, patterned(20 * MiB))
    await kit.close()
    await kit.bucket.put('large', patterned(20 * MiB, 2), { headers: { metadata: {} } })
    const reader = await otherKit(kit)
    expect(Buffer.compare(await reader.calls.readFile(root, '/large'), patterned(20 * MiB, 2))).toBe(0)
  })
})

describe('foreign objects', () => {
  it('P8.4 of up to 8 MiB are verified by a full-object checksum or an MD5 ETag', async () => {
    const clock = createManualClock()
    const bad = rotten(createMemoryStore({ clock }))
    const kit = await kitOf({ bucket: bad.store, clock })
    await kit.bucket.put('f', patterned(8 * MiB), { headers: { metadata: {} } })
    expect(Buffer.compare(await kit.calls.readFile(root, '/f'), patterned(8 * MiB))).toBe(0)
    expect(kit.volume.metrics()['verified']).toBeGreaterThan(0)
    const reader = await otherKit(kit)
    bad.rot('f')
    expect(await errorOf(reader.calls.readFile(root, '/f'))).toMatchObject({ code: 'EIO' })
  })

  it('P8.7 under aws:kms an ETag is no MD5 and proves nothing: read, and counted as unverified', async () => {
    const clock = createManualClock()
    const inner = createMemoryStore({ clock })
    const store: ObjectStore = {
      ...inner,
      async get(key, options) {
        const { checksum: _, ...reply } = await inner.get(key, options)
        return reply
      },
      async head(key, options) {
        const { checksum: _, ...info } = await inner.head(key, options)
        return info
      },
    }
    const kit = await kitOf({ bucket: store, clock })
    await inner.put('f', patterned(1000), { headers: { metadata: {}, sse: 'aws:kms' } })
    expect((await kit.calls.readFile(root, '/f')).length).toBe(1000)
    expect(kit.volume.metrics()['unverified']).toBe(1)
  })

  it('P8.8 larger ones are checked by length, range and ETag, and counted as unverified', async () => {
    const kit = await kitOf()
    await kit.bucket.put('f', patterned(9 * MiB), { headers: { metadata: {} } })
    const handle = await openHandle(kit, '/f', O_RDONLY)
    await kit.calls.read(handle, 5 * MiB, 1000)
    expect(kit.volume.metrics()['unverified']).toBeGreaterThan(0)
  })

  const lies: readonly (readonly [string, (reply: GetReply) => GetReply])[] = [
    ['fewer bytes', (reply) => ({ ...reply, body: reply.body.subarray(1) })],
    ['another range', (reply) => ({ ...reply, offset: reply.offset + 1 })],
    ['another size', (reply) => ({ ...reply, size: reply.size + 1 })],
  ]

  it.each(lies)('P8.8 %s than asked for are never handed out', async (_, lie) => {
    const clock = createManualClock()
    const inner = createMemoryStore({ clock })
    const store: ObjectStore = { ...inner, get: async (key, options) => lie(await inner.get(key, options)) }
    const kit = await kitOf({ bucket: store, clock })
    await inner.put('f', patterned(9 * MiB), { headers: { metadata: {} } })
    const handle = await openHandle(kit, '/f', O_RDONLY)
    expect(await errorOf(kit.calls.read(handle, 5 * MiB, 1000))).toMatchObject({ code: 'EIO' })
  })
})
