// Small files: one PUT, one look when the reply is in doubt, never a lost update.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { isStoreError, isVolumeError, StoreError } from '../../../src/base/errors.ts'
import type { ObjectStore } from '../../../src/store/store.ts'
import { FileContent } from '../../../src/volume/content/file-content.ts'
import { ContentReader } from '../../../src/volume/content/reader.ts'
import { ConflictError } from '../../../src/volume/objects/conflict-error.ts'
import { isUnknownOutcome } from '../../../src/volume/objects/outcome/doubt.ts'
import { writeObject } from '../../../src/volume/objects/write-object.ts'
import { patterned, putText } from '../../support/store-kit.ts'
import { allHeaders, createRig, frozenOf, plainHeaders, thrown, versionAt, type Rig, type RigOptions } from './rig.ts'

const id = 'a'.repeat(32)
const otherId = 'b'.repeat(32)

async function create(rig: Rig, text: string, writeId = id) {
  const frozen = await frozenOf(rig, utf8(text))
  return writeObject(rig.deps, { key: 'k', condition: { ifNoneMatch: '*' }, frozen, headers: plainHeaders, writeId })
}

async function replace(rig: Rig, text: string, etag: string, writeId = id) {
  const frozen = await frozenOf(rig, utf8(text))
  return writeObject(rig.deps, { key: 'k', condition: { ifMatch: etag }, frozen, headers: plainHeaders, writeId })
}

describe('a small file', () => {
  it('is created by one PUT and nothing else', async () => {
    const rig = createRig()
    await create(rig, 'hello')
    expect(rig.counts()).toEqual({ put: 1 })
    expect(Buffer.from(await rig.bytesOf('k')).toString()).toBe('hello')
  })

  it('is overwritten by one PUT and nothing else', async () => {
    const rig = createRig()
    const before = await putText(rig.bucket, 'k', 'old')
    await replace(rig, 'new', before.etag)
    expect(rig.counts()).toEqual({ put: 1 })
    expect(Buffer.from(await rig.bytesOf('k')).toString()).toBe('new')
  })

  it('gives back the version that HEAD shows', async () => {
    const rig = createRig()
    const version = await create(rig, 'hello')
    const seen = await versionAt(rig, 'k')
    expect(version).toMatchObject({
      key: 'k',
      etag: seen.etag,
      size: 5,
      checksum: seen.checksum,
      headers: seen.headers,
      ours: true,
    })
  })

  it('may be empty', async () => {
    const rig = createRig()
    expect(await create(rig, '')).toMatchObject({ size: 0 })
    expect(rig.counts()).toEqual({ put: 1 })
  })

  it('keeps what was clean when only a part of it changed', async () => {
    const rig = createRig()
    const bytes = patterned(100_000)
    await rig.bucket.put('k', bytes, { headers: plainHeaders })
    const base = await versionAt(rig, 'k')
    const content = new FileContent(base)
    content.write(50_000, await rig.dirty.keep(utf8('changed'), { ino: 1, offset: 50_000 }))
    content.truncate(120_000)
    const condition = { ifMatch: base.etag }
    await writeObject(rig.deps, { key: 'k', condition, frozen: content.freeze(), headers: plainHeaders, writeId: id })
    const expected = new Uint8Array(120_000)
    expected.set(bytes)
    expected.set(utf8('changed'), 50_000)
    expect(Buffer.compare(await rig.bytesOf('k'), expected)).toBe(0)
    expect(rig.counts()).toEqual({ put: 1, get: 1 })
  })

  it('knows the checksums per block of what it wrote where reads want them', async () => {
    const rig = createRig()
    const reader = rig.deps.reader as ContentReader
    const mib = 1024 * 1024
    for (const [key, size, expected] of [['small', 7 * mib, 0] as const, ['large', 10 * mib + 5, 1] as const]) {
      const frozen = await frozenOf(rig, patterned(size))
      await writeObject(rig.deps, { key, condition: {}, frozen, headers: plainHeaders, writeId: id })
      expect(reader.unwrittenChecksums, key).toBe(expected)
    }
    expect(rig.counts()).toEqual({ put: 2 })
    await reader.flushChecksums()
    const { deps } = rig
    const other = new ContentReader(deps)
    const version = await versionAt(rig, 'large')
    const bytes = await other.read(version, 9 * mib, 64 * 1024)
    expect(Buffer.compare(bytes, patterned(10 * mib + 5).subarray(9 * mib, 9 * mib + 64 * 1024))).toBe(0)
    expect([deps.metrics.get('verified'), deps.metrics.get('unverified')]).toEqual([1, 0])
  })

  it('gives all memory back that was taken for clean bytes', async () => {
    const rig = createRig()
    await rig.bucket.put('k', patterned(100_000), { headers: plainHeaders })
    const base = await versionAt(rig, 'k')
    const content = new FileContent(base)
    content.truncate(100_001)
    const condition = { ifMatch: base.etag }
    await writeObject(rig.deps, { key: 'k', condition, frozen: content.freeze(), headers: plainHeaders, writeId: id })
    expect(rig.budget.used('flight')).toBe(0)
  })
})

describe('what a rewrite preserves', () => {
  for (const name of Object.keys(allHeaders).filter((each) => each !== 'metadata') as (keyof typeof allHeaders)[]) {
    it(`sends ${name} again`, async () => {
      const rig = createRig()
      await rig.bucket.put('k', utf8('old'), { headers: allHeaders })
      const base = await versionAt(rig, 'k')
      const frozen = await frozenOf(rig, utf8('new'), base)
      const headers = base.headers as typeof allHeaders
      await writeObject(rig.deps, { key: 'k', condition: { ifMatch: base.etag }, frozen, headers, writeId: id })
      expect((await rig.headersOf('k'))[name]).toEqual(allHeaders[name])
    })
  }

  it('sends unknown metadata again beside the write id', async () => {
    const rig = createRig()
    const frozen = await frozenOf(rig, utf8('new'))
    await writeObject(rig.deps, { key: 'k', condition: {}, frozen, headers: allHeaders, writeId: id })
    expect((await rig.headersOf('k')).metadata).toEqual({ ...allHeaders.metadata, 'bucketfs-id': id })
  })

  it('sends the tags again, for one GET of them, when the object has any', async () => {
    const rig = createRig()
    await putText(rig.bucket, 'k', 'old', { tags: 'a=1&b=2' })
    const base = await versionAt(rig, 'k')
    const frozen = await frozenOf(rig, utf8('new'), base)
    const version = await writeObject(rig.deps, {
      key: 'k',
      condition: { ifMatch: base.etag },
      frozen,
      headers: plainHeaders,
      writeId: id,
    })
    expect(await rig.bucket.getTags('k')).toBe('a=1&b=2')
    expect(version.tagCount).toBe(2)
    expect(rig.counts()).toEqual({ put: 1, getTags: 1 })
  })

  it('takes the tags of the version replaced even when its contents are not the base', async () => {
    const rig = createRig()
    await putText(rig.bucket, 'k', 'old', { tags: 'a=1' })
    const replaces = await versionAt(rig, 'k')
    const frozen = await frozenOf(rig, utf8('new'))
    await writeObject(rig.deps, {
      key: 'k',
      condition: { ifMatch: replaces.etag },
      frozen,
      headers: plainHeaders,
      writeId: id,
      replaces,
    })
    expect(await rig.bucket.getTags('k')).toBe('a=1')
  })
})

describe('doubt', () => {
  const oneFault = (fault: 'lost-reply' | 'lost-request', extra: Partial<RigOptions> = {}): RigOptions => ({
    ...extra,
    rules: [{ fault, operations: ['put'], times: 1 }],
  })

  it('recognises its own create after a lost reply, by one HEAD and no second PUT', async () => {
    const rig = createRig(oneFault('lost-reply'))
    const version = await create(rig, 'hello')
    expect(rig.counts()).toEqual({ put: 1, head: 1 })
    expect(rig.deps.metrics.get('lostReplies')).toBe(1)
    expect(version.etag).toBe((await versionAt(rig, 'k')).etag)
  })

  it('sends a create again that never arrived', async () => {
    const rig = createRig(oneFault('lost-request'))
    await create(rig, 'hello')
    expect(rig.counts()).toEqual({ put: 2, head: 1 })
    expect(rig.deps.metrics.get('lostReplies')).toBe(0)
  })

  it('recognises its own replacement after a lost reply', async () => {
    const rig = createRig(oneFault('lost-reply'))
    const { etag } = await putText(rig.bucket, 'k', 'old')
    await replace(rig, 'new', etag)
    expect(rig.counts()).toEqual({ put: 1, head: 1 })
  })

  it('recognises its own replacement by equal bytes, whose ETag does not change', async () => {
    const rig = createRig(oneFault('lost-reply'))
    const { etag } = await putText(rig.bucket, 'k', 'same')
    await replace(rig, 'same', etag)
    expect(rig.counts()).toEqual({ put: 1, head: 1 })
    expect((await rig.headersOf('k')).metadata['bucketfs-id']).toBe(id)
  })

  it('recognises a create that arrived late, after the second was sent', async () => {
    let held: (() => Promise<void>) | undefined
    const rig = createRig({
      provider: (store) => ({
        ...store,
        async put(key, body, options) {
          if (!held) {
            held = () => store.put(key, body, options).then(() => undefined)
            throw new StoreError({ kind: 'timeout', operation: 'put', key, ambiguous: true })
          }
          await held()
          return store.put(key, body, options)
        },
      }),
    })
    await create(rig, 'hello')
    expect(rig.counts()).toEqual({ put: 2, head: 2 })
    expect(rig.deps.metrics.get('lostReplies')).toBe(1)
  })

  it('calls equal bytes of somebody else a conflict', async () => {
    const rig = createRig()
    await putText(rig.bucket, 'k', 'hello', { headers: { metadata: { 'bucketfs-id': otherId } } })
    const error = await thrown(create(rig, 'hello'))
    expect(error).toBeInstanceOf(ConflictError)
    expect((error as ConflictError).found?.headers.metadata['bucketfs-id']).toBe(otherId)
  })

  it('says what is there instead, as ESTALE, and leaves it alone', async () => {
    const rig = createRig()
    const { etag } = await putText(rig.bucket, 'k', 'old')
    await putText(rig.bucket, 'k', 'foreign')
    const error = await thrown(replace(rig, 'mine', etag))
    expect(isVolumeError(error, 'ESTALE')).toBe(true)
    expect((error as ConflictError).found).toMatchObject({ key: 'k', size: 7 })
    expect(Buffer.from(await rig.bytesOf('k')).toString()).toBe('foreign')
    expect(rig.counts()).toEqual({ put: 1, head: 1 })
  })

  it('calls an object that is gone a conflict, with nothing found', async () => {
    const rig = createRig()
    const { etag } = await putText(rig.bucket, 'k', 'old')
    await rig.bucket.delete('k')
    const error = await thrown(replace(rig, 'mine', etag))
    expect(error).toBeInstanceOf(ConflictError)
    expect((error as ConflictError).found).toBeNull()
  })

  it('calls it a conflict when somebody wrote between our lost request and our look', async () => {
    const rig = createRig(
      oneFault('lost-request', {
        provider: (store) => ({
          ...store,
          async head(key, options) {
            await store.put('k', utf8('foreign'), { headers: plainHeaders })
            return store.head(key, options)
          },
        }),
      }),
    )
    const { etag } = await putText(rig.bucket, 'k', 'old')
    expect(await thrown(replace(rig, 'mine', etag))).toBeInstanceOf(ConflictError)
    expect(Buffer.from(await rig.bytesOf('k')).toString()).toBe('foreign')
  })

  it('sends again after a 409 that changed nothing', async () => {
    let refusals = 1
    const rig = createRig({
      provider: (store) => ({
        ...store,
        put(key, body, options) {
          if (refusals-- > 0)
            return Promise.reject(new StoreError({ kind: 'conflict', operation: 'put', key, status: 409 }))
          return store.put(key, body, options)
        },
      }),
    })
    await create(rig, 'hello')
    expect(rig.counts()).toEqual({ put: 2, head: 1 })
  })

  it('leaves the outcome unknown when nobody answers, and the same call with the same id resolves it', async () => {
    let isDown = true
    const rig = createRig({
      rules: [
        { fault: 'lost-reply', operations: ['put'], times: 1 },
        { fault: 'lost-request', operations: ['head'], matches: () => isDown },
      ],
    })
    const error = await thrown(create(rig, 'hello'))
    expect(isUnknownOutcome(error)).toBe(true)
    isDown = false
    const version = await create(rig, 'hello')
    expect(version.size).toBe(5)
    expect(rig.deps.metrics.get('lostReplies')).toBe(1)
  })
})

describe('proof', () => {
  const wrongEtag =
    (times: number) =>
    (store: ObjectStore): ObjectStore => {
      let left = times
      return {
        ...store,
        async put(key, body, options) {
          const reply = await store.put(key, body, options)
          return left-- > 0 ? { ...reply, etag: 'f'.repeat(32) } : reply
        },
      }
    }

  it('looks when the ETag in the answer is not that of the bytes, and takes the true one', async () => {
    const rig = createRig({ provider: wrongEtag(1) })
    const version = await create(rig, 'hello')
    expect(version.etag).toBe((await versionAt(rig, 'k')).etag)
    expect(rig.counts()).toEqual({ put: 1, head: 1 })
  })

  it('writes again over its own object when the bucket holds other bytes', async () => {
    let spoiled = 1
    const rig = createRig({
      provider: (store) => ({
        ...store,
        put(key, body, options) {
          return spoiled-- > 0
            ? store.put(key, utf8('spoilt'), { ...options, crc32: undefined })
            : store.put(key, body, options)
        },
      }),
    })
    await create(rig, 'hello')
    expect(Buffer.from(await rig.bytesOf('k')).toString()).toBe('hello')
    expect(rig.deps.metrics.get('corrupt')).toBe(1)
    expect(rig.counts()).toEqual({ put: 2, head: 1 })
  })

  it('never acknowledges bytes that the bucket keeps getting wrong', async () => {
    const rig = createRig({
      provider: (store) => ({
        ...store,
        put: (key, _body, options) => store.put(key, utf8('spoilt'), { ...options, crc32: undefined }),
      }),
    })
    expect(isStoreError(await thrown(create(rig, 'hello')), 'corrupt')).toBe(true)
  })

  it('does not take a KMS object’s ETag for an MD5', async () => {
    const rig = createRig({ provider: wrongEtag(1) })
    const frozen = await frozenOf(rig, utf8('x'))
    await writeObject(rig.deps, {
      key: 'k',
      condition: {},
      frozen,
      headers: { sse: 'aws:kms', metadata: {} },
      writeId: id,
    })
    expect(rig.counts()).toEqual({ put: 1 })
  })
})
