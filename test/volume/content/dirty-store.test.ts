// Where written bytes go: memory, spool, or nowhere yet.

import { describe, expect, it } from 'vitest'
import { DirtyStore, keepBytesMax } from '../../../src/volume/content/dirty-store.ts'
import { FileContent } from '../../../src/volume/content/file-content.ts'
import { MemoryBudget } from '../../../src/volume/content/memory-budget.ts'
import { slabBytes } from '../../../src/volume/content/memory-bytes.ts'
import { ScratchSpool } from '../../../src/volume/content/scratch-spool.ts'
import { createMemoryFolder } from '../../support/local-files-memory.ts'
import { patterned } from '../../support/store-kit.ts'
import { expectSame, KiB, MiB } from './content-kit.ts'

const owner = { ino: 7, offset: 0 }
const bytes = patterned(MiB)

describe('DirtyStore', () => {
  it('copies what it is given', async () => {
    const store = new DirtyStore({ budget: new MemoryBudget(32 * MiB) })
    for (const size of [10, 100 * KiB]) {
      const given = bytes.slice(0, size)
      const kept = await store.keep(given, owner)
      given.fill(0)
      expectSame(await kept.read(0, size), bytes.subarray(0, size))
      expectSame(kept.view(5, 3) as Uint8Array, bytes.subarray(5, 8))
    }
  })

  it('keeps many small writes in few slabs, and gives a slab back when all in it is released', async () => {
    const budget = new MemoryBudget(32 * MiB)
    const store = new DirtyStore({ budget })
    const kept = []
    for (let i = 0; i < 1000; i++) kept.push(await store.keep(bytes.subarray(i * 100, i * 100 + 100), owner))
    expect(budget.used('dirty')).toBe(slabBytes)
    for (const [i, run] of kept.entries()) expectSame(await run.read(0, 100), bytes.subarray(i * 100, i * 100 + 100))
    for (const run of kept) run.release()
    expect(budget.used()).toBe(0)
  })

  it('counts the smallest writes for what describing them takes, unless they are joined', async () => {
    const budget = new MemoryBudget(64 * MiB)
    const store = new DirtyStore({ budget })
    const one = bytes.subarray(0, 1)
    const inOrder = new FileContent(null)
    const scattered = new FileContent(null)
    for (let i = 0; i < 20_000; i++) inOrder.write(i, await store.keep(one, owner))
    expect([inOrder.pieceCount, budget.used('dirty')]).toEqual([1, slabBytes])
    for (let i = 0; i < 20_000; i++) scattered.write(i * 10, await store.keep(one, owner))
    expect(budget.used('dirty')).toBeGreaterThanOrEqual(20_000 * 128)
    inOrder.release()
    scattered.release()
    expect(budget.used()).toBe(0)
  })

  it('joins spooled writes that go on in order, and gives their room back', async () => {
    const spool = await ScratchSpool.open({ files: createMemoryFolder(), bytesMax: 100 * MiB })
    const store = new DirtyStore({ budget: new MemoryBudget(100), spool })
    const content = new FileContent(null)
    for (let i = 0; i < 40; i++)
      content.write(i * 1000, await store.keep(bytes.subarray(i * 1000, i * 1000 + 1000), owner))
    expect(content.pieceCount).toBe(1)
    const frozen = content.freeze()
    const [piece] = frozen.pieces
    content.write(40_000, await store.keep(bytes.subarray(40_000, 40_010), owner))
    expect(content.pieceCount).toBe(2)
    content.release()
    if (piece?.kind !== 'dirty') return expect.fail('a dirty piece')
    expectSame(await piece.bytes.read(0, 40_000), bytes.subarray(0, 40_000))
    content.thaw(frozen)
    await expect(async () => piece.bytes.read(0, 10)).rejects.toThrow('released')
  })

  it('makes the writer wait for memory when there is no spool, and says that it is short', async () => {
    const budget = new MemoryBudget(16 * MiB)
    let short = 0
    const store = new DirtyStore({ budget, onShort: () => short++ })
    const kept = []
    for (let i = 0; i < 4; i++) kept.push(await store.keep(bytes, owner))
    let done = false
    const late = store.keep(bytes, owner).then((run) => ((done = true), run))
    await new Promise((resolve) => setImmediate(resolve))
    expect([done, short]).toEqual([false, 1])
    kept[2]?.release()
    expectSame(await (await late).read(0, MiB), bytes)
    expect(budget.used('dirty')).toBe(4 * MiB)
  })

  it('lets a waiting writer give up', async () => {
    const store = new DirtyStore({ budget: new MemoryBudget(8 * MiB) })
    for (let i = 0; i < 2; i++) await store.keep(bytes, owner)
    const controller = new AbortController()
    const late = store.keep(bytes, owner, controller.signal).catch((error: unknown) => error)
    controller.abort(new Error('enough'))
    expect(await late).toMatchObject({ message: 'enough' })
  })

  it('spools what memory has no room for, and reads it back', async () => {
    const folder = createMemoryFolder()
    const budget = new MemoryBudget(16 * MiB)
    const spool = await ScratchSpool.open({ files: folder, bytesMax: 100 * MiB })
    const store = new DirtyStore({ budget, spool })
    const kept = []
    for (let i = 0; i < 40; i++) kept.push(await store.keep(patterned(MiB, i + 1), owner))
    expect([budget.used('dirty'), spool.bytes]).toEqual([4 * MiB, 36 * MiB])
    expect([kept[0]?.inMemory, kept[39]?.inMemory]).toEqual([true, false])
    for (const [i, run] of kept.entries())
      expectSame(await run.read(1000, 5000), patterned(MiB, i + 1).subarray(1000, 6000))
    expect(kept[39]?.view(0, 1)).toBeUndefined()
    for (const run of kept) {
      run.retain()
      run.release()
      run.release()
    }
    await new Promise((resolve) => setImmediate(resolve))
    expect(spool.bytes).toBeLessThan(8 * MiB)
    await spool.close()
    expect(folder.contents.size).toBe(0)
  })

  it('answers ENOSPC when spool and memory are full, keeps the limit, and goes on when there is room', async () => {
    const folder = createMemoryFolder()
    const spool = await ScratchSpool.open({ files: folder, bytesMax: 20 * MiB })
    const store = new DirtyStore({ budget: new MemoryBudget(4 * MiB), spool })
    const kept = [await store.keep(bytes, owner)]
    const more = await Promise.allSettled(Array.from({ length: 25 }, () => store.keep(bytes, owner)))
    const failures = more.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    expect(failures).toHaveLength(5)
    expect(failures[0]).toMatchObject({ code: 'ENOSPC' })
    for (const result of more) if (result.status === 'fulfilled') result.value.release()
    await new Promise((resolve) => setImmediate(resolve))
    kept.push(await store.keep(bytes, owner))
    expect(folder.peak).toBeLessThanOrEqual(20 * MiB)
    expectSame(await (kept[1] as (typeof kept)[0]).read(0, MiB), bytes)
  })

  it('answers ENOSPC before anything is acknowledged when the disk is full', async () => {
    const folder = createMemoryFolder()
    folder.bytesMax = 3 * MiB
    const spool = await ScratchSpool.open({ files: folder, bytesMax: 100 * MiB })
    const store = new DirtyStore({ budget: new MemoryBudget(4 * MiB), spool })
    for (let i = 0; i < 4; i++) await store.keep(bytes, owner)
    await expect(store.keep(bytes, owner)).rejects.toMatchObject({ code: 'ENOSPC' })
  })

  it('keeps every write in a spool that is a journal, and a copy in memory while there is room', async () => {
    const spool = await ScratchSpool.open({ files: createMemoryFolder(), bytesMax: 100 * MiB })
    const store = new DirtyStore({ budget: new MemoryBudget(4 * MiB), spool, spoolFirst: true })
    const kept = [await store.keep(bytes, owner), await store.keep(bytes, owner)]
    expect(kept.map(({ inMemory }) => inMemory)).toEqual([true, false])
    expect(spool.bytes).toBe(2 * MiB)
    for (const run of kept) expectSame(await run.read(0, MiB), bytes)
  })

  it('takes no more at once than can ever have room', async () => {
    const store = new DirtyStore({ budget: new MemoryBudget(256 * MiB) })
    await expect(store.keep(new Uint8Array(keepBytesMax + 1), owner)).rejects.toMatchObject({ code: 'EFBIG' })
  })

  it('removes what an earlier run left in the folder, and nothing else', async () => {
    const folder = createMemoryFolder()
    folder.contents.set('000000000001.spool', bytes)
    folder.contents.set('note', bytes)
    await ScratchSpool.open({ files: folder, bytesMax: MiB })
    expect([...folder.contents.keys()]).toEqual(['note'])
  })

  it('refuses a spooled run released twice', async () => {
    const spool = await ScratchSpool.open({ files: createMemoryFolder(), bytesMax: MiB })
    const ref = await spool.append(owner, bytes.subarray(0, 10))
    spool.release(ref)
    expect(() => spool.release(ref)).toThrow('released')
  })
})
