// Blocks on disk: used again after a restart, bounded, and never able to fail a read or to give a wrong byte.

import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/base/log.ts'
import { DiskCache } from '../../../src/volume/content/cache/disk-cache.ts'
import { createMemoryFolder, type MemoryFolder } from '../../support/local-files-memory.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { patterned } from '../../support/store-kit.ts'
import { createRig, expectSame, KiB, MiB, versionOf } from './content-kit.ts'
import type { Rig } from './content-kit.ts'
import type { Version } from '../../../src/volume/inode.ts'

const bytes = patterned(3 * MiB + 777)

interface Run extends Rig {
  readonly disk: DiskCache
  /** The process ends in order; what it held in memory is gone. */
  close(): Promise<void>
}

const store = createMemoryStore()

async function run(folder: MemoryFolder, bytesMax = 64 * MiB): Promise<Run> {
  const disk = await DiskCache.open({ files: folder, bytesMax, log: silentLogger })
  const rig = createRig({ disk, store })
  const close = async (): Promise<void> => {
    await disk.close()
    rig.reader.close()
    expect([rig.budget.used(), folder.openCount]).toEqual([0, 0])
  }
  return { ...rig, disk, close }
}

async function readWhole(rig: Rig, version: Version): Promise<void> {
  expectSame(await rig.reader.read(version, 0, version.size), bytes.subarray(0, version.size))
}

/** A folder in which an earlier run left all of one file. */
async function usedFolder(): Promise<{ readonly folder: MemoryFolder; readonly version: Version }> {
  const folder = createMemoryFolder()
  const rig = await run(folder)
  const version = await rig.put('k', bytes)
  await readWhole(rig, version)
  await rig.close()
  return { folder, version }
}

const blocksFile = (folder: MemoryFolder): Uint8Array => folder.contents.get('000000000001.blocks') as Uint8Array

describe('DiskCache', () => {
  it('gives back after a restart what was read before, without a request', async () => {
    const { folder, version } = await usedFolder()
    const rig = await run(folder)
    await readWhole(rig, version)
    expect(rig.gets).toHaveLength(0)
    expect(rig.metrics.get('diskHits')).toBe(4)
    await rig.close()
  })

  it('finds its blocks after a crash too, up to the record that was torn', async () => {
    const { folder, version } = await usedFolder()
    folder.contents.delete('000000000001.index')
    const whole = blocksFile(folder)
    folder.contents.set('000000000001.blocks', whole.slice(0, whole.byteLength - 100))
    const rig = await run(folder)
    expect(rig.disk.blockCount).toBe(3)
    expectSame(await rig.reader.read(version, MiB, MiB), bytes.subarray(MiB, 2 * MiB))
    await rig.close()
    const again = await run(folder)
    expect(again.disk.blockCount).toBe(4)
    await again.close()
  })

  it('fetches a rotten block again', async () => {
    const { folder, version } = await usedFolder()
    const file = blocksFile(folder)
    file[5000] = (file[5000] as number) ^ 16
    const rig = await run(folder)
    await readWhole(rig, version)
    expect(rig.gets).toHaveLength(1)
    await rig.disk.settled()
    await rig.close()
    const again = await run(folder)
    await readWhole(again, version)
    expect(again.gets).toHaveLength(0)
    await again.close()
  })

  it('starts with what a rotten index file does not hide', async () => {
    const { folder, version } = await usedFolder()
    const index = folder.contents.get('000000000001.index') as Uint8Array
    index[30] = (index[30] as number) ^ 1
    const rig = await run(folder)
    await readWhole(rig, version)
    expect(rig.gets).toHaveLength(0)
    await rig.close()
  })

  it('never has more than its limit on disk, and keeps what came last', async () => {
    const folder = createMemoryFolder()
    const rig = await run(folder, 16 * MiB)
    const versions: Version[] = []
    for (let i = 0; i < 12; i++) {
      const version = await rig.put(`k${i}`, bytes)
      versions.push(version)
      await readWhole(rig, version)
      await rig.disk.settled()
    }
    expect(folder.peak).toBeLessThanOrEqual(16 * MiB)
    expect(folder.peak).toBeGreaterThan(12 * MiB)
    expect(rig.disk.bytes).toBe(folder.bytes)
    await rig.close()
    const again = await run(folder, 16 * MiB)
    await readWhole(again, versions[11] as Version)
    expect(again.gets).toHaveLength(0)
    await readWhole(again, versions[0] as Version)
    expect(again.gets).toHaveLength(1)
    await again.close()
  })

  it('keeps what is read again and again, though much else goes by', async () => {
    const folder = createMemoryFolder()
    const rig = await run(folder, 16 * MiB)
    const kept = await rig.put('kept', bytes.subarray(0, 100 * KiB))
    await readWhole(rig, kept)
    for (let i = 0; i < 20; i++) {
      await readWhole(rig, await rig.put(`k${i}`, bytes))
      await rig.disk.settled()
      rig.reader.close()
      await readWhole(rig, kept)
      await rig.disk.settled()
    }
    expect(rig.gets.filter(({ key }) => key === 'kept')).toHaveLength(1)
    await rig.close()
  })

  it('is bypassed when the disk is full, and used again when it is not', async () => {
    const folder = createMemoryFolder()
    folder.bytesMax = MiB
    const rig = await run(folder)
    const version = await rig.put('k', bytes)
    await readWhole(rig, version)
    await rig.disk.settled()
    expect(rig.disk.blockCount).toBe(0)
    folder.bytesMax = 100 * MiB
    for (let i = 0; i < 1000; i++) {
      rig.reader.close()
      await rig.reader.read(await rig.put('s', new Uint8Array([i % 256, i >> 8])), 0, 2)
    }
    rig.reader.close()
    await readWhole(rig, version)
    await rig.disk.settled()
    expect(rig.disk.blockCount).toBeGreaterThanOrEqual(4)
    await rig.close()
  })

  for (const code of ['EROFS', 'EACCES', 'EIO', 'ENOENT'])
    it(`never fails a read when the disk answers ${code}`, async () => {
      const { folder, version } = await usedFolder()
      const rig = await run(folder)
      folder.writeFault = code
      folder.readFault = code
      await readWhole(rig, version)
      await readWhole(rig, await rig.put('k2', bytes))
      await rig.disk.settled()
      expect(rig.gets).toHaveLength(2)
      folder.writeFault = undefined
      await rig.close()
    })

  it('starts empty in a folder that cannot be read', async () => {
    const { folder, version } = await usedFolder()
    folder.readFault = 'EIO'
    const rig = await run(folder)
    await readWhole(rig, version)
    expect(rig.gets).toHaveLength(1)
    folder.readFault = undefined
    await rig.disk.close()
  })

  it('knows blocks by their new name after a move, also after a restart', async () => {
    const { folder, version } = await usedFolder()
    const moved = versionOf('k2', version.etag, version.size)
    const rig = await run(folder)
    rig.reader.move(version, moved)
    await readWhole(rig, moved)
    await rig.close()
    const again = await run(folder)
    await readWhole(again, moved)
    expect([rig.gets, again.gets]).toEqual([[], []])
    await again.close()
  })

  it('does not take another version of the key for the one it has', async () => {
    const { folder, version } = await usedFolder()
    const rig = await run(folder)
    const other = await rig.put('k', bytes.subarray(0, 2 * MiB))
    expect(other.etag).not.toBe(version.etag)
    await readWhole(rig, other)
    expect(rig.gets).toHaveLength(1)
    await rig.close()
  })

  it('does not leave a file for each run', async () => {
    const { folder } = await usedFolder()
    for (let i = 0; i < 10; i++) {
      const rig = await run(folder)
      await readWhole(rig, await rig.put(`k${i}`, bytes.subarray(0, 1000 + i)))
      await rig.close()
    }
    expect([...folder.contents.keys()].toSorted()).toEqual(
      ['000000000001.blocks', '000000000001.index', '000000000002.blocks', '000000000002.index'].slice(
        0,
        folder.contents.size,
      ),
    )
  })

  it('removes files that are not its own kind', async () => {
    const { folder } = await usedFolder()
    folder.contents.set('000000000009.index', new Uint8Array(4))
    folder.contents.set('garbage', new Uint8Array(4))
    const rig = await run(folder)
    expect(folder.contents.has('garbage')).toBe(false)
    await rig.close()
  })
})
