// P6: a reader sees one version, or is told that it is gone; what this volume changes is seen at once.

import { describe, expect, it } from 'vitest'
import { MiB, utf8 } from '../../src/base/bytes.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { O_RDONLY, O_RDWR } from '../../src/volume/types.ts'
import { createManualClock } from '../support/store-clock.ts'
import { patterned, putText } from '../support/store-kit.ts'
import { root, type VolumeKit } from '../support/volume-kit.ts'
import { errorOf, gate, kitOf, openHandle, readText } from './kit.ts'

const large = (seed: number): Uint8Array => patterned(4 * MiB, seed)

async function planted(): Promise<{ readonly kit: VolumeKit; readonly handle: number }> {
  const kit = await kitOf({ readAheadBytesMax: 0 })
  await kit.bucket.put('f', large(1), { headers: { metadata: {} } })
  return { kit, handle: await openHandle(kit, '/f', O_RDONLY) }
}

describe('a foreign writer replaces an open file', () => {
  it('P6.1 every read of the handle is of one version: never a mix', async () => {
    const { kit, handle } = await planted()
    const before = await kit.calls.read(handle, 0, 1000)
    await kit.bucket.put('f', large(2), { headers: { metadata: {} } })
    await kit.clock.advance(20_000)
    const outcome = await kit.calls.read(handle, 3 * MiB, 1000).catch(() => null)
    const version = large(1)
    expect(Buffer.compare(before, version.subarray(0, 1000))).toBe(0)
    if (outcome) expect(Buffer.compare(outcome, version.subarray(3 * MiB, 3 * MiB + 1000))).toBe(0)
  })

  it('P6.2 what is not cached fails with ESTALE', async () => {
    const { kit, handle } = await planted()
    await kit.calls.read(handle, 0, 1000)
    await kit.bucket.put('f', large(2), { headers: { metadata: {} } })
    expect(await errorOf(kit.calls.read(handle, 3 * MiB, 1000))).toMatchObject({ code: 'ESTALE' })
    expect(await errorOf(kit.calls.read(handle, 2 * MiB, 1000))).toMatchObject({ code: 'ESTALE' })
  })

  it('P6.3 a new open reads the new version', async () => {
    const { kit, handle } = await planted()
    await kit.calls.read(handle, 0, 1000)
    await kit.bucket.put('f', large(2), { headers: { metadata: {} } })
    await errorOf(kit.calls.read(handle, 3 * MiB, 1000))
    const again = await openHandle(kit, '/f', O_RDONLY)
    const bytes = await kit.calls.read(again, 3 * MiB, 1000)
    expect(Buffer.compare(bytes, large(2).subarray(3 * MiB, 3 * MiB + 1000))).toBe(0)
  })

  it('P6.1 a whole read meets the change half way and begins anew', async () => {
    const clock = createManualClock()
    const gated = gate(createMemoryStore({ clock }))
    const kit = await kitOf({ bucket: gated.store, clock })
    await kit.bucket.put('f', large(1), { headers: { metadata: {} } })
    await kit.calls.stat(root, '/f', true)
    const release = gated.hold(({ operation }) => operation === 'get')
    const reading = kit.calls.readFile(root, '/f')
    await expect.poll(() => gated.heldCount).toBeGreaterThan(0)
    await kit.bucket.put('f', large(2), { headers: { metadata: {} } })
    release()
    expect(Buffer.compare(await reading, large(2))).toBe(0)
  })
})

describe('changes made through this volume', () => {
  it('P6.4 are seen at once by every handle and path, and never raise ESTALE', async () => {
    const kit = await kitOf()
    await kit.write('/f', 'one')
    const reader = await openHandle(kit, '/f', O_RDONLY)
    expect(await readText(kit, reader)).toBe('one')
    const writer = await openHandle(kit, '/f', O_RDWR)
    await kit.calls.write(writer, 0, utf8('two!'))
    expect(await readText(kit, reader)).toBe('two!')
    expect((await kit.calls.stat(root, '/f', true)).size).toBe(4)
    await kit.calls.close(writer)
    expect(await readText(kit, reader)).toBe('two!')
    await kit.write('/f', 'three')
    expect(await readText(kit, reader)).toBe('three')
    await kit.calls.setAttributes(root, '/f', { mode: 0o600 }, true)
    await kit.calls.rename(root, '/f', '/g')
    expect(await readText(kit, reader)).toBe('three')
    await kit.calls.unlink(root, '/g')
    expect(await readText(kit, reader)).toBe('three')
    await kit.calls.close(reader)
  })

  it('P6.4 are not undone by a reply that was sent before them', async () => {
    const clock = createManualClock()
    const gated = gate(createMemoryStore({ clock }))
    const kit = await kitOf({ bucket: gated.store, clock })
    await kit.bucket.put('f', patterned(5000), { headers: { metadata: {} } })
    const handle = await openHandle(kit, '/f', O_RDONLY)
    const release = gated.hold(({ operation }) => operation === 'get', 'reply')
    const reading = kit.calls.read(handle, 0, 100)
    await expect.poll(() => gated.heldCount).toBeGreaterThan(0)
    await kit.calls.setAttributes(root, '/f', { mode: 0o600 }, true)
    release()
    await reading
    expect((await kit.calls.stat(root, '/f', true)).mode & 0o777).toBe(0o600)
    await kit.write('/f', 'text')
    expect((await kit.bucket.head('f')).headers.metadata['mode']).toBe(String(0o100600))
  })

  it('P6.5 our own chmod and renames keep the cached blocks: nothing is read again', async () => {
    const kit = await kitOf()
    await kit.bucket.put('d/f', patterned(3 * MiB), { headers: { metadata: {} } })
    const whole = Buffer.from(await kit.calls.readFile(root, '/d/f'))
    kit.requests()
    await kit.calls.setAttributes(root, '/d/f', { mode: 0o600 }, true)
    expect(Buffer.compare(await kit.calls.readFile(root, '/d/f'), whole)).toBe(0)
    await kit.calls.rename(root, '/d/f', '/d/g')
    expect(Buffer.compare(await kit.calls.readFile(root, '/d/g'), whole)).toBe(0)
    await kit.calls.rename(root, '/d', '/e')
    await kit.volume.sync()
    expect(Buffer.compare(await kit.calls.readFile(root, '/e/g'), whole)).toBe(0)
    expect(kit.requests()['get'] ?? 0).toBe(0)
  })
})

it('P6.8 an unlinked or replaced file stays readable by who has it open, until the last close', async () => {
  const kit = await kitOf({ readAheadBytesMax: 0 })
  await kit.bucket.put('f', large(1), { headers: { metadata: {} } })
  await kit.bucket.put('g', large(2), { headers: { metadata: {} } })
  const unlinked = await openHandle(kit, '/f', O_RDONLY)
  const replaced = await openHandle(kit, '/g', O_RDONLY)
  await kit.calls.unlink(root, '/f')
  await kit.write('/new', 'new')
  await kit.calls.rename(root, '/new', '/g')
  expect(Buffer.compare(await kit.calls.read(unlinked, 3 * MiB, 100), large(1).subarray(3 * MiB, 3 * MiB + 100))).toBe(
    0,
  )
  expect(Buffer.compare(await kit.calls.read(replaced, 3 * MiB, 100), large(2).subarray(3 * MiB, 3 * MiB + 100))).toBe(
    0,
  )
  await kit.calls.close(unlinked)
  await kit.calls.close(replaced)
  await expect.poll(() => kit.keys()).toEqual(['g'])
})

it('P6.9 an open past the TTL revalidates, and one that keeps old contents for writing always does', async () => {
  const kit = await kitOf()
  await putText(kit.bucket, 'f', 'one')
  expect(await kit.read('/f')).toBe('one')
  await putText(kit.bucket, 'f', 'two')
  const writer = await openHandle(kit, '/f', O_RDWR)
  expect(await readText(kit, writer)).toBe('two')
  await kit.calls.close(writer)
  await putText(kit.bucket, 'f', 'three')
  await kit.clock.advance(1001)
  const reader = await openHandle(kit, '/f', O_RDONLY)
  expect(await readText(kit, reader)).toBe('three')
})
