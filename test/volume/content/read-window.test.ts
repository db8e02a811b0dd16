// The rules of read-ahead within a file, as a table.

import { describe, expect, it } from 'vitest'
import { ReadWindow } from '../../../src/volume/content/ahead/read-window.ts'
import { inodeOf, KiB, MiB, versionOf } from './content-kit.ts'

const version = versionOf('k', 'e', 1000 * MiB)

interface Row {
  readonly title: string
  /** [offset, length], or what happened besides. */
  readonly events: readonly (readonly [offset: number, length: number] | 'starved' | 'pressed' | 'extend' | 'close')[]
  readonly windowBytes: number
  readonly small: boolean
  /** What is read ahead next, in bytes. */
  readonly extension: readonly [from: number, to: number] | null
}

const inOrder = (from: number, to: number, length = MiB): [number, number][] => {
  const reads: [number, number][] = []
  for (let at = from; at < to; at += length) reads.push([at, length])
  return reads
}
const starvedAt = (...reads: [number, number][]): Row['events'] => reads.flatMap((read) => [read, 'starved' as const])

const rows: readonly Row[] = [
  {
    title: 'nothing ahead of the first read',
    events: [[0, 64 * KiB], 'starved'],
    windowBytes: 0,
    small: false,
    extension: null,
  },
  {
    title: 'nothing ahead within the first small request',
    events: starvedAt(...inOrder(0, MiB, 128 * KiB)),
    windowBytes: 0,
    small: false,
    extension: null,
  },
  {
    title: 'a first window for the reader who waits past it',
    events: starvedAt(...inOrder(0, 2 * MiB)),
    windowBytes: 2 * MiB,
    small: false,
    extension: [2 * MiB, 4 * MiB],
  },
  {
    title: 'twice the window each time the reader waits',
    events: starvedAt(...inOrder(0, 5 * MiB)),
    windowBytes: 16 * MiB,
    small: false,
    extension: [5 * MiB, 21 * MiB],
  },
  {
    title: 'no more for a reader who never waits',
    events: inOrder(0, 20 * MiB),
    windowBytes: 0,
    small: false,
    extension: null,
  },
  {
    title: 'the limit',
    events: starvedAt(...inOrder(0, 30 * MiB)),
    windowBytes: 64 * MiB,
    small: false,
    extension: [30 * MiB, 94 * MiB],
  },
  {
    title: 'nothing more while half of the window is left',
    events: [...starvedAt(...inOrder(0, 4 * MiB)), 'extend', [4 * MiB, MiB]],
    windowBytes: 8 * MiB,
    small: false,
    extension: null,
  },
  {
    title: 'the rest of the window once less than half is left',
    events: [...starvedAt(...inOrder(0, 4 * MiB)), 'extend', ...inOrder(4 * MiB, 9 * MiB)],
    windowBytes: 8 * MiB,
    small: false,
    extension: [12 * MiB, 17 * MiB],
  },
  {
    title: 'half the window when memory is short',
    events: [...starvedAt(...inOrder(0, 5 * MiB)), 'pressed'],
    windowBytes: 8 * MiB,
    small: false,
    extension: [5 * MiB, 13 * MiB],
  },
  {
    title: 'none when memory stays short',
    events: [...starvedAt(...inOrder(0, 4 * MiB)), 'pressed', 'pressed', 'pressed'],
    windowBytes: 0,
    small: false,
    extension: null,
  },
  {
    title: 'none after a jump',
    events: [...starvedAt(...inOrder(0, 5 * MiB)), [500 * MiB, MiB], 'starved'],
    windowBytes: 0,
    small: false,
    extension: null,
  },
  {
    title: 'the window through kernel reads a little out of order',
    events: [...starvedAt(...inOrder(0, 4 * MiB)), [4 * MiB + 256 * KiB, 128 * KiB], [4 * MiB, 128 * KiB]],
    windowBytes: 8 * MiB,
    small: false,
    extension: [4 * MiB + 384 * KiB, 13 * MiB],
  },
  {
    title: 'small blocks for a first small read in the middle',
    events: [[300 * MiB, 64 * KiB]],
    windowBytes: 0,
    small: true,
    extension: null,
  },
  {
    title: 'whole blocks for a first large read in the middle',
    events: [[300 * MiB, 256 * KiB]],
    windowBytes: 0,
    small: false,
    extension: null,
  },
  {
    title: 'small blocks for small reads here and there',
    events: [
      [10 * MiB, 64 * KiB],
      [300 * MiB, 4 * KiB],
      [7 * MiB, 100 * KiB],
    ],
    windowBytes: 0,
    small: true,
    extension: null,
  },
  {
    title: 'whole blocks once small reads go on in order',
    events: inOrder(300 * MiB, 300 * MiB + 256 * KiB, 64 * KiB),
    windowBytes: 0,
    small: false,
    extension: null,
  },
  {
    title: 'nothing for a closed handle',
    events: [...starvedAt(...inOrder(0, 5 * MiB)), 'close'],
    windowBytes: 16 * MiB,
    small: false,
    extension: null,
  },
]

describe('ReadWindow gives', () => {
  for (const { title, events, windowBytes, small, extension } of rows)
    it(title, () => {
      const window = new ReadWindow(inodeOf(2), 64 * MiB)
      for (const event of events) {
        if (event === 'extend') window.extension(version.size, MiB)
        else if (typeof event === 'string') window[event]()
        else window.observe(version, event[0], event[0] + event[1])
      }
      expect([window.windowBytes, window.small]).toEqual([windowBytes, small])
      const next = window.extension(version.size, MiB)
      expect(next && [next.from, next.to]).toEqual(extension)
    })

  it('no read-ahead past the end of the file', () => {
    const window = new ReadWindow(inodeOf(2), 64 * MiB)
    const short = versionOf('k', 'e', 5 * MiB + 1)
    for (const [at, length] of inOrder(0, 4 * MiB)) {
      window.observe(short, at, at + length)
      window.starved()
    }
    expect(window.extension(short.size, MiB)).toEqual({ from: 4 * MiB, to: 5 * MiB + 1 })
    expect(window.extension(short.size, MiB)).toBeNull()
  })

  it('the stopped part of a range again', () => {
    const window = new ReadWindow(inodeOf(2), 64 * MiB)
    for (const [at, length] of inOrder(0, 5 * MiB)) {
      window.observe(version, at, at + length)
      window.starved()
    }
    window.extension(version.size, MiB)
    window.stoppedAt(7 * MiB)
    expect(window.extension(version.size, MiB)).toEqual({ from: 7 * MiB, to: 21 * MiB })
  })
})
