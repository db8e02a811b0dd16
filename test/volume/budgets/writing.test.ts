// DESIGN §7: what writing, overwriting, appending and changing attributes cost.

import { describe, expect, it } from 'vitest'
import { MiB, utf8 } from '../../../src/base/bytes.ts'
import { O_APPEND, O_CREAT, O_RDWR, O_TRUNC, O_WRONLY } from '../../../src/volume/types.ts'
import { createMemoryFolder } from '../../support/local-files-memory.ts'
import { patterned, putText } from '../../support/store-kit.ts'
import { exclusiveFlags, root, type KitOptions, type VolumeKit } from '../../support/volume-kit.ts'
import { billOf, coldKit, kitOf, plant, plainBytes } from './bill.ts'

/** SCALE=1 appends to 1 GiB; CI to a tenth. */
const scale = Number(process.env['SCALE'] ?? '0.1')
const truncating = O_WRONLY | O_CREAT | O_TRUNC

describe('create + chmod + utimes + write', () => {
  it('cost 1 PUT before close', async () => {
    const kit = await kitOf()
    const { handle } = await kit.calls.open(root, '/f', O_RDWR | O_CREAT, 0o666)
    const { data } = await billOf(kit, async () => {
      await kit.calls.setAttributes(root, '/f', { mode: 0o600, uid: 5, gid: 6 }, true)
      await kit.calls.write(handle, 0, utf8('abc'))
      await kit.calls.setHandleAttributes(root, handle, { mtimeNs: 1n, atimeNs: 2n })
      await kit.calls.setXattr(root, '/f', 'user.k', utf8('v'), 'either', true)
      await kit.calls.close(handle)
    })
    expect(data).toEqual({ put: 1 })
  })

  it.each(['journal', 'memory'] as const)('cost 1 PUT after close too, under %s', async (durability) => {
    const kit = await kitOf({ durability, components: { journalFiles: createMemoryFolder() } })
    await kit.calls.readdir(root, '/')
    const { data } = await billOf(kit, async () => {
      await kit.write('/f', 'abc')
      await kit.calls.setAttributes(root, '/f', { mode: 0o600 }, true)
      await kit.calls.setAttributes(root, '/f', { mtimeNs: 1n, atimeNs: 2n }, true)
      await kit.calls.rename(root, '/f', '/g')
      await kit.volume.sync()
    })
    expect(data).toEqual({ put: 1 })
    expect(await kit.keys()).toEqual(['g'])
  })

  it('cost nothing when the file is gone again before its turn', async () => {
    const kit = await kitOf({ durability: 'memory' })
    await kit.calls.readdir(root, '/')
    const { data } = await billOf(kit, async () => {
      await kit.write('/f', 'abc')
      await kit.calls.unlink(root, '/f')
      await kit.volume.sync()
    })
    expect(data).toEqual({})
  })
})

describe('an overwrite', () => {
  it('costs 1 PUT when the headers are known', async () => {
    const kit = await kitOf()
    await putText(kit.bucket, 'f', 'old')
    await kit.calls.stat(root, '/f', true)
    expect((await billOf(kit, () => kit.write('/f', 'new'))).data).toEqual({ put: 1 })
  })

  it('costs 1 HEAD more when only a listing told of the file', async () => {
    const kit = await kitOf()
    await plant(kit.bucket, 'f', 1, plainBytes)
    await kit.calls.readdir(root, '/')
    expect((await billOf(kit, () => kit.write('/f000000', 'new'))).data).toEqual({ head: 1, put: 1 })
  })

  it('costs 1 GET ?tagging more when the object has tags', async () => {
    const kit = await kitOf()
    await putText(kit.bucket, 'f', 'old', { tags: 'a=1' })
    await kit.calls.stat(root, '/f', true)
    expect((await billOf(kit, () => kit.write('/f', 'new'))).data).toEqual({ getTags: 1, put: 1 })
    expect(await kit.bucket.getTags('f')).toBe('a=1')
  })
})

describe('an exclusive open', () => {
  it('costs 1 PUT more under bucket', async () => {
    const kit = await kitOf()
    await kit.calls.readdir(root, '/')
    const { data } = await billOf(kit, async () => {
      const { handle } = await kit.calls.open(root, '/f', exclusiveFlags, 0o666)
      await kit.calls.write(handle, 0, utf8('abc'))
      await kit.calls.close(handle)
    })
    expect(data).toEqual({ put: 2 })
  })

  it('costs no more for a whole file', async () => {
    const kit = await kitOf()
    await kit.calls.readdir(root, '/')
    expect((await billOf(kit, () => kit.write('/f', 'abc', exclusiveFlags))).data).toEqual({ put: 1 })
  })

  it('costs no more under memory', async () => {
    const kit = await kitOf({ durability: 'memory' })
    await kit.calls.readdir(root, '/')
    const { data } = await billOf(kit, async () => {
      const { handle } = await kit.calls.open(root, '/f', exclusiveFlags, 0o666)
      await kit.calls.write(handle, 0, utf8('abc'))
      await kit.calls.close(handle)
      await kit.volume.sync()
    })
    expect(data).toEqual({ put: 1 })
  })
})

describe('attributes of a clean object', () => {
  const changes: readonly (readonly [string, (kit: VolumeKit) => Promise<unknown>])[] = [
    ['chmod', ({ calls }) => calls.setAttributes(root, '/f', { mode: 0o600 }, true)],
    ['chown', ({ calls }) => calls.setAttributes(root, '/f', { uid: 5, gid: 5 }, true)],
    ['utimes', ({ calls }) => calls.setAttributes(root, '/f', { mtimeNs: 5n, atimeNs: 5n }, true)],
    ['setxattr', ({ calls }) => calls.setXattr(root, '/f', 'user.k', utf8('v'), 'either', true)],
  ]

  it.each(changes)('%s costs 1 COPY', async (_, change) => {
    const kit = await kitOf()
    await kit.write('/f', 'mine')
    expect((await billOf(kit, () => change(kit))).data).toEqual({ copy: 1 })
  })

  it.each(changes)('%s costs 1 HEAD more when only a listing told of the file', async (_, change) => {
    const kit = await kitOf()
    await kit.bucket.put('f', patterned(plainBytes), { headers: { metadata: {} } })
    await kit.calls.readdir(root, '/')
    expect((await billOf(kit, () => change(kit))).data).toEqual({ head: 1, copy: 1 })
  })

  it('an xattr that is removed costs 1 COPY', async () => {
    const kit = await kitOf()
    await kit.write('/f', 'mine')
    await kit.calls.setXattr(root, '/f', 'user.k', utf8('v'), 'either', true)
    expect((await billOf(kit, () => kit.calls.removeXattr(root, '/f', 'user.k', true))).data).toEqual({ copy: 1 })
  })
})

describe('a streamed file', () => {
  const settings = (): KitOptions => ({
    putBytesMax: 8 * MiB,
    partBytes: 5 * MiB,
    memoryBytesMax: 64 * MiB,
    components: { spoolFiles: createMemoryFolder() },
  })
  const body = patterned(MiB)

  async function stream(kit: VolumeKit, mebibytes: number, between?: () => Promise<unknown>): Promise<void> {
    const { handle } = await kit.calls.open(root, '/big', truncating, 0o666)
    for (let i = 0; i < mebibytes; i++) {
      await kit.calls.write(handle, i * MiB, body)
      if (i === mebibytes - 2) await between?.()
    }
    await kit.calls.close(handle)
  }

  it('costs its parts, create, complete and 1 HEAD', async () => {
    const kit = await kitOf(settings())
    await kit.calls.readdir(root, '/')
    const { data, bytesUp } = await billOf(kit, () => stream(kit, 32))
    expect(data).toEqual({ createUpload: 1, uploadPart: 7, completeUpload: 1, head: 1 })
    expect(bytesUp).toBe(32 * MiB)
  })

  it('costs 1 COPY more when its metadata changed after the first part', async () => {
    const kit = await kitOf(settings())
    await kit.calls.readdir(root, '/')
    const chmod = (): Promise<unknown> => kit.calls.setAttributes(root, '/big', { mode: 0o600 }, true)
    const { data } = await billOf(kit, () => stream(kit, 32, chmod))
    expect(data).toEqual({ createUpload: 1, uploadPart: 7, completeUpload: 1, head: 1, copy: 1 })
  })
})

describe('an append of 1 byte to a large object', () => {
  it('costs create, copies of the clean range, 1 upload and complete, and sends under 6 MiB', async () => {
    const kit = await kitOf({ durability: 'bucket' })
    const size = Math.max(64, Math.round(1024 * scale)) * MiB
    await kit.bucket.put('big', patterned(size), { headers: { metadata: {} } })
    await kit.calls.stat(root, '/big', true)
    const { data, bytesUp } = await billOf(kit, async () => {
      const { handle } = await kit.calls.open(root, '/big', O_WRONLY | O_APPEND, 0)
      await kit.calls.write(handle, 0, utf8('x'))
      await kit.calls.close(handle)
    })
    expect(data).toMatchObject({ createUpload: 1, uploadPart: 1, completeUpload: 1, copyPart: 1 })
    // Opening for writing looks at the object; what completes is looked at once more.
    expect(data['head']).toBeLessThanOrEqual(2)
    expect(data['get'] ?? 0).toBeLessThanOrEqual(1)
    expect(data['put'] ?? 0).toBe(0)
    expect(bytesUp).toBeLessThan(6 * MiB)
    expect((await kit.bucket.head('big')).size).toBe(size + 1)
    const cold = await coldKit(kit)
    const { handle } = await cold.calls.open(root, '/big', 0, 0)
    expect(
      Buffer.from(await cold.calls.read(handle, size - 4, 10))
        .subarray(4)
        .toString(),
    ).toBe('x')
    await cold.calls.close(handle)
  })
})
