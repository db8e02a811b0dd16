// Names that change while a request for them is under way.

import { expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import type { StoreCall } from '../../../src/store/wrap.ts'
import { O_CREAT, O_RDWR, O_WRONLY } from '../../../src/volume/types.ts'
import { openKit, root, type KitOptions, type VolumeKit } from '../../support/volume-kit.ts'

/**
 * A kit whose first request that `match` fits waits until it is let go; `arrived` tells that it is there. Requests that are
 * slow take a second.
 */
async function gated(
  match: (call: StoreCall) => boolean,
  options: KitOptions = {},
): Promise<VolumeKit & { arrived: Promise<void>; letGo(): void; slow(match: (call: StoreCall) => boolean): void }> {
  let isSlow = (_call: StoreCall): boolean => false
  let letGo = (): void => {}
  const gate = new Promise<void>((resolve) => (letGo = resolve))
  let arrive = (): void => {}
  const arrived = new Promise<void>((resolve) => (arrive = resolve))
  const kit: VolumeKit = await openKit({
    durability: 'memory',
    async before(call) {
      if (isSlow(call)) await kit.clock.sleep(1000)
      if (!match(call)) return
      arrive()
      await gate
    },
    ...options,
  })
  return { ...kit, arrived, letGo, slow: (other) => void (isSlow = other) }
}

const isPutOf =
  (key: string) =>
  (call: StoreCall): boolean =>
    call.operation === 'put' && call.key === key

it('a file that is renamed while its first PUT is under way is under its new name', async () => {
  const kit = await gated(isPutOf('a'))
  await kit.write('/a', 'content')
  const advanced = kit.clock.advance(1500)
  await kit.arrived
  await advanced
  await kit.calls.rename(root, '/a', '/b')
  kit.letGo()
  await kit.clock.advance(10)
  await kit.volume.sync()
  expect(await kit.keys()).toEqual(['b'])
  expect(await kit.read('/b')).toBe('content')
  await kit.close()
})

it('a file that is renamed again while it is copied to its first new name is under the last one', async () => {
  const kit = await gated((call) => call.operation === 'copy' && call.key === 'b')
  await kit.write('/a', 'content')
  await kit.volume.sync()
  await kit.calls.rename(root, '/a', '/b')
  const advanced = kit.clock.advance(1500)
  await kit.arrived
  await advanced
  await kit.calls.rename(root, '/b', '/c')
  kit.letGo()
  await kit.clock.advance(10)
  await kit.volume.sync()
  expect(await kit.keys()).toEqual(['c'])
  expect(await kit.read('/c')).toBe('content')
  await kit.close()
})

it('an open file that is unlinked while its PUT is under way can still be read', async () => {
  const kit = await gated(isPutOf('a'))
  const { handle } = await kit.calls.open(root, '/a', O_RDWR | O_CREAT, 0o666)
  await kit.calls.write(handle, 0, utf8('content'))
  const synced = kit.calls.fsync(handle)
  await kit.arrived
  await kit.calls.unlink(root, '/a')
  kit.letGo()
  await kit.clock.advance(10)
  await synced
  await kit.volume.sync()
  expect(Buffer.from(await kit.calls.read(handle, 0, 100)).toString()).toBe('content')
  await kit.calls.close(handle)
  await kit.volume.sync()
  expect(await kit.keys()).toEqual([])
  await kit.close()
})

it('a directory that is renamed while its marker is under way is under its new name only', async () => {
  const kit = await gated(isPutOf('a/'))
  await kit.calls.mkdir(root, '/a', 0o700, false)
  const advanced = kit.clock.advance(1500)
  await kit.arrived
  await advanced
  await kit.calls.rename(root, '/a', '/b')
  kit.letGo()
  await kit.clock.advance(10)
  await kit.volume.sync()
  expect(await kit.keys()).toEqual(['b/'])
  await kit.close()
})

it('what a renamed directory holds is what it was, also where only names were known of it', async () => {
  const first = await openKit()
  await first.calls.mkdir(root, '/a', 0o700, false)
  await first.calls.symlink(root, 'target', '/a/link')
  await first.calls.writeFile(root, '/a/file', utf8('x'), { flags: O_RDWR | O_CREAT, mode: 0o600 })
  await first.close()
  const kit = await first.again({ durability: 'memory' })
  await expect(kit.calls.stat(root, '/a/missing', true)).rejects.toMatchObject({ code: 'ENOENT' })
  await kit.calls.rename(root, '/a', '/b')
  await kit.volume.sync()
  const entries = await kit.calls.readdirAttributes(root, '/b')
  expect(entries.map(({ name, type, attributes }) => [name, type, attributes.mode & 0o777])).toEqual([
    ['file', 'file', 0o600],
    ['link', 'symlink', 0o777],
  ])
  await kit.close()
})

it('a file that nothing was written to goes on showing what the bucket has', async () => {
  const kit = await openKit({ attributesTtlMs: 0, listingTtlMs: 0, negativeTtlMs: 0 })
  await kit.write('/a', 'content')
  await kit.write('/a', '', O_WRONLY)
  await kit.bucket.delete('a')
  await expect(kit.read('/a')).rejects.toMatchObject({ code: 'ENOENT' })
  await kit.close()
})

it('a file that leaves a directory while that is moved is copied from where it has been taken', async () => {
  let letMove = (): void => {}
  const move = new Promise<void>((resolve) => (letMove = resolve))
  let letCopy = (): void => {}
  const copy = new Promise<void>((resolve) => (letCopy = resolve))
  let arrive = (): void => {}
  const arrived = new Promise<void>((resolve) => (arrive = resolve))
  const kit: VolumeKit = await openKit({
    durability: 'memory',
    async before({ operation, key }) {
      if (operation !== 'copy') return
      if (key === 'e/f') await move
      if (key !== 'out') return
      arrive()
      await copy
    },
  })
  await kit.calls.mkdir(root, '/d', 0o755, false)
  await kit.write('/d/f', 'content')
  await kit.volume.sync()
  await kit.calls.rename(root, '/d', '/e')
  await kit.calls.rename(root, '/e/f', '/out')
  const advanced = kit.clock.advance(1500)
  await arrived
  await advanced
  letMove()
  while ((await kit.keys()).includes('d/f')) await kit.clock.advance(10)
  letCopy()
  await kit.clock.advance(10)
  await kit.volume.sync()
  expect(await kit.keys()).toEqual(['e/', 'out'])
  expect(await kit.read('/out')).toBe('content')
  await kit.close()
})

it('a file that leaves a directory while its PUT is under way outlives the removal of the directory', async () => {
  const kit = await gated(isPutOf('d/a'))
  await kit.calls.mkdir(root, '/d', 0o700, false)
  await kit.write('/d/a', 'content')
  const advanced = kit.clock.advance(1500)
  await kit.arrived
  await advanced
  await kit.calls.rename(root, '/d/a', '/b')
  await kit.write('/d/a', 'another')
  // Whoever does not wait for it deletes what it copies from.
  kit.slow((call) => call.operation === 'copy' && call.key === 'b')
  const removed = kit.calls.remove(root, '/d', { recursive: true, force: false })
  await kit.clock.advance(10)
  kit.letGo()
  await kit.clock.advance(5000)
  await removed
  await kit.volume.sync()
  expect(await kit.keys()).toEqual(['b'])
  expect(await kit.read('/b')).toBe('content')
  await kit.close()
})

it.each(['/d/a', '/d/s', '/d'])('%s cannot be renamed while its directory is being removed', async (path) => {
  const first = await openKit()
  await first.calls.mkdir(root, '/d/s', 0o700, true)
  for (const file of ['/d/a', '/d/s/a']) await first.write(file, 'content')
  await first.close()
  const kit = await gated(({ operation }) => operation === 'deleteMany', { bucket: first.bucket, clock: first.clock })
  const removed = kit.calls.remove(root, '/d', { recursive: true, force: false })
  await kit.arrived
  await expect(kit.calls.rename(root, path, '/b')).rejects.toMatchObject({ code: 'ENOENT' })
  kit.letGo()
  await removed
  await kit.volume.sync()
  expect(await kit.keys()).toEqual([])
  await kit.close()
})

it('an open file that is unlinked while its PUT is under way outlives the removal of its directory', async () => {
  const kit = await gated(isPutOf('d/a'))
  await kit.calls.mkdir(root, '/d', 0o700, false)
  const { handle } = await kit.calls.open(root, '/d/a', O_RDWR | O_CREAT, 0o666)
  // More than is kept in memory of what has been written.
  const content = Buffer.alloc(1.5 * 1024 * 1024, 'content')
  await kit.calls.write(handle, 0, content)
  const synced = kit.calls.fsync(handle)
  await kit.arrived
  await kit.calls.unlink(root, '/d/a')
  const removed = kit.calls.remove(root, '/d', { recursive: true, force: false })
  await kit.clock.advance(10)
  kit.letGo()
  await kit.clock.advance(10)
  await Promise.all([synced, removed])
  expect(content.equals(await kit.calls.read(handle, 0, content.length))).toBe(true)
  await kit.calls.close(handle)
  await kit.volume.sync()
  expect(await kit.keys()).toEqual([])
  await kit.close()
})
