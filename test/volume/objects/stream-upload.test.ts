// Files uploaded while they are written: in order, written over, cut and given up.

import { describe, expect, it } from 'vitest'
import { md5Hex, utf8 } from '../../../src/base/bytes.ts'
import { patterned } from '../../support/store-kit.ts'
import { createRig, plainHeaders, smallSettings, versionAt } from './rig.ts'
import { expectBytes, expectTidy, open, small } from './stream-rig.ts'

describe('a stream', () => {
  it('sends parts while the file is written, and at close the rest, one complete and one HEAD', async () => {
    const { rig, write, close, upload } = open()
    const bytes = patterned(200_000)
    await write(0, bytes)
    await upload.settled()
    expect(rig.counts()).toEqual({ createUpload: 1, uploadPart: 12 })
    const version = await close()
    expect(rig.counts()).toEqual({ createUpload: 1, uploadPart: 13, completeUpload: 1, head: 1 })
    expect(rig.requests.snapshot().bytesUp).toBe(200_000)
    expect(version).toMatchObject({ size: 200_000, etag: (await versionAt(rig, 'k')).etag })
    await expectBytes(rig, bytes)
    await expectTidy(rig)
    expect(rig.deps.metrics.get('streamedFiles')).toBe(1)
  })

  it('stays out of the way of a small file: one PUT', async () => {
    const { rig, write, close } = open()
    await write(0, patterned(30_000))
    await close()
    expect(rig.counts()).toEqual({ put: 1 })
  })

  it('does not begin for a file that is written here and there', async () => {
    const { rig, write, close, content } = open()
    content.truncate(1_000_000)
    for (let i = 0; i < 40; i++) await write(i * 20_000, patterned(2000, i))
    expect(rig.counts()).toEqual({})
    await close()
    expect((await rig.bucket.head('k')).size).toBe(1_000_000)
  })

  it('shows nothing under its key before it is closed', async () => {
    const { rig, write, upload } = open()
    await write(0, patterned(200_000))
    await upload.settled()
    expect((await rig.bucket.list()).objects).toEqual([])
  })

  it('sends parts again that were written over, and only those', async () => {
    const { rig, write, close, upload } = open()
    const bytes = patterned(200_000)
    await write(0, bytes)
    await upload.settled()
    const before = rig.requests.snapshot().bytesUp
    await write(100, utf8('header'))
    await write(70_000, utf8('index'))
    await close()
    bytes.set(utf8('header'), 100)
    bytes.set(utf8('index'), 70_000)
    await expectBytes(rig, bytes)
    expect(rig.requests.snapshot().bytesUp - before).toBe(2 * 16_384 + (200_000 % 16_384))
  })

  it('goes on where it was when the same bytes are only read back', async () => {
    const { rig, write, close, content, upload } = open()
    await write(0, patterned(100_000))
    await upload.settled()
    content.thaw(content.freeze())
    await write(100_000, patterned(50_000, 2))
    await close()
    expect(rig.requests.snapshot().bytesUp).toBe(150_000)
  })

  it('may be cut within what has been sent', async () => {
    const { rig, write, close, content, upload } = open()
    const bytes = patterned(200_000)
    await write(0, bytes)
    await upload.settled()
    content.truncate(100_001)
    await close()
    await expectBytes(rig, bytes.subarray(0, 100_001))
    await expectTidy(rig)
  })

  it('may be cut and go on from there', async () => {
    const { rig, write, close, content, upload } = open()
    const bytes = patterned(200_000)
    await write(0, bytes)
    await upload.settled()
    content.truncate(50_000)
    await write(60_000, patterned(100_000, 5))
    await close()
    const expected = new Uint8Array(160_000)
    expected.set(bytes.subarray(0, 50_000))
    expected.set(patterned(100_000, 5), 60_000)
    await expectBytes(rig, expected)
  })

  it('may be cut to a small file, which is one PUT', async () => {
    const { rig, write, close, content } = open()
    await write(0, patterned(200_000))
    content.truncate(10)
    await close()
    await expectBytes(rig, patterned(200_000).subarray(0, 10))
    await expectTidy(rig)
  })

  it('copies holes and sends none of them', async () => {
    const { rig, write, close, upload } = open()
    await write(0, patterned(50_000))
    await write(500_000, patterned(100_000, 2))
    await upload.settled()
    await close()
    const expected = new Uint8Array(600_000)
    expected.set(patterned(50_000))
    expected.set(patterned(100_000, 2), 500_000)
    await expectBytes(rig, expected)
    expect(rig.requests.snapshot().bytesUp).toBeLessThan(150_000 + 3 * 16_384)
  })

  it('appends to a large object by a copy of it and parts of what is new', async () => {
    const rig = createRig(small)
    await rig.bucket.put('k', patterned(500_000), { headers: plainHeaders })
    const { write, close, upload } = open({ base: await versionAt(rig, 'k') }, rig)
    await write(500_000, patterned(100_000, 2))
    await upload.settled()
    await close()
    const expected = new Uint8Array(600_000)
    expected.set(patterned(500_000))
    expected.set(patterned(100_000, 2), 500_000)
    await expectBytes(rig, expected)
    expect(rig.requests.snapshot().bytesUp).toBe(100_000)
    expect(rig.counts()).toMatchObject({ createUpload: 1, copyPart: 1, completeUpload: 1, head: 1 })
  })

  it('takes larger parts after the first thousand', async () => {
    const sizes: number[] = []
    const { write, upload } = open({
      settings: { ...smallSettings, partBytes: 8192 },
      provider: (store) => ({
        ...store,
        async uploadPart(_key, _uploadId, partNumber, body, options) {
          const pieces = body as readonly Uint8Array[]
          sizes[partNumber - 1] = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
          return { partNumber, etag: md5Hex(pieces), crc32: options?.crc32 }
        },
      }),
    })
    await write(0, patterned(1000 * 8192 + 3 * 131_072))
    await upload.settled()
    expect(sizes.slice(998)).toEqual([8192, 8192, 131_072, 131_072, 131_072])
    await upload.abort()
  })

  it('serves the next fsync of the same file, by a copy of what is there', async () => {
    const { rig, write, close, upload } = open()
    await write(0, patterned(100_000))
    const first = await close()
    await write(100_000, patterned(100_000, 2))
    await upload.settled()
    await close({ condition: { ifMatch: first.etag } })
    const expected = new Uint8Array(200_000)
    expected.set(patterned(100_000))
    expected.set(patterned(100_000, 2), 100_000)
    await expectBytes(rig, expected)
    expect(rig.requests.snapshot().bytesUp).toBe(200_000)
    await expectTidy(rig)
  })

  it('leaves nothing when it is given up', async () => {
    const { rig, write, upload } = open()
    await write(0, patterned(300_000))
    await upload.abort()
    await expectTidy(rig, [])
  })

  it('lets go of every byte it held', async () => {
    const { rig, write, content, upload } = open()
    await write(0, patterned(300_000))
    await upload.abort()
    content.release()
    expect(rig.budget.used()).toBe(0)
  })

  it('writes a file that was renamed meanwhile whole under its new name', async () => {
    const { rig, write, close } = open()
    await write(0, patterned(200_000))
    await close({ key: 'renamed' })
    await expectBytes(rig, patterned(200_000), 'renamed')
    await expectTidy(rig, ['renamed'])
  })
})
