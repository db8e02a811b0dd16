// Whole objects: bytes, ranges, headers, tags, checksums, limits, broken bodies.

import { describe, expect, it } from 'vitest'
import { crc32, crc32Base64, md5Hex, utf8 } from '../../src/base/bytes.ts'
import type { BodyStream, ObjectHeaders } from '../../src/store/store.ts'
import { failure, getText, patterned, plain, putText } from '../support/store-kit.ts'
import type { Contract } from './store-suite.ts'

const fullHeaders: ObjectHeaders = {
  contentType: 'text/x-contract',
  contentEncoding: 'x-none',
  contentDisposition: 'attachment; filename="a b"',
  contentLanguage: 'de',
  cacheControl: 'max-age=7',
  metadata: { mode: '33188', 'some-name': 'some value' },
}

export function describeObjects(contract: Contract): void {
  describe('objects', () => {
    it('gives back what was put, with size, ETag, dates and MD5 where promised', async () => {
      const { store } = contract
      const key = `${contract.prefix()}a b+c%20ü🎉?#&`
      const body = patterned(70_001)
      const put = await store.put(key, [body.subarray(0, 10), body.subarray(10)], { headers: plain })
      const got = await store.get(key)
      expect(Buffer.compare(got.body, body)).toBe(0)
      expect(got).toMatchObject({ key, size: body.byteLength, etag: put.etag, offset: 0 })
      expect(got.etag).not.toContain('"')
      const head = await store.head(key)
      expect(head).toMatchObject({ key, size: body.byteLength, etag: put.etag, lastModified: got.lastModified })
      for (const time of [head.date, head.lastModified, put.date]) expect(time % 1000).toBe(0)
      expect(Math.abs(head.lastModified - put.date)).toBeLessThanOrEqual(2000)
      if (contract.has('md5Etags')) expect(put.etag).toBe(md5Hex([body]))
    })

    it('keeps empty objects and marker keys that end in a slash', async () => {
      const { store } = contract
      const prefix = contract.prefix()
      await putText(store, `${prefix}dir/`, '')
      await putText(store, `${prefix}dir/inner`, 'x')
      expect((await store.get(`${prefix}dir/`)).body.byteLength).toBe(0)
      expect(await getText(store, `${prefix}dir/inner`)).toBe('x')
    })

    it('says not-found for an absent key', async () => {
      const { store } = contract
      const key = `${contract.prefix()}absent`
      await failure(store.head(key), 'not-found')
      await failure(store.get(key), 'not-found')
      await failure(store.get(key, { range: { offset: 0, length: 1 } }), 'not-found')
      await failure(store.copy(key, `${key}2`), 'not-found')
      await store.delete(key)
    })

    it('cuts ranges at the end and refuses those past it', async () => {
      const { store } = contract
      const key = `${contract.prefix()}ranged`
      await putText(store, key, '0123456789')
      const middle = await store.get(key, { range: { offset: 3, length: 4 } })
      expect(Buffer.from(middle.body).toString()).toBe('3456')
      expect(middle).toMatchObject({ size: 10, offset: 3 })
      const cut = await store.get(key, { range: { offset: 8, length: 100 } })
      expect(Buffer.from(cut.body).toString()).toBe('89')
      await failure(store.get(key, { range: { offset: 10, length: 1 } }), 'range')
    })

    it('keeps headers through copies and replaces them when told', async () => {
      const { store } = contract
      const prefix = contract.prefix()
      await putText(store, `${prefix}a`, 'body', { headers: fullHeaders })
      expect((await store.head(`${prefix}a`)).headers).toMatchObject(fullHeaders)
      await store.copy(`${prefix}a`, `${prefix}b`)
      expect((await store.head(`${prefix}b`)).headers).toMatchObject(fullHeaders)
      const replaced: ObjectHeaders = { contentType: 'text/plain', metadata: { other: '1' } }
      const before = await store.head(`${prefix}a`)
      const copied = await store.copy(`${prefix}a`, `${prefix}a`, { headers: replaced })
      const after = await store.head(`${prefix}a`)
      expect(after.headers).toMatchObject(replaced)
      expect(after.headers.metadata).toEqual(replaced.metadata)
      if (contract.has('copyReplaces')) expect(after.headers.cacheControl).toBeUndefined()
      expect(after).toMatchObject({ etag: copied.etag, lastModified: copied.lastModified, size: before.size })
      expect(await getText(store, `${prefix}a`)).toBe('body')
    })

    it('keeps tags through copies and counts them', async () => {
      if (!contract.has('tagging')) return
      const { store } = contract
      const prefix = contract.prefix()
      await putText(store, `${prefix}a`, 'x', { tags: 'one=1&two=b%20c' })
      await store.copy(`${prefix}a`, `${prefix}b`, { headers: plain })
      await store.copy(`${prefix}a`, `${prefix}c`, { tags: 'three=3' })
      await putText(store, `${prefix}none`, 'x')
      const pairs = async (key: string): Promise<Record<string, string>> =>
        Object.fromEntries(new URLSearchParams(await store.getTags(key)))
      expect(await pairs(`${prefix}b`)).toEqual({ one: '1', two: 'b c' })
      expect(await pairs(`${prefix}c`)).toEqual({ three: '3' })
      expect(await store.getTags(`${prefix}none`)).toBe('')
      expect((await store.head(`${prefix}none`)).tagCount ?? 0).toBe(0)
    })

    it('records a CRC-32 and refuses a body that does not match it', async () => {
      if (!contract.has('checksums')) return
      const { store } = contract
      const key = `${contract.prefix()}summed`
      const body = utf8('some bytes')
      const value = crc32Base64(crc32(body))
      await failure(store.put(key, body, { headers: plain, crc32: crc32Base64(1) }), 'corrupt')
      await failure(store.head(key), 'not-found')
      await store.put(key, body, { headers: plain, crc32: value })
      const expected = { algorithm: 'crc32', value, type: 'full-object' }
      expect((await store.head(key)).checksum).toEqual(expected)
      expect((await store.get(key)).checksum).toEqual(expected)
    })

    it('takes a streamed body, and leaves nothing of one that breaks or is cut short', async () => {
      const { store } = contract
      const prefix = contract.prefix()
      const streamed = (size: number, run: () => AsyncIterable<Uint8Array>): BodyStream => ({
        size,
        replayable: false,
        stream: run,
      })
      const body = patterned(200_000)
      const whole = streamed(body.byteLength, async function* () {
        for (let i = 0; i < body.byteLength; i += 65_536) yield body.subarray(i, i + 65_536)
      })
      await store.put(`${prefix}whole`, whole, { headers: plain })
      expect(Buffer.compare((await store.get(`${prefix}whole`)).body, body)).toBe(0)
      await putText(store, `${prefix}kept`, 'old')
      const broken = streamed(body.byteLength, async function* () {
        yield body.subarray(0, 1000)
        throw new Error('source failed')
      })
      await expect(store.put(`${prefix}broken`, broken, { headers: plain })).rejects.toThrow()
      await expect(store.put(`${prefix}kept`, broken, { headers: plain })).rejects.toThrow()
      const short = streamed(1000, async function* () {
        yield body.subarray(0, 10)
      })
      await expect(store.put(`${prefix}short`, short, { headers: plain })).rejects.toThrow()
      await failure(store.head(`${prefix}broken`), 'not-found')
      await failure(store.head(`${prefix}short`), 'not-found')
      expect(await getText(store, `${prefix}kept`)).toBe('old')
    })

    it('stops before the effect when the signal is already aborted', async () => {
      const { store } = contract
      const key = `${contract.prefix()}aborted`
      const signal = AbortSignal.abort(new Error('changed my mind'))
      await failure(putText(store, key, 'x', { signal }), 'aborted')
      await failure(store.head(key), 'not-found')
    })

    it('enforces the limits of keys and metadata', async () => {
      const { store } = contract
      const prefix = contract.prefix()
      const { keyBytesMax, metadataBytesMax } = store.capabilities.limits
      // In segments that a file system could hold as names.
      const key = (prefix + `${'k'.repeat(200)}/`.repeat(6)).slice(0, keyBytesMax - 1) + 'k'
      await putText(store, key, 'longest')
      expect(await getText(store, key)).toBe('longest')
      await failure(putText(store, `${key}k`, 'x'), 'too-large', 'invalid')
      const twoByte = prefix + 'é'.repeat((keyBytesMax - prefix.length) / 2 + 1)
      await failure(putText(store, twoByte, 'x'), 'too-large', 'invalid')
      const spare = contract.faulty('metadata counts longer than it is') ? 200 : 1
      const fits = { metadata: { n: 'v'.repeat(metadataBytesMax - spare) } }
      const over = { metadata: { n: 'v'.repeat(metadataBytesMax) } }
      await putText(store, `${prefix}fits`, 'x', { headers: fits })
      expect((await store.head(`${prefix}fits`)).headers.metadata).toEqual(fits.metadata)
      await failure(putText(store, `${prefix}over`, 'x', { headers: over }), 'too-large', 'invalid')
      await failure(store.head(`${prefix}over`), 'not-found')
    })

    it('a reader under replacement sees one whole version', async () => {
      const { store } = contract
      const key = `${contract.prefix()}whole-or-none`
      const versions = [patterned(100_000, 1), patterned(120_000, 2)]
      await store.put(key, versions[0] as Uint8Array, { headers: plain })
      const writer = (async () => {
        for (let i = 1; i <= 6; i++) await store.put(key, versions[i % 2] as Uint8Array, { headers: plain })
      })()
      for (let i = 0; i < 6; i++) {
        const { body, size } = await store.get(key)
        expect(body.byteLength).toBe(size)
        expect(versions.some((version) => Buffer.compare(version, body) === 0)).toBe(true)
      }
      await writer
    })
  })
}
