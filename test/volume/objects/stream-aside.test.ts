// Streams without room in the local spool, or with more parts than S3 has numbers.

import { describe, expect, it } from 'vitest'
import { MiB, utf8 } from '../../../src/base/bytes.ts'
import { ConflictError } from '../../../src/volume/objects/conflict-error.ts'
import { patterned } from '../../support/store-kit.ts'
import { allHeaders, plainHeaders, smallLimits, thrown, writeAt } from './rig.ts'
import { expectBytes, expectTidy, open } from './stream-rig.ts'

describe('a stream put aside', () => {
  it('frees local memory, reads on under a key of its own, and moves to its key at close', async () => {
    const { rig, write, close, content, upload } = open({ aside: true })
    const bytes = patterned(300_000)
    await write(0, bytes.subarray(0, 150_000))
    const aside = await upload.putAside(content)
    expect(aside.key).toMatch(/^\.bucketfs\/data\/streams\//)
    expect(content.dirtyBytes).toBe(0)
    expect(rig.budget.used('dirty')).toBe(0)
    await write(150_000, bytes.subarray(150_000))
    await close()
    await expectBytes(rig, bytes)
    await expectTidy(rig)
    expect(rig.requests.snapshot().bytesUp).toBe(300_000)
  })

  it('is one COPY to its key when nothing was written since', async () => {
    const { rig, write, close, content, upload } = open({ aside: true, headers: allHeaders })
    await write(0, patterned(150_000))
    await upload.putAside(content)
    rig.requests.reset()
    await close()
    expect(rig.counts()).toEqual({ copy: 1, delete: 1 })
    expect((await rig.headersOf('k')).contentType).toBe('text/x-special')
    await expectTidy(rig)
  })

  it('keeps every byte when another writer was first: the aside object stays until the stream is given up', async () => {
    const { rig, write, close, content, upload } = open({ aside: true })
    const bytes = patterned(300_000)
    await write(0, bytes.subarray(0, 150_000))
    const aside = await upload.putAside(content)
    await write(150_000, bytes.subarray(150_000))
    await rig.bucket.put('k', utf8('foreign'), { headers: plainHeaders })
    expect(await thrown(close())).toBeInstanceOf(ConflictError)
    await expectTidy(rig, [aside.key, 'k'])
    expect(content.base?.key).toBe(aside.key)
    expect(content.dirtyBytes).toBe(150_000)
    content.release()
    await upload.abort()
    await expectTidy(rig)
  })

  it('moves what has been sent to the file’s own key aside when the spool is full', async () => {
    const { rig, write, close, content, upload } = open()
    const bytes = patterned(300_000)
    await write(0, bytes.subarray(0, 200_000))
    await upload.putAside(content)
    expect(content.dirtyBytes).toBe(0)
    expect(await rig.bucket.listUploads('')).toEqual([])
    await write(200_000, bytes.subarray(200_000))
    await close()
    await expectBytes(rig, bytes)
    await expectTidy(rig)
  })

  it('is how a stream outgrows the number of parts', async () => {
    const { rig, write, close, content, upload } = open({ limits: { ...smallLimits, partCountMax: 30 } })
    const bytes = patterned(600_000)
    let stages = 0
    for (let at = 0; at < bytes.byteLength; at += 20_000) {
      await write(at, bytes.subarray(at, at + 20_000))
      if (!upload.wantsAside) continue
      await upload.putAside(content)
      stages++
    }
    await close()
    expect(stages).toBeGreaterThan(1)
    await expectBytes(rig, bytes)
    await expectTidy(rig)
  })

  it('goes by part copies past what one COPY takes', async () => {
    const { rig, write, close, content, upload } = open({
      aside: true,
      limits: { ...smallLimits, copyBytesMax: 40_000 },
    })
    const bytes = patterned(300_000)
    await write(0, bytes.subarray(0, 150_000))
    await upload.putAside(content)
    await write(150_000, bytes.subarray(150_000))
    await close()
    await expectBytes(rig, bytes)
    await expectTidy(rig)
  })

  it('stays as it was when putting aside fails', async () => {
    const { rig, write, close, content, upload } = open({
      aside: true,
      rules: [{ fault: 'slow-down', operations: ['completeUpload'], times: 8 }],
    })
    await write(0, patterned(150_000))
    await thrown(upload.putAside(content))
    expect(content.dirtyBytes).toBe(150_000)
    await close()
    await expectBytes(rig, patterned(150_000))
    await expectTidy(rig)
  })

  it('writes 48 MiB through 32 MiB of memory', async () => {
    const memoryBytesMax = 32 * MiB
    const { rig, content, upload, close } = open({ aside: true, limits: {}, settings: { memoryBytesMax } })
    const bytes = patterned(4 * MiB)
    for (let at = 0; at < 48 * MiB; at += bytes.byteLength) {
      if (rig.budget.used('dirty') + bytes.byteLength > rig.budget.dirtyBytesMax) await upload.putAside(content)
      await writeAt(rig, content, at, bytes)
      upload.offer(content)
    }
    await close()
    expect((await rig.bucket.head('k')).size).toBe(48 * MiB)
    const tail = await rig.bucket.get('k', { range: { offset: 44 * MiB, length: 4 * MiB } })
    expect(Buffer.compare(tail.body, bytes)).toBe(0)
    expect(rig.budget.peak).toBeLessThanOrEqual(memoryBytesMax)
    await expectTidy(rig)
  })
})
