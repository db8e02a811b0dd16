// Streams whose headers change, whose requests fail, and whose key somebody else takes.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { StoreError, isStoreError } from '../../../src/base/errors.ts'
import { ConflictError } from '../../../src/volume/objects/conflict-error.ts'
import { patterned } from '../../support/store-kit.ts'
import { allHeaders, createRig, plainHeaders, thrown, versionAt } from './rig.ts'
import { closeId, expectBytes, expectTidy, open, small, streamId } from './stream-rig.ts'

describe('headers of a stream', () => {
  it('are those of its creation, with no request more when they are the same at the end', async () => {
    const { rig, write, close } = open({ headers: allHeaders })
    await write(0, patterned(100_000))
    await close()
    expect(await rig.headersOf('k')).toEqual({
      ...allHeaders,
      metadata: { ...allHeaders.metadata, 'bucketfs-id': streamId },
    })
    expect(rig.counts().copy).toBeUndefined()
  })

  it('cost one copy when they differ at the end', async () => {
    const { rig, write, close } = open({ headers: allHeaders })
    await write(0, patterned(100_000))
    const headers = { ...allHeaders, metadata: { ...allHeaders.metadata, mode: '33152' } }
    const version = await close({ headers })
    expect(await rig.headersOf('k')).toEqual({ ...headers, metadata: { ...headers.metadata, 'bucketfs-id': closeId } })
    expect(rig.counts()).toMatchObject({ completeUpload: 1, head: 1, copy: 1 })
    expect(version.etag).toBe((await versionAt(rig, 'k')).etag)
  })

  it('are put right by the next call when the copy failed, without sending the file again', async () => {
    const { rig, write, close } = open({ rules: [{ fault: 'slow-down', operations: ['copy'], times: 8 }] })
    await write(0, patterned(100_000))
    const headers = { metadata: { mode: '33152' } }
    expect(isStoreError(await thrown(close({ headers })), 'throttled')).toBe(true)
    await close({ headers })
    expect(rig.requests.snapshot().bytesUp).toBe(100_000)
    expect((await rig.headersOf('k')).metadata).toMatchObject({ mode: '33152' })
  })

  it('are a conflict when somebody replaced the object before the copy', async () => {
    const { rig, write, close } = open({
      provider: (store) => ({
        ...store,
        async copy(...call) {
          await store.put('k', utf8('foreign'), { headers: plainHeaders })
          return store.copy(...call)
        },
      }),
    })
    await write(0, patterned(100_000))
    expect(await thrown(close({ headers: { metadata: { mode: '33152' } } }))).toBeInstanceOf(ConflictError)
    await expectBytes(rig, utf8('foreign'))
  })
})

describe('a stream that meets faults', () => {
  it('finds another writer at its key, and leaves that version and no upload', async () => {
    const { rig, write, close } = open()
    await write(0, patterned(200_000))
    await rig.bucket.put('k', utf8('foreign'), { headers: plainHeaders })
    expect(await thrown(close())).toBeInstanceOf(ConflictError)
    await expectBytes(rig, utf8('foreign'))
    await expectTidy(rig)
  })

  it('sends at the end what could not be sent before', async () => {
    const { rig, write, close, upload } = open({
      rules: [{ fault: 'slow-down', operations: ['uploadPart'], times: 40 }],
    })
    await write(0, patterned(200_000))
    await upload.settled()
    await close()
    await expectBytes(rig, patterned(200_000))
    expect(rig.counts().createUpload).toBe(1)
  })

  it('begins again when creating the upload failed', async () => {
    const { rig, write, close } = open({ rules: [{ fault: 'slow-down', operations: ['createUpload'], times: 8 }] })
    await write(0, patterned(200_000))
    await close()
    await expectBytes(rig, patterned(200_000))
    await expectTidy(rig)
  })

  it('writes the file whole when its upload is gone', async () => {
    const { rig, write, close, upload } = open()
    await write(0, patterned(200_000))
    await upload.settled()
    const [unfinished] = await rig.bucket.listUploads('')
    await rig.bucket.abortUpload('k', unfinished?.uploadId as string)
    await close()
    await expectBytes(rig, patterned(200_000))
    await expectTidy(rig)
  })

  it('writes the file whole after a 409 at completion', async () => {
    let refusals = 1
    const { rig, write, close } = open({
      provider: (store) => ({
        ...store,
        completeUpload(key, ...call) {
          if (refusals-- > 0)
            return Promise.reject(new StoreError({ kind: 'conflict', operation: 'completeUpload', key, status: 409 }))
          return store.completeUpload(key, ...call)
        },
      }),
    })
    await write(0, patterned(200_000))
    await close()
    await expectBytes(rig, patterned(200_000))
    await expectTidy(rig)
  })

  for (const fault of ['lost-reply', 'lost-request'] as const) {
    it(`makes the object once, ${fault} of its completion`, async () => {
      const { rig, write, close } = open({ rules: [{ fault, operations: ['completeUpload'], times: 1 }] })
      await write(0, patterned(200_000))
      const version = await close()
      expect(version.etag).toBe((await versionAt(rig, 'k')).etag)
      expect(rig.requests.snapshot().bytesUp).toBe(200_000)
      await expectTidy(rig)
    })
  }

  it('finishes on the second call what nobody answered at the first, without sending the file again', async () => {
    let isDown = true
    const { rig, write, close } = open({
      rules: [
        { fault: 'lost-reply', operations: ['completeUpload'], times: 1 },
        { fault: 'lost-request', operations: ['head'], matches: () => isDown },
      ],
    })
    await write(0, patterned(200_000))
    expect(isStoreError(await thrown(close()))).toBe(true)
    isDown = false
    await close()
    expect(rig.counts()).toMatchObject({ createUpload: 1, completeUpload: 1 })
    expect(rig.requests.snapshot().bytesUp).toBe(200_000)
    await expectBytes(rig, patterned(200_000))
    await expectTidy(rig)
  })

  it('tells of its own earlier completion, by its id, when the file has changed since', async () => {
    let isDown = true
    const { write, close } = open({
      rules: [
        { fault: 'lost-reply', operations: ['completeUpload'], times: 1 },
        { fault: 'lost-request', operations: ['head'], matches: () => isDown },
      ],
    })
    await write(0, patterned(200_000))
    await thrown(close())
    isDown = false
    await write(200_000, utf8('more'))
    const error = await thrown(close())
    expect((error as ConflictError).found?.headers.metadata['bucketfs-id']).toBe(streamId)
  })

  it('is a conflict when the base it appends to has changed', async () => {
    const rig = createRig(small)
    await rig.bucket.put('k', patterned(500_000), { headers: plainHeaders })
    const { write, close } = open({ base: await versionAt(rig, 'k') }, rig)
    await rig.bucket.put('k', utf8('foreign'), { headers: plainHeaders })
    await write(500_000, patterned(100_000, 2))
    expect(await thrown(close())).toBeInstanceOf(ConflictError)
    await expectBytes(rig, utf8('foreign'))
    await expectTidy(rig)
  })
})
