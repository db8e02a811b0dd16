// A file as it is: pieces over a base.

import { describe, expect, it } from 'vitest'
import { DirtyStore } from '../../../src/volume/content/dirty-store.ts'
import { FileContent } from '../../../src/volume/content/file-content.ts'
import type { FrozenContent } from '../../../src/volume/content/file-content.ts'
import { MemoryBudget } from '../../../src/volume/content/memory-budget.ts'
import { readFile } from '../../../src/volume/content/overlay.ts'
import { ScratchSpool } from '../../../src/volume/content/scratch-spool.ts'
import type { Inode } from '../../../src/volume/inode.ts'
import { createMemoryFolder } from '../../support/local-files-memory.ts'
import { patterned } from '../../support/store-kit.ts'
import { createRig, elapse, expectSame, inodeOf, KiB, MiB } from './content-kit.ts'
import type { Rig, RigOptions } from './content-kit.ts'

const base = patterned(3 * MiB)

async function changedFile(
  options: RigOptions = {},
): Promise<{ rig: Rig; inode: Inode; plain: Uint8Array; dirty: DirtyStore }> {
  const rig = createRig(options)
  const inode = inodeOf(2)
  inode.base = await rig.put('k', base)
  inode.content = new FileContent(inode.base)
  const dirty = new DirtyStore({ budget: rig.budget })
  const plain = new Uint8Array(4 * MiB)
  plain.set(base)
  for (const [at, length] of [
    [100, 50],
    [MiB - 10, 20],
    [3.5 * MiB, 0.5 * MiB],
  ] as const) {
    const bytes = patterned(length, at)
    inode.content.write(at, await dirty.keep(bytes, { ino: 2, offset: at }))
    plain.set(bytes, at)
  }
  inode.content.punch(2 * MiB, 1000)
  plain.fill(0, 2 * MiB, 2 * MiB + 1000)
  return { rig, inode, plain, dirty }
}

describe('readFile', () => {
  it('lays changed pieces and holes over the base', async () => {
    const { rig, inode, plain } = await changedFile()
    expectSame(await readFile(rig.reader, inode, 0, 5 * MiB), plain)
    expectSame(await readFile(rig.reader, inode, 90, 30), plain.subarray(90, 120))
    expect(await readFile(rig.reader, inode, 4 * MiB, 10)).toHaveLength(0)
  })

  it('asks the bucket only for what is not changed', async () => {
    const { rig, inode, plain } = await changedFile()
    expectSame(await readFile(rig.reader, inode, 3.25 * MiB, MiB), plain.subarray(3.25 * MiB))
    expect(rig.gets).toHaveLength(0)
  })

  it('gives bytes that belong to the caller', async () => {
    const { rig, inode, plain } = await changedFile()
    const clean = inodeOf(3)
    clean.base = inode.base
    for (const file of [inode, clean]) {
      const first = await readFile(rig.reader, file, 200, 1000)
      expect(first.buffer.byteLength).toBe(1000)
      first.fill(0)
      expectSame(await readFile(rig.reader, file, 200, 1000), plain.subarray(200, 1200))
    }
  })

  it('gives what the file was at the call, and holds its bytes until then', async () => {
    const { rig, inode, plain, dirty } = await changedFile({ delayMs: 20 })
    const read = readFile(rig.reader, inode, 0, 4 * MiB)
    inode.content?.write(0, await dirty.keep(new Uint8Array(MiB), { ino: 2, offset: 0 }))
    inode.content?.release()
    await elapse(rig.clock, read)
    expectSame(await read, plain)
    expect(rig.budget.used('dirty')).toBe(0)
  })

  it('reads spooled pieces', async () => {
    const rig = createRig()
    const spool = await ScratchSpool.open({ files: createMemoryFolder(), bytesMax: 100 * MiB })
    const dirty = new DirtyStore({ budget: new MemoryBudget(100), spool })
    const inode = inodeOf(2)
    inode.content = new FileContent(null)
    inode.content.write(10, await dirty.keep(base.subarray(0, MiB), { ino: 2, offset: 10 }))
    const bytes = await readFile(rig.reader, inode, 0, 2 * MiB)
    expectSame(bytes.subarray(10), base.subarray(0, MiB))
    expect(bytes.subarray(0, 10)).toEqual(new Uint8Array(10))
  })

  it('is empty for a file without contents', async () => {
    expect(await readFile(createRig().reader, inodeOf(2), 0, 10 * KiB)).toHaveLength(0)
  })

  it('fails when the base is gone, releasing what it held', async () => {
    const { rig, inode } = await changedFile()
    await rig.store.delete('k')
    await expect(readFile(rig.reader, inode, 0, MiB)).rejects.toMatchObject({ code: 'ESTALE' })
    inode.content?.release()
    expect(rig.budget.used('dirty')).toBe(0)
  })
})

describe('ContentReader.rewrote', () => {
  it('keeps what the new version shares with the old and what was written, and asks only for the rest', async () => {
    const { rig, inode, plain } = await changedFile({ settings: { blockBytes: 256 * KiB } })
    await readFile(rig.reader, inode, 0, 4 * MiB)
    const cached = rig.gets.length
    const frozen = inode.content?.freeze() as FrozenContent
    const version = await rig.put('k', plain)
    rig.reader.rewrote(frozen, version)
    inode.content?.rebase(frozen, version)
    expect(rig.reader.isCached(version)).toBe(true)
    expectSame(await rig.reader.read(version, 0, version.size), plain)
    expect(rig.gets).toHaveLength(cached)
    rig.reader.drop(version)
    expect(rig.budget.used()).toBe(0)
  })

  it('leaves out blocks whose old bytes are not in memory, and stops when memory is short', async () => {
    const { rig, inode, plain } = await changedFile({ settings: { blockBytes: 256 * KiB } })
    const frozen = inode.content?.freeze() as FrozenContent
    const version = await rig.put('k', plain)
    rig.reader.rewrote(frozen, version)
    inode.content?.rebase(frozen, version)
    expect([rig.reader.isCached(version), rig.reader.readNow(version, 3.5 * MiB, 10) !== undefined]).toEqual([
      false,
      true,
    ])
    expectSame(await rig.reader.read(version, 0, version.size), plain)
    const full = await changedFile({ memoryBytesMax: 4 * MiB })
    full.rig.budget.tryTake(full.rig.budget.free, 'fill')
    full.rig.reader.rewrote(full.inode.content?.freeze() as FrozenContent, version)
    expect(full.rig.reader.readNow(version, 3.5 * MiB, 10)).toBeUndefined()
  })

  it('moves all blocks when nothing but the name or the attributes changed', async () => {
    const rig = createRig()
    const version = await rig.put('k', base)
    await rig.reader.read(version, 0, 10)
    const frozen = new FileContent(version).freeze()
    const { etag } = await rig.store.copy('k', 'k2')
    const moved = { ...version, key: 'k2', etag }
    rig.reader.rewrote(frozen, moved)
    expectSame(await rig.reader.read(moved, 0, version.size), base)
    expect(rig.gets).toHaveLength(1)
  })
})
