// Every reply of an upload that can get lost on the way, and bytes that arrive wrong.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { StoreError, isStoreError } from '../../../src/base/errors.ts'
import { FileContent } from '../../../src/volume/content/file-content.ts'
import type { ObjectStore } from '../../../src/store/store.ts'
import { isUnknownOutcome } from '../../../src/volume/objects/outcome/doubt.ts'
import { writeObject } from '../../../src/volume/objects/write-object.ts'
import { patterned } from '../../support/store-kit.ts'
import { based, changed, expectBytes, expectNoUploads, id, small, write } from './large-rig.ts'
import { type RigOptions, createRig, frozenOf, plainHeaders, thrown, versionAt, writeAt } from './rig.ts'

describe('lost replies of an upload', () => {
  const faulty = (
    fault: 'lost-reply' | 'lost-request',
    operation: 'createUpload' | 'uploadPart' | 'copyPart' | 'completeUpload' | 'abortUpload',
  ): RigOptions => ({
    ...small,
    rules: [{ fault, operations: [operation], times: 1 }],
  })

  for (const fault of ['lost-reply', 'lost-request'] as const) {
    for (const operation of ['createUpload', 'uploadPart', 'copyPart', 'completeUpload'] as const) {
      it(`makes the object once, ${fault} of ${operation}`, async () => {
        const rig = createRig(faulty(fault, operation))
        const base = await based(rig, 200_000)
        const content = new FileContent(base)
        await writeAt(rig, content, 200_000, patterned(30_000, 3))
        const version = await write(rig, content.freeze(), base)
        await expectBytes(
          rig,
          changed(new Uint8Array(230_000), [0, patterned(200_000)], [200_000, patterned(30_000, 3)]),
        )
        expect(version.etag).toBe((await versionAt(rig, 'k')).etag)
        const left = await rig.bucket.listUploads('')
        expect(left).toHaveLength(operation === 'createUpload' && fault === 'lost-reply' ? 1 : 0)
      })
    }
  }

  it('recognises its own completion, whose upload is gone, by the write id', async () => {
    const rig = createRig(faulty('lost-reply', 'completeUpload'))
    await write(rig, await frozenOf(rig, patterned(100_000)))
    expect(rig.counts()).toMatchObject({ completeUpload: 1, head: 1 })
    expect(rig.deps.metrics.get('lostReplies')).toBe(1)
  })

  it('recognises on a second call what the first one, whose outcome was unknown, has done', async () => {
    let isDown = false
    const rig = createRig({
      ...small,
      rules: [
        { fault: 'lost-reply', operations: ['completeUpload'], times: 1 },
        { fault: 'lost-request', operations: ['head', 'completeUpload'], matches: () => isDown },
      ],
      provider: (store) => ({
        ...store,
        completeUpload(...call) {
          isDown = true
          return store.completeUpload(...call)
        },
      }),
    })
    const base = await based(rig, 200_000)
    const content = new FileContent(base)
    await writeAt(rig, content, 200_000, utf8('!'))
    const frozen = content.freeze()
    expect(isStoreError(await thrown(write(rig, frozen, base)))).toBe(true)
    isDown = false
    const version = await write(rig, frozen, base)
    expect(version.size).toBe(200_001)
    expect((await versionAt(rig, 'k')).etag).toBe(version.etag)
  })

  it('starts again when the upload is gone', async () => {
    let isFirst = true
    const rig = createRig({
      ...small,
      provider: (store) => ({
        ...store,
        async completeUpload(key, uploadId, parts, options) {
          if (isFirst) await store.abortUpload(key, uploadId)
          isFirst = false
          return store.completeUpload(key, uploadId, parts, options)
        },
      }),
    })
    const bytes = patterned(100_000)
    await write(rig, await frozenOf(rig, bytes))
    await expectBytes(rig, bytes)
    expect(rig.counts()).toMatchObject({ createUpload: 2, completeUpload: 2 })
  })

  it('sends all parts again after a 409 at completion', async () => {
    let refusals = 1
    const rig = createRig({
      ...small,
      provider: (store) => ({
        ...store,
        completeUpload(key, ...call) {
          if (refusals-- > 0)
            return Promise.reject(new StoreError({ kind: 'conflict', operation: 'completeUpload', key, status: 409 }))
          return store.completeUpload(key, ...call)
        },
      }),
    })
    await write(rig, await frozenOf(rig, patterned(100_000)))
    expect(rig.counts()).toMatchObject({ createUpload: 2, uploadPart: 14, completeUpload: 2, abortUpload: 1 })
    await expectNoUploads(rig)
  })

  it('starts again when a completion was claimed and nothing is there', async () => {
    let claims = 1
    const rig = createRig({
      ...small,
      provider: (store) => ({
        ...store,
        completeUpload(...call) {
          if (claims-- > 0) return Promise.resolve({ etag: 'x-7', date: 0 })
          return store.completeUpload(...call)
        },
      }),
    })
    await write(rig, await frozenOf(rig, patterned(100_000)))
    expect(rig.counts()).toMatchObject({ createUpload: 2, completeUpload: 2, head: 2 })
  })

  it('throws the failure, not the failed abort, and leaves no object', async () => {
    const rig = createRig({
      ...small,
      rules: [{ fault: 'lost-request', operations: ['abortUpload'] }],
      provider: (store) => ({
        ...store,
        uploadPart: (key) =>
          Promise.reject(new StoreError({ kind: 'denied', operation: 'uploadPart', key, status: 403 })),
      }),
    })
    expect(isStoreError(await thrown(write(rig, await frozenOf(rig, patterned(100_000)))), 'denied')).toBe(true)
    expect((await rig.bucket.list()).objects).toEqual([])
    expect(rig.budget.used('flight')).toBe(0)
  })
})

describe('proof of parts', () => {
  const spoiling =
    (times: number) =>
    (store: ObjectStore): ObjectStore => {
      let left = times
      return {
        ...store,
        uploadPart(key, uploadId, partNumber, body, options) {
          if (left-- > 0) return store.uploadPart(key, uploadId, partNumber, patterned(16_384, 99))
          return store.uploadPart(key, uploadId, partNumber, body, options)
        },
      }
    }

  it('sends a part again that arrived as other bytes', async () => {
    const rig = createRig({ ...small, provider: spoiling(2) })
    const bytes = patterned(100_000)
    await write(rig, await frozenOf(rig, bytes))
    await expectBytes(rig, bytes)
    expect(rig.deps.metrics.get('corrupt')).toBe(2)
  })

  it('finds that by the MD5 where no checksum comes back', async () => {
    const rig = createRig({
      ...small,
      provider: (store) => {
        const spoilt = spoiling(2)(store)
        return {
          ...spoilt,
          uploadPart: async (...call) => ({ ...(await spoilt.uploadPart(...call)), crc32: undefined }),
        }
      },
    })
    await write(rig, await frozenOf(rig, patterned(100_000)))
    await expectBytes(rig, patterned(100_000))
    expect(rig.deps.metrics.get('corrupt')).toBe(2)
  })

  it('never acknowledges parts that keep arriving wrong', async () => {
    const rig = createRig({ ...small, provider: spoiling(1000) })
    expect(isStoreError(await thrown(write(rig, await frozenOf(rig, patterned(100_000)))), 'corrupt')).toBe(true)
    expect((await rig.bucket.list()).objects).toEqual([])
    await expectNoUploads(rig)
  })

  it('starts again when a part was acknowledged with a wrong ETag, or is lost', async () => {
    let wrong = 1
    const rig = createRig({
      ...small,
      provider: (store) => ({
        ...store,
        async uploadPart(...call) {
          const sent = await store.uploadPart(...call)
          return wrong-- > 0 ? { ...sent, etag: 'f'.repeat(32) } : sent
        },
      }),
    })
    await write(rig, await frozenOf(rig, patterned(100_000)))
    await expectBytes(rig, patterned(100_000))
    expect(rig.counts()).toMatchObject({ createUpload: 2, completeUpload: 2, abortUpload: 1 })
  })

  it('takes the ETag that is there, whatever the completion answered', async () => {
    const rig = createRig({
      ...small,
      provider: (store) => ({
        ...store,
        completeUpload: async (...call) => ({ ...(await store.completeUpload(...call)), etag: 'wrong-1' }),
      }),
    })
    const version = await write(rig, await frozenOf(rig, patterned(100_000)))
    expect(version.etag).toBe((await versionAt(rig, 'k')).etag)
  })
})

describe('an aborted write', () => {
  it('leaves no upload, no object and no memory taken', async () => {
    const controller = new AbortController()
    let parts = 0
    const rig = createRig({
      ...small,
      provider: (store) => ({
        ...store,
        uploadPart(...call) {
          if (++parts === 3) controller.abort(new Error('enough'))
          return store.uploadPart(...call)
        },
      }),
    })
    const frozen = await frozenOf(rig, patterned(300_000))
    const job = {
      key: 'k',
      condition: { ifNoneMatch: '*' },
      frozen,
      headers: plainHeaders,
      writeId: id,
      signal: controller.signal,
    } as const
    expect(isUnknownOutcome(await thrown(writeObject(rig.deps, job)))).toBe(true)
    await expectNoUploads(rig)
    expect((await rig.bucket.list()).objects).toEqual([])
    expect(rig.budget.used('flight')).toBe(0)
  })
})
