// Renames and attribute changes: one COPY, all headers kept, and every doubt settled by a look.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { isVolumeError, StoreError } from '../../../src/base/errors.ts'
import type { Version } from '../../../src/volume/inode.ts'
import { ConflictError, SourceChangedError } from '../../../src/volume/objects/conflict-error.ts'
import { copyObject } from '../../../src/volume/objects/copy-object.ts'
import { patterned, putText } from '../../support/store-kit.ts'
import { allHeaders, createRig, plainHeaders, smallLimits, thrown, versionAt, versionOf, type Rig } from './rig.ts'

const id = 'c'.repeat(32)

async function source(rig: Rig, text = 'contents', tags?: string): Promise<Version> {
  await putText(rig.bucket, 'from', text, { headers: allHeaders, tags })
  return versionAt(rig, 'from')
}

function rename(rig: Rig, from: Version): Promise<Version> {
  return copyObject(rig.deps, { from, key: 'to', condition: { ifNoneMatch: '*' }, writeId: id })
}

describe('a rename', () => {
  it('is one COPY and nothing else', async () => {
    const rig = createRig()
    await rename(rig, await source(rig))
    expect(rig.counts()).toEqual({ copy: 1 })
    expect(Buffer.from(await rig.bytesOf('to')).toString()).toBe('contents')
  })

  it('costs one HEAD more when only a listing has shown the object', async () => {
    const rig = createRig()
    const { key, etag, size, lastModified } = await source(rig)
    await rename(rig, { key, etag, size, lastModified })
    expect(rig.counts()).toEqual({ head: 1, copy: 1 })
    expect((await rig.headersOf('to')).contentType).toBe('text/x-special')
  })

  it('keeps tags without asking for them', async () => {
    const rig = createRig()
    const version = await rename(rig, await source(rig, 'contents', 'a=1&b=2'))
    expect(await rig.bucket.getTags('to')).toBe('a=1&b=2')
    expect(version.tagCount).toBe(2)
    expect(rig.counts()).toEqual({ copy: 1 })
  })

  for (const name of Object.keys(allHeaders).filter((each) => each !== 'metadata') as (keyof typeof allHeaders)[]) {
    it(`keeps ${name}`, async () => {
      const rig = createRig()
      await rename(rig, await source(rig))
      expect((await rig.headersOf('to'))[name]).toEqual(allHeaders[name])
    })
  }

  it('keeps unknown metadata beside a write id of its own', async () => {
    const rig = createRig()
    await rename(rig, await source(rig))
    expect((await rig.headersOf('to')).metadata).toEqual({ ...allHeaders.metadata, 'bucketfs-id': id })
  })

  it('gives back the version that HEAD shows', async () => {
    const rig = createRig()
    const version = await rename(rig, await source(rig))
    const { etag, size, lastModified, checksum, headers } = await versionAt(rig, 'to')
    expect(version).toMatchObject({ key: 'to', etag, size, lastModified, checksum, headers, ours: true })
  })

  it('copies everything as it is when the metadata leaves no room for a write id', async () => {
    const rig = createRig()
    const metadata = { big: 'x'.repeat(2040) }
    await putText(rig.bucket, 'from', 'contents', { headers: { ...allHeaders, metadata } })
    await rename(rig, await versionAt(rig, 'from'))
    expect(await rig.headersOf('to')).toEqual({ ...allHeaders, metadata })
  })

  it('finds a destination that somebody else has taken, also with the same bytes', async () => {
    const rig = createRig()
    const from = await source(rig)
    await putText(rig.bucket, 'to', 'contents', { headers: allHeaders })
    const error = await thrown(rename(rig, from))
    expect(error).toBeInstanceOf(ConflictError)
    expect((error as ConflictError).found?.key).toBe('to')
    expect(rig.counts()).toEqual({ copy: 1, head: 1 })
  })

  it('finds a source that has changed, and leaves the destination as it was', async () => {
    const rig = createRig()
    const from = await source(rig)
    await putText(rig.bucket, 'from', 'foreign')
    const error = await thrown(rename(rig, from))
    expect(error).toBeInstanceOf(SourceChangedError)
    expect((error as SourceChangedError).found).toMatchObject({ key: 'from', size: 7 })
    expect(await rig.bucket.list()).toMatchObject({ objects: [{ key: 'from' }] })
  })

  it('finds a source that is gone', async () => {
    const rig = createRig()
    const from = await source(rig)
    await rig.bucket.delete('from')
    const error = await thrown(rename(rig, from))
    expect(error).toBeInstanceOf(SourceChangedError)
    expect((error as SourceChangedError).found).toBeNull()
  })

  it('does not copy a version that the HEAD for its headers no longer shows', async () => {
    const rig = createRig()
    const { key, etag, size, lastModified } = await source(rig)
    await putText(rig.bucket, 'from', 'foreign')
    expect(await thrown(rename(rig, { key, etag, size, lastModified }))).toBeInstanceOf(SourceChangedError)
    expect(rig.counts()).toEqual({ head: 1 })
  })
})

describe('a change of attributes', () => {
  const headers = { ...allHeaders, metadata: { ...allHeaders.metadata, mode: '33261' } }

  it('is one COPY onto itself', async () => {
    const rig = createRig()
    const from = await source(rig)
    await copyObject(rig.deps, { from, key: 'from', condition: { ifMatch: from.etag }, headers })
    expect(rig.counts()).toEqual({ copy: 1 })
    expect((await rig.headersOf('from')).metadata).toMatchObject({ mode: '33261', unknown: 'kept' })
  })

  it('never goes over a version it has not seen, even without a condition of the caller', async () => {
    const rig = createRig()
    const from = await source(rig)
    await putText(rig.bucket, 'from', 'foreign')
    const error = await thrown(copyObject(rig.deps, { from, key: 'from', condition: {}, headers }))
    expect(error).toBeInstanceOf(SourceChangedError)
    expect(isVolumeError(error, 'ESTALE')).toBe(true)
    expect((error as SourceChangedError).found?.size).toBe(7)
    expect((await rig.headersOf('from')).metadata).toEqual({})
  })
})

describe('doubt about a copy', () => {
  it('recognises its own after a lost reply', async () => {
    const rig = createRig({ rules: [{ fault: 'lost-reply', operations: ['copy'], times: 1 }] })
    const version = await rename(rig, await source(rig))
    expect(rig.counts()).toEqual({ copy: 1, head: 1 })
    expect(rig.deps.metrics.get('lostReplies')).toBe(1)
    expect(version).toMatchObject({ etag: (await versionAt(rig, 'to')).etag, tagCount: 0 })
  })

  it('sends one again that never arrived', async () => {
    const rig = createRig({ rules: [{ fault: 'lost-request', operations: ['copy'], times: 1 }] })
    await rename(rig, await source(rig))
    expect(rig.counts()).toEqual({ copy: 2, head: 1 })
  })

  it('recognises its own change of attributes, which keeps the ETag', async () => {
    const rig = createRig({ rules: [{ fault: 'lost-reply', operations: ['copy'], times: 1 }] })
    const from = await source(rig)
    await copyObject(rig.deps, {
      from,
      key: 'from',
      condition: { ifMatch: from.etag },
      headers: plainHeaders,
      writeId: id,
    })
    expect(rig.counts()).toEqual({ copy: 1, head: 1 })
    expect((await rig.headersOf('from')).metadata).toEqual({ 'bucketfs-id': id })
  })

  it('calls it a conflict when somebody created the destination after our request was lost', async () => {
    const rig = createRig({
      rules: [{ fault: 'lost-request', operations: ['copy'], times: 1 }],
      provider: (store) => ({
        ...store,
        async head(key, options) {
          await store.put('to', utf8('contents'), { headers: allHeaders, ifNoneMatch: '*' })
          return store.head(key, options)
        },
      }),
    })
    expect(await thrown(rename(rig, await source(rig)))).toBeInstanceOf(ConflictError)
  })

  it('sends again after a 409', async () => {
    let refusals = 1
    const rig = createRig({
      provider: (store) => ({
        ...store,
        copy(from, key, options) {
          if (refusals-- > 0)
            return Promise.reject(new StoreError({ kind: 'conflict', operation: 'copy', key, status: 409 }))
          return store.copy(from, key, options)
        },
      }),
    })
    await rename(rig, await source(rig))
    expect(rig.counts()).toEqual({ copy: 2, head: 2 - 1 })
  })

  it('looks when the ETag in the answer is not that of the source, and takes the true one', async () => {
    const rig = createRig({
      provider: (store) => ({
        ...store,
        copy: async (from, key, options) => ({ ...(await store.copy(from, key, options)), etag: 'f'.repeat(32) }),
      }),
    })
    const from = await source(rig)
    expect((await rename(rig, from)).etag).toBe(from.etag)
    expect(rig.counts()).toEqual({ copy: 1, head: 1 })
  })
})

describe('a copy past what one COPY takes', () => {
  const limits = { ...smallLimits, copyBytesMax: 100_000 }

  it('goes as part copies of the whole, one create, one complete and one HEAD, and sends no byte', async () => {
    const rig = createRig({ limits })
    const bytes = patterned(350_000)
    await rig.bucket.put('from', bytes, { headers: allHeaders, tags: 'a=1' })
    const version = await rename(rig, await versionAt(rig, 'from'))
    expect(rig.counts()).toEqual({ getTags: 1, createUpload: 1, copyPart: 4, completeUpload: 1, head: 1 })
    expect(rig.requests.snapshot().bytesUp).toBe(0)
    expect(Buffer.compare(await rig.bytesOf('to'), bytes)).toBe(0)
    expect(await rig.headersOf('to')).toEqual({
      ...allHeaders,
      metadata: { ...allHeaders.metadata, 'bucketfs-id': id },
    })
    expect(await rig.bucket.getTags('to')).toBe('a=1')
    expect(version.checksum?.value).toBe((await rig.bucket.head('from')).checksum?.value)
  })

  it('finds a source that changes between two parts', async () => {
    let copies = 0
    const rig = createRig({
      limits,
      provider: (store) => ({
        ...store,
        async copyPart(...call) {
          if (++copies === 2) await store.put('from', patterned(350_000, 9), { headers: plainHeaders })
          return store.copyPart(...call)
        },
      }),
    })
    await rig.bucket.put('from', patterned(350_000), { headers: plainHeaders })
    const error = await thrown(rename(rig, versionOf(await rig.bucket.head('from'))))
    expect(error).toBeInstanceOf(SourceChangedError)
    expect(await rig.bucket.listUploads('')).toEqual([])
    expect((await rig.bucket.list()).objects.map(({ key }) => key)).toEqual(['from'])
  })

  it('changes attributes in place, too', async () => {
    const rig = createRig({ limits })
    const bytes = patterned(350_000)
    await rig.bucket.put('from', bytes, { headers: allHeaders })
    const from = await versionAt(rig, 'from')
    await copyObject(rig.deps, {
      from,
      key: 'from',
      condition: { ifMatch: from.etag },
      headers: plainHeaders,
      writeId: id,
    })
    expect(await rig.headersOf('from')).toEqual({ metadata: { 'bucketfs-id': id } })
    expect(Buffer.compare(await rig.bytesOf('from'), bytes)).toBe(0)
  })
})
