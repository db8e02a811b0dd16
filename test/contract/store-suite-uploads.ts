// Multipart uploads. Parts of 5 MiB are slow, so the few tests that need them check several things each.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { MiB } from '../../src/base/bytes.ts'
import { failure, getText, patterned, plain, putText } from '../support/store-kit.ts'
import type { Contract } from './store-suite.ts'

export function describeUploads(contract: Contract): void {
  describe('uploads', () => {
    it('joins parts, a small last one included, under an ETag of its own', async () => {
      if (contract.skipLargeParts) return
      const { store } = contract
      const key = `${contract.prefix()}joined`
      const parts = [patterned(5 * MiB, 1), patterned(12_345, 2)] as const
      const headers = { contentType: 'text/x-joined', metadata: { n: 'v' } }
      const uploadId = await store.createUpload(key, { headers })
      const second = await store.uploadPart(key, uploadId, 2, parts[1])
      const first = await store.uploadPart(key, uploadId, 1, parts[0])
      await failure(store.head(key), 'not-found')
      await failure(store.completeUpload(key, uploadId, [second, first]), 'invalid')
      const size = 5 * MiB + 12_345
      const done = await store.completeUpload(key, uploadId, [first, second], { size })
      const got = await store.get(key)
      expect(Buffer.compare(got.body, Buffer.concat(parts))).toBe(0)
      expect(got).toMatchObject({ size, etag: done.etag })
      expect(got.headers).toMatchObject(headers)
      if (contract.has('md5Etags')) {
        const joined = createHash('md5').update(first.etag, 'hex').update(second.etag, 'hex').digest('hex')
        expect(done.etag).toBe(`${joined}-2`)
      }
      if (!contract.faulty('an unknown upload is an internal error')) {
        await failure(store.uploadPart(key, uploadId, 1, parts[1]), 'not-found')
      }

      if (!contract.has('partCopy')) return
      const target = `${key}-copied`
      const copyId = await store.createUpload(target, { headers: plain })
      const range = { offset: 1, length: 5 * MiB }
      const copied = await store.copyPart(target, copyId, 1, key, { range, sourceIfMatch: done.etag })
      const tail = await store.uploadPart(target, copyId, 2, parts[1].subarray(0, 10))
      await store.completeUpload(target, copyId, [copied, tail])
      const expected = Buffer.concat([Buffer.concat(parts).subarray(1, 1 + 5 * MiB), parts[1].subarray(0, 10)])
      expect(Buffer.compare((await store.get(target)).body, expected)).toBe(0)
    })

    it('refuses a part below the minimum that is not the last', async () => {
      const { store } = contract
      const key = `${contract.prefix()}small-parts`
      const uploadId = await store.createUpload(key, { headers: plain })
      const parts = [
        await store.uploadPart(key, uploadId, 1, patterned(1000)),
        await store.uploadPart(key, uploadId, 2, patterned(1000)),
      ]
      await failure(store.completeUpload(key, uploadId, parts), 'invalid', 'too-large')
      await failure(store.head(key), 'not-found')
      await store.abortUpload(key, uploadId)
    })

    it('a part sent again replaces the first, and its old ETag is refused', async () => {
      const { store } = contract
      const key = `${contract.prefix()}resent`
      const uploadId = await store.createUpload(key, { headers: plain })
      const old = await store.uploadPart(key, uploadId, 3, patterned(100, 1))
      const part = await store.uploadPart(key, uploadId, 3, patterned(200, 2))
      await failure(store.completeUpload(key, uploadId, [old]), 'invalid')
      await store.completeUpload(key, uploadId, [part])
      expect(Buffer.compare((await store.get(key)).body, patterned(200, 2))).toBe(0)
    })

    it('completes only where nothing is, when told so', async () => {
      if (!contract.has('completeIfNoneMatch')) return
      const { store } = contract
      const key = `${contract.prefix()}complete-new`
      const ids = [await store.createUpload(key, { headers: plain }), await store.createUpload(key, { headers: plain })]
      const finish = async (uploadId: string, text: string): Promise<unknown> => {
        const part = await store.uploadPart(key, uploadId, 1, Buffer.from(text))
        return store.completeUpload(key, uploadId, [part], { ifNoneMatch: '*' })
      }
      await finish(ids[0] as string, 'first')
      await failure(finish(ids[1] as string, 'second'), 'precondition', 'conflict')
      expect(await getText(store, key)).toBe('first')
      await store.abortUpload(key, ids[1] as string)
    })

    it('completes only over the version it was told of', async () => {
      if (!contract.has('completeIfMatch')) return
      const { store } = contract
      const key = `${contract.prefix()}complete-over`
      const base = await putText(store, key, 'base')
      const uploadId = await store.createUpload(key, { headers: plain })
      const part = await store.uploadPart(key, uploadId, 1, Buffer.from('upload'))
      const other = await putText(store, key, 'other')
      await failure(store.completeUpload(key, uploadId, [part], { ifMatch: base.etag }), 'precondition', 'conflict')
      expect(await getText(store, key)).toBe('other')
      const again = await store.createUpload(key, { headers: plain })
      const sent = await store.uploadPart(key, again, 1, Buffer.from('upload'))
      await store.completeUpload(key, again, [sent], { ifMatch: other.etag })
      expect(await getText(store, key)).toBe('upload')
      await store.abortUpload(key, uploadId)
    })

    it('copies ranges of parts and holds the source to its ETag', async () => {
      if (!contract.has('partCopy')) return
      const { store } = contract
      const prefix = contract.prefix()
      const source = await putText(store, `${prefix}source`, '0123456789')
      const key = `${prefix}copied`
      const uploadId = await store.createUpload(key, { headers: plain })
      const range = { offset: 2, length: 5 }
      const part = await store.copyPart(key, uploadId, 1, `${prefix}source`, { range, sourceIfMatch: source.etag })
      if (contract.has('partCopySourceIfMatch')) {
        const stale = { range, sourceIfMatch: '0123456789abcdef0123456789abcdef' }
        await failure(store.copyPart(key, uploadId, 1, `${prefix}source`, stale), 'precondition')
      }
      await store.completeUpload(key, uploadId, [part])
      expect(await getText(store, key)).toBe('23456')
    })

    it('lists unfinished uploads, and aborting forgets them', async () => {
      if (contract.faulty('uploads are listed by their whole key only')) return
      const { store } = contract
      const prefix = contract.prefix()
      const a = await store.createUpload(`${prefix}a`, { headers: plain })
      const b = await store.createUpload(`${prefix}b&<`, { headers: plain })
      await store.uploadPart(`${prefix}a`, a, 1, Buffer.from('x'))
      const listed = await store.listUploads(prefix)
      expect(listed.map(({ key, uploadId }) => [key, uploadId])).toEqual([
        [`${prefix}a`, a],
        [`${prefix}b&<`, b],
      ])
      expect(listed[0]?.initiated).toBeGreaterThan(0)
      await store.abortUpload(`${prefix}a`, a)
      await store.abortUpload(`${prefix}a`, a)
      await store.abortUpload(`${prefix}b&<`, b)
      expect(await store.listUploads(prefix)).toEqual([])
      if (!contract.faulty('an unknown upload is an internal error')) {
        await failure(store.uploadPart(`${prefix}a`, a, 1, Buffer.from('x')), 'not-found')
      }
      await failure(store.head(`${prefix}a`), 'not-found')
    })
  })
}
