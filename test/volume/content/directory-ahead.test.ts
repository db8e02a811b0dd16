// Files of a directory read one after another, over a store 20 ms away on a virtual clock.

import { describe, expect, it } from 'vitest'
import type { Inode, Version } from '../../../src/volume/inode.ts'
import { patterned } from '../../support/store-kit.ts'
import { createRig, elapse, expectSame, inodeOf, KiB, MiB } from './content-kit.ts'
import type { Rig, RigOptions } from './content-kit.ts'

const delayMs = 20
const rawInFlight = 64

interface Files {
  readonly rig: Rig
  readonly inodes: Inode[]
  readonly versions: Version[]
  read(i: number): Promise<Uint8Array>
}

async function createFiles(count: number, size: number, options: RigOptions = {}): Promise<Files> {
  const directory = inodeOf(1)
  const inodes: Inode[] = []
  const versions: Version[] = []
  const rig = createRig({
    delayMs,
    nextFiles: (inode, wanted) => {
      const at = inodes.indexOf(inode) + 1
      return versions.slice(at, at + wanted)
    },
    siblings: (_inode, wanted) => versions.slice(0, wanted),
    ...options,
  })
  for (let i = 0; i < count; i++) {
    const name = `f${String(i).padStart(5, '0')}`
    inodes.push(inodeOf(10 + i, directory, name))
    versions.push(await rig.put(name, patterned(size, i + 1)))
  }
  const read = async (i: number): Promise<Uint8Array> => {
    const window = rig.reader.openWindow(inodes[i] as Inode)
    try {
      return await rig.reader.read(versions[i] as Version, 0, size, { window })
    } finally {
      window.close()
    }
  }
  return { rig, inodes, versions, read }
}

describe('read-ahead across files', () => {
  it('reads 1,000 small files in order within 1.7 times of raw GETs, 64 in flight', async () => {
    const count = 1000
    const { rig, read } = await createFiles(count, 4 * KiB)
    const work = async (): Promise<void> => {
      for (let i = 0; i < count; i++) expectSame(await read(i), patterned(4 * KiB, i + 1))
    }
    const rawMs = Math.ceil(count / rawInFlight) * delayMs
    expect(await elapse(rig.clock, work())).toBeLessThanOrEqual(1.7 * rawMs)
    expect(rig.gets).toHaveLength(count)
    expect(rig.metrics.get('readAheadUsed')).toBe(rig.metrics.get('readAheadBlocks'))
  })

  it('fetches a small directory whole once it is read in another order, each file once', async () => {
    const count = 100
    const { rig, read } = await createFiles(count, 4 * KiB)
    const byNumber = Array.from({ length: count }, (_file, i) => i).sort((a, b) => (a % 10) - (b % 10) || a - b)
    const work = async (): Promise<void> => {
      for (const i of byNumber) expectSame(await read(i), patterned(4 * KiB, i + 1))
    }
    expect(await elapse(rig.clock, work())).toBeLessThanOrEqual(8 * delayMs)
    expect(rig.gets).toHaveLength(count)
  })

  it('fetches no directory whole that has many files or bytes', async () => {
    for (const [count, size] of [
      [300, 4 * KiB],
      [60, 256 * KiB],
    ] as const) {
      const { rig, read } = await createFiles(count, size)
      const work = async (): Promise<void> => {
        for (const i of [50, 10, 40, 20]) await read(i)
      }
      await elapse(rig.clock, work())
      await rig.clock.advance(100)
      expect(rig.gets.length).toBeLessThanOrEqual(4 + 16)
    }
  })

  it('goes farther ahead of a reader in order even if it waits for something else between two files', async () => {
    const { rig, read } = await createFiles(400, 4 * KiB)
    const work = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) {
        await rig.clock.sleep(2 * delayMs)
        await read(i)
      }
    }
    await elapse(rig.clock, work())
    await rig.clock.advance(100)
    expect(rig.gets.length).toBeGreaterThan(100 + 32)
    expect(rig.gets.length).toBeLessThanOrEqual(100 + 128)
  })

  it('fetches nothing ahead for three files that are not neighbours', async () => {
    const { rig, read } = await createFiles(30, 4 * KiB)
    const work = async (): Promise<void> => {
      for (const i of [20, 10, 5]) await read(i)
    }
    await elapse(rig.clock, work())
    expect(rig.gets).toHaveLength(3)
  })

  it('starts when several files of a directory are read in any order', async () => {
    const { rig, read } = await createFiles(30, 4 * KiB)
    const work = async (): Promise<void> => {
      for (const i of [20, 10, 5, 1]) await read(i)
    }
    await elapse(rig.clock, work())
    expect(rig.gets.length).toBeGreaterThan(10)
  })

  it('fetches less when most of what it fetched is passed over', async () => {
    const { rig, read } = await createFiles(600, 4 * KiB)
    const work = async (): Promise<void> => {
      for (let i = 0; i < 600; i += 12) await read(i)
    }
    await elapse(rig.clock, work())
    expect(rig.gets.length).toBeLessThan(200)
  })

  it('fetches only the first block of a large file', async () => {
    const { rig, read } = await createFiles(6, 10 * MiB)
    await elapse(
      rig.clock,
      read(0).then(() => read(1)),
    )
    await elapse(rig.clock, Promise.resolve(), 100)
    await rig.clock.advance(100)
    const ahead = rig.gets.filter(({ key }) => key >= 'f00002')
    expect(ahead.map(({ range }) => range)).toEqual(Array.from({ length: 4 }, () => ({ offset: 0, length: MiB })))
  })

  it('stays within memory, and half of it, when files are large against it', async () => {
    const { rig, read } = await createFiles(60, 2 * MiB, { memoryBytesMax: 32 * MiB })
    const work = async (): Promise<void> => {
      for (let i = 0; i < 60; i++) expectSame(await read(i), patterned(2 * MiB, i + 1))
    }
    await elapse(rig.clock, work())
    expect(rig.budget.peak).toBeLessThanOrEqual(32 * MiB)
    expect(rig.gets).toHaveLength(60)
    // One after another they would take 60 times the delay.
    expect(rig.clock.monotonicMs()).toBeLessThan((60 * delayMs) / 3)
  })

  it('does not fail a reader whose file was replaced while it was fetched ahead', async () => {
    const { rig, read, versions, inodes } = await createFiles(20, 4 * KiB)
    versions[5] = { ...(versions[5] as Version), etag: 'another' }
    const work = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) await read(i)
      versions[5] = await rig.put('f00005', patterned(4 * KiB, 99))
      expectSame(await read(5), patterned(4 * KiB, 99))
    }
    await elapse(rig.clock, work())
    expect(inodes).toHaveLength(20)
  })

  it('tells what its replies said of the objects', async () => {
    const { rig, read } = await createFiles(10, 4 * KiB)
    await elapse(
      rig.clock,
      read(0)
        .then(() => read(1))
        .then(() => read(9)),
    )
    expect(new Set(rig.infos.map(({ key }) => key)).size).toBe(10)
  })
})
