// Large files: parts, copies of what the base already has, and holes.

import { describe, expect, it } from 'vitest'
import { MiB, utf8 } from '../../../src/base/bytes.ts'
import { s3Limits } from '../../../src/store/store.ts'
import { FileContent } from '../../../src/volume/content/file-content.ts'
import { ConflictError, SourceChangedError } from '../../../src/volume/objects/conflict-error.ts'
import { writeObject } from '../../../src/volume/objects/write-object.ts'
import { patterned } from '../../support/store-kit.ts'
import { based, changed, expectBytes, expectNoUploads, id, small, write } from './large-rig.ts'
import {
  allHeaders,
  createRig,
  frozenOf,
  plainHeaders,
  smallLimits,
  smallSettings,
  thrown,
  versionAt,
  writeAt,
} from './rig.ts'

describe('a new large file', () => {
  it('is a create, its parts, a complete and one HEAD', async () => {
    const rig = createRig(small)
    const bytes = patterned(100_000)
    const version = await write(rig, await frozenOf(rig, bytes))
    expect(rig.counts()).toEqual({ createUpload: 1, uploadPart: 7, completeUpload: 1, head: 1 })
    await expectBytes(rig, bytes)
    expect(version).toMatchObject({ key: 'k', size: 100_000, etag: (await versionAt(rig, 'k')).etag, ours: true })
    expect(rig.budget.used('flight')).toBe(0)
  })

  it('carries headers and tags', async () => {
    const rig = createRig(small)
    const frozen = await frozenOf(rig, patterned(100_000))
    await writeObject(rig.deps, { key: 'k', condition: {}, frozen, headers: allHeaders, writeId: id, tags: 'a=1' })
    expect(await rig.headersOf('k')).toEqual({ ...allHeaders, metadata: { ...allHeaders.metadata, 'bucketfs-id': id } })
    expect(await rig.bucket.getTags('k')).toBe('a=1')
  })

  it('sends parts in parallel', async () => {
    const rig = createRig(small)
    await write(rig, await frozenOf(rig, patterned(300_000)))
    expect(rig.requests.snapshot().inFlightPeak).toBeGreaterThan(8)
  })

  it('has parts of one size where the store wants that', async () => {
    const sizes: number[] = []
    const rig = createRig({
      ...small,
      capabilities: { uniformParts: true },
      provider: (store) => ({
        ...store,
        uploadPart(key, uploadId, partNumber, body, options) {
          sizes[partNumber - 1] = (body as readonly Uint8Array[]).reduce((sum, { byteLength }) => sum + byteLength, 0)
          return store.uploadPart(key, uploadId, partNumber, body, options)
        },
      }),
    })
    await write(rig, await frozenOf(rig, patterned(100_000)))
    expect(new Set(sizes.slice(0, -1))).toEqual(new Set([16_384]))
  })

  it('may be longer than memory allows at once: a part is then streamed', async () => {
    const memoryBytesMax = 32 * MiB
    const rig = createRig({ limits: { partCountMax: 2 }, settings: { memoryBytesMax } })
    const base = await based(rig, 50 * MiB)
    const frozen = new FileContent(base).freeze()
    const condition = { ifMatch: base.etag }
    await writeObject(rig.deps, {
      key: 'k',
      condition,
      frozen,
      headers: plainHeaders,
      writeId: id,
      withoutCopies: true,
    })
    await expectBytes(rig, patterned(50 * MiB))
    expect(rig.counts()).toMatchObject({ uploadPart: 2 })
    expect(rig.budget.peak).toBeLessThanOrEqual(memoryBytesMax)
    expect(rig.budget.used('flight')).toBe(0)
  })

  it('leaves checksums of its blocks, so that ranged reads of it are verified', async () => {
    const rig = createRig()
    const version = await write(rig, await frozenOf(rig, patterned(20 * MiB)))
    await rig.deps.reader.read(version, 9 * MiB, 2 * MiB)
    expect(rig.deps.metrics.get('verified')).toBeGreaterThan(0)
    expect(rig.deps.metrics.get('unverified')).toBe(0)
  })
})

describe('a change of a large file', () => {
  it('appends one byte with 1 create, 1 copy, 1 upload, 1 complete, 1 HEAD, sending one byte', async () => {
    const rig = createRig(small)
    const base = await based(rig, 1_000_000, allHeaders)
    const content = new FileContent(base)
    await writeAt(rig, content, 1_000_000, utf8('!'))
    await write(rig, content.freeze(), base)
    expect(rig.counts()).toEqual({ createUpload: 1, copyPart: 1, uploadPart: 1, completeUpload: 1, head: 1 })
    expect(rig.requests.snapshot().bytesUp).toBe(1)
    await expectBytes(rig, changed(new Uint8Array(1_000_001), [0, patterned(1_000_000)], [1_000_000, utf8('!')]))
    expect((await rig.headersOf('k')).contentLanguage).toBe('eo')
  })

  it('sends what changed in the middle and no more than a shortest part around it', async () => {
    const rig = createRig(small)
    const base = await based(rig, 1_000_000)
    const content = new FileContent(base)
    await writeAt(rig, content, 500_000, utf8('changed'))
    await write(rig, content.freeze(), base)
    expect(rig.requests.snapshot().bytesUp).toBe(8192)
    await expectBytes(rig, changed(patterned(1_000_000), [500_000, utf8('changed')]))
  })

  it('cuts the file off without sending a byte', async () => {
    const rig = createRig(small)
    const base = await based(rig, 1_000_000)
    const content = new FileContent(base)
    content.truncate(123_456)
    await write(rig, content.freeze(), base)
    expect(rig.requests.snapshot().bytesUp).toBe(0)
    await expectBytes(rig, patterned(1_000_000).subarray(0, 123_456))
  })

  it('takes clean bytes from another key, where a rename or a stream has left them', async () => {
    const rig = createRig(small)
    await rig.bucket.put('aside', patterned(200_000), { headers: plainHeaders })
    const content = new FileContent(await versionAt(rig, 'aside'))
    await writeAt(rig, content, 200_000, utf8('more'))
    await write(rig, content.freeze())
    await expectBytes(rig, changed(new Uint8Array(200_004), [0, patterned(200_000)], [200_000, utf8('more')]))
  })

  it('is a conflict when the base under its own key changes between two parts', async () => {
    let copies = 0
    const rig = createRig({
      ...small,
      limits: { ...smallLimits, copyBytesMax: 300_000 },
      provider: (store) => ({
        ...store,
        async copyPart(...call) {
          if (++copies === 2) await store.put('k', utf8('foreign'), { headers: plainHeaders })
          return store.copyPart(...call)
        },
      }),
    })
    const base = await based(rig, 1_000_000)
    const content = new FileContent(base)
    await writeAt(rig, content, 1_000_000, utf8('!'))
    const error = await thrown(write(rig, content.freeze(), base))
    expect(error).toBeInstanceOf(ConflictError)
    expect((error as ConflictError).found?.size).toBe(7)
    await expectBytes(rig, utf8('foreign'))
    await expectNoUploads(rig)
  })

  it('is a changed source when the base under another key is gone', async () => {
    const rig = createRig(small)
    await rig.bucket.put('aside', patterned(200_000), { headers: plainHeaders })
    const content = new FileContent(await versionAt(rig, 'aside'))
    await writeAt(rig, content, 200_000, utf8('more'))
    await rig.bucket.delete('aside')
    const error = await thrown(write(rig, content.freeze()))
    expect(error).toBeInstanceOf(SourceChangedError)
    expect((error as SourceChangedError).key).toBe('aside')
    await expectNoUploads(rig)
  })

  it('is a conflict when somebody else wrote while parts were sent', async () => {
    const rig = createRig({
      ...small,
      provider: (store) => ({
        ...store,
        async completeUpload(...call) {
          await store.put('k', utf8('foreign'), { headers: plainHeaders })
          return store.completeUpload(...call)
        },
      }),
    })
    const error = await thrown(write(rig, await frozenOf(rig, patterned(100_000))))
    expect(error).toBeInstanceOf(ConflictError)
    await expectBytes(rig, utf8('foreign'))
    await expectNoUploads(rig)
  })
})

describe('holes', () => {
  it('are copied from a zero object that is made once, and never sent', async () => {
    const rig = createRig(small)
    const content = new FileContent(null)
    await writeAt(rig, content, 0, patterned(20_000))
    await writeAt(rig, content, 500_000, utf8('end'))
    const expected = changed(new Uint8Array(500_003), [0, patterned(20_000)], [500_000, utf8('end')])
    await write(rig, content.freeze())
    await expectBytes(rig, expected)
    expect(rig.requests.snapshot().bytesUp).toBe(20_003 + 16_384)
    expect(rig.requests.count(undefined, 'side')).toBe(2)
    await rig.bucket.delete('k')
    rig.requests.reset()
    await write(rig, content.freeze())
    await expectBytes(rig, expected)
    expect(rig.requests.snapshot().bytesUp).toBe(20_003)
    expect(rig.requests.count(undefined, 'side')).toBe(0)
  })

  it('find a zero object that is there already', async () => {
    const first = createRig(small)
    const content = new FileContent(null)
    content.truncate(500_000)
    await write(first, content.freeze())
    const second = createRig({ ...small, provider: () => first.bucket })
    await writeObject(second.deps, {
      key: 'l',
      condition: {},
      frozen: content.freeze(),
      headers: plainHeaders,
      writeId: id,
    })
    expect(second.requests.snapshot().bytesUp).toBe(0)
  })

  it('do not take what lies under the name of the zero object for zeros', async () => {
    const rig = createRig(small)
    await rig.bucket.put('.bucketfs/cache/zeros/16384', patterned(16_384), { headers: plainHeaders })
    const content = new FileContent(null)
    content.truncate(500_000)
    await write(rig, content.freeze())
    await expectBytes(rig, new Uint8Array(500_000))
  })

  it('survive the zero object being cleared away or spoilt while it is used', async () => {
    let copies = 0
    const rig = createRig({
      ...small,
      provider: (store) => ({
        ...store,
        async copyPart(...call) {
          copies++
          if (copies === 5) await store.delete('.bucketfs/cache/zeros/16384')
          if (copies === 25)
            await store.put('.bucketfs/cache/zeros/16384', patterned(16_384), { headers: plainHeaders })
          return store.copyPart(...call)
        },
      }),
    })
    const content = new FileContent(null)
    content.truncate(1_000_000)
    await write(rig, content.freeze())
    await expectBytes(rig, new Uint8Array(1_000_000))
  })

  it('of many parts are copied from a large zero object, made of copies of the small one', async () => {
    const rig = createRig({ settings: smallSettings, limits: { ...smallLimits, partBytesMin: 512 } })
    const content = new FileContent(null)
    content.truncate(1024 * 500)
    await write(rig, content.freeze())
    await expectBytes(rig, new Uint8Array(1024 * 500))
    expect(rig.counts()).toMatchObject({ copyPart: 100 + 5 })
    expect(rig.requests.snapshot().bytesUp).toBe(1024)
  })
})

describe('with S3’s own limits', () => {
  it('sends less than 6 MiB for a byte changed in the middle of 64 MiB', async () => {
    const rig = createRig()
    expect(rig.deps.store.capabilities.limits).toEqual(s3Limits)
    const base = await based(rig, 64 * MiB)
    const content = new FileContent(base)
    await writeAt(rig, content, 32 * MiB, utf8('!'))
    await write(rig, content.freeze(), base)
    expect(rig.requests.snapshot().bytesUp).toBe(5 * MiB)
    expect(rig.counts()).toMatchObject({ createUpload: 1, copyPart: 2, uploadPart: 1, completeUpload: 1, head: 1 })
  })
})
