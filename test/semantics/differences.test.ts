// D: what is different from a local disk, each difference shown.

import { expect, it } from 'vitest'
import { MiB, utf8 } from '../../src/base/bytes.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { O_CREAT, O_WRONLY } from '../../src/volume/types.ts'
import { createMemoryFolder } from '../support/local-files-memory.ts'
import { createManualClock } from '../support/store-clock.ts'
import { getText, patterned, putText } from '../support/store-kit.ts'
import { root } from '../support/volume-kit.ts'
import { errorOf, gate, kitOf, openHandle, otherKit } from './kit.ts'

it('D1 hard links are EPERM', async () => {
  const kit = await kitOf()
  await kit.write('/f', 'x')
  expect(await errorOf(kit.calls.link(root, '/f', '/g'))).toMatchObject({ code: 'EPERM' })
})

it('D2 within the TTL a change of others is not seen', async () => {
  const kit = await kitOf()
  await putText(kit.bucket, 'f', 'one')
  expect(await kit.read('/f')).toBe('one')
  await putText(kit.bucket, 'f', 'changed')
  expect((await kit.calls.stat(root, '/f', true)).size).toBe(3)
})

it('D3 another client can see a half renamed directory: old and new names together', async () => {
  const clock = createManualClock()
  const gated = gate(createMemoryStore({ clock }))
  const kit = await kitOf({ bucket: gated.store, clock })
  await kit.calls.mkdir(root, '/d', 0o755, false)
  await kit.write('/d/f', 'x')
  const release = gated.hold(({ operation }) => operation === 'deleteMany' || operation === 'delete')
  await kit.calls.rename(root, '/d', '/e')
  await expect.poll(() => gated.heldCount).toBeGreaterThan(0)
  const other = await otherKit(kit, { bucket: gated.store })
  expect((await other.calls.readdir(root, '/')).map(({ name }) => name)).toEqual(['d', 'e'])
  release()
})

it('D4 rename is a copy and a delete: other clients can see the file under both names, never under none', async () => {
  const clock = createManualClock()
  const gated = gate(createMemoryStore({ clock }))
  const kit = await kitOf({ bucket: gated.store, clock })
  await kit.write('/f', 'x')
  const release = gated.hold(({ operation }) => operation === 'delete')
  const renaming = kit.calls.rename(root, '/f', '/g')
  await expect.poll(() => gated.heldCount).toBe(1)
  expect(await kit.keys()).toEqual(['f', 'g'])
  release()
  await renaming
  expect(await kit.keys()).toEqual(['g'])
})

it('D5 reading does not change atime', async () => {
  const kit = await kitOf()
  await kit.write('/f', 'x')
  const { atimeNs } = await kit.calls.stat(root, '/f', true)
  await kit.clock.advance(60_000)
  await kit.read('/f')
  expect((await kit.calls.stat(root, '/f', true)).atimeNs).toBe(atimeNs)
})

it('D6 a directory’s times follow its entries here, and reach others with the lazy index only', async () => {
  const kit = await kitOf()
  await kit.calls.mkdir(root, '/d', 0o755, false)
  const before = (await kit.calls.stat(root, '/d', true)).mtimeNs
  const marker = (await kit.bucket.head('d/')).headers.metadata['mtime']
  await kit.clock.advance(5000)
  await kit.write('/d/f', 'x')
  expect((await kit.calls.stat(root, '/d', true)).mtimeNs).toBeGreaterThan(before)
  expect((await kit.bucket.head('d/')).headers.metadata['mtime']).toBe(marker)
})

it('D7 a file beside a directory of the same name in the bucket is hidden, and stays', async () => {
  const kit = await kitOf()
  await putText(kit.bucket, 'a', 'file')
  await putText(kit.bucket, 'a/b', 'below')
  expect((await kit.calls.stat(root, '/a', true)).type).toBe('directory')
  expect(await kit.read('/a/b')).toBe('below')
  expect(await getText(kit.bucket, 'a')).toBe('file')
})

it('D8 a streamed file without explicit times has the time its upload began', async () => {
  const components = { spoolFiles: createMemoryFolder() }
  const kit = await kitOf({ putBytesMax: 5 * MiB, partBytes: 5 * MiB, components })
  const handle = await openHandle(kit, '/f', O_WRONLY | O_CREAT)
  const body = patterned(16 * MiB)
  for (let at = 0; at < body.byteLength; at += MiB) await kit.calls.write(handle, at, body.subarray(at, at + MiB))
  await kit.clock.advance(60_000)
  await kit.calls.close(handle)
  const { mtimeNs } = await kit.calls.stat(root, '/f', true)
  expect(kit.clock.nowNs() - mtimeNs).toBeGreaterThanOrEqual(60_000_000_000n)
  const { metadata } = (await kit.bucket.head('f')).headers
  const other = await otherKit(kit)
  expect((await other.calls.stat(root, '/f', true)).mtimeNs).toBe(mtimeNs)
  expect(metadata['mtime']).toBeDefined()
})

it('D9 two clients appending to one file do not interleave: one of them gets ESTALE', async () => {
  const kit = await kitOf()
  await kit.write('/log', 'start\n')
  const other = await otherKit(kit)
  const [mine, theirs] = [
    await openHandle(kit, '/log', O_WRONLY | 0o2000),
    await openHandle(other, '/log', O_WRONLY | 0o2000),
  ]
  await kit.calls.write(mine, 0, utf8('mine\n'))
  await other.calls.write(theirs, 0, utf8('theirs\n'))
  await kit.calls.close(mine)
  expect(await errorOf(other.calls.close(theirs))).toMatchObject({ code: 'ESTALE' })
  expect(await getText(kit.bucket, 'log')).toBe('start\nmine\n')
})

it('D10 attributes changed by others in the very second of our own write are seen with the next change only, where the index is trusted', async () => {
  const kit = await kitOf()
  await kit.write('/d/f'.replace('/d', ''), 'x')
  await kit.write('/g', 'x')
  const { headers } = await kit.bucket.head('f')
  // Same second, same ETag: nothing in a listing tells.
  await kit.bucket.copy('f', 'f', {
    headers: { ...headers, metadata: { ...headers.metadata, mode: String(0o100600) } },
  })
  await kit.close()
  const other = await otherKit(kit)
  const modes = async (): Promise<number[]> =>
    (await other.calls.readdirAttributes(root, '/')).map(({ attributes }) => attributes.mode & 0o777)
  expect([
    [0o644, 0o644],
    [0o600, 0o644],
  ]).toContainEqual(await modes())
  // Looked at by itself, it is what the bucket says.
  await kit.clock.advance(20_000)
  expect((await other.calls.stat(root, '/f', true)).mode & 0o777).toBe(0o600)
})
