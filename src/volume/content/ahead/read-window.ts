// How one handle is read, and what follows from it: nothing here does any I/O. The rules, with where they come from:
// - The first request is small (mountpoint): a block, or a part of one away from the start of the file.
// - Past it, a reader in order that has to wait doubles its window up to `readAheadBytesMax`; when memory is short it halves. Nobody who never
//   waits gets more (mountpoint).
// - Read-ahead goes on when less than half of the window is left ahead.
// - Reads out of order end it. Small ones out of order fetch small blocks only (geesefs: average of the last four).

import type { Inode, Version } from '../../inode.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** The first request of mountpoint: one MiB and what the kernel reads ahead by itself. */
const firstBytes = MiB + 128 * KiB
const windowBytesFirst = 2 * MiB
/** Average of the last reads up to which reads out of order are small. */
const smallReadBytes = 128 * KiB
const recentMax = 4
/** Several kernel reads under way arrive a little out of order. */
const reorderBytes = MiB

export interface AheadRange {
  readonly from: number
  readonly to: number
}

export class ReadWindow {
  readonly inode: Inode
  readonly #bytesMax: number
  #version: Version | undefined
  /** Where the next read begins if it is in order; -1 before the first. */
  #next = -1
  /** Read in order up to `#next`. */
  #runBytes = 0
  /** How far ahead of the reader; 0 while not reading ahead. */
  #windowBytes = 0
  /** Up to where it was read ahead. */
  #aheadEnd = 0
  readonly #recent: number[] = []
  #jumped = false
  /** Ends read-ahead that nobody will read. */
  closed = false

  constructor(inode: Inode, bytesMax: number) {
    this.inode = inode
    this.#bytesMax = bytesMax
  }

  get windowBytes(): number {
    return this.#windowBytes
  }

  /** The read about to be served is best served by small blocks. */
  get small(): boolean {
    if (!this.#jumped) return false
    let sum = 0
    for (const bytes of this.#recent) sum += bytes
    return sum <= smallReadBytes * this.#recent.length
  }

  /** To be called for each read, in the order of arrival. True for the first. */
  observe(version: Version, offset: number, end: number): boolean {
    const first = this.#next < 0
    if (this.#version !== version) this.#changed(version)
    const length = end - offset
    if (this.#recent.push(length) > recentMax) this.#recent.shift()
    if (offset === this.#next) this.#goOn(length, end)
    else if (!first && this.#near(offset)) this.#goOn(Math.max(0, end - this.#next), Math.max(end, this.#next))
    else {
      this.#next = end
      this.#runBytes = length
      this.#jumped = offset !== 0
      this.#windowBytes = 0
      this.#aheadEnd = end
    }
    return first
  }

  /** The reader has to wait for the store: the window was too small. */
  starved(): void {
    if (this.#runBytes <= firstBytes) return
    this.#windowBytes = Math.min(this.#bytesMax, Math.max(windowBytesFirst, this.#windowBytes * 2))
  }

  /** Memory is short. */
  pressed(): void {
    this.#windowBytes = this.#windowBytes <= windowBytesFirst ? 0 : Math.floor(this.#windowBytes / 2)
  }

  /** What to read ahead now, or null. It is taken as asked for. */
  extension(size: number, blockBytes: number): AheadRange | null {
    if (this.#windowBytes === 0 || this.closed) return null
    const from = Math.max(this.#aheadEnd, this.#next)
    if (from >= size || from - this.#next >= this.#windowBytes / 2) return null
    const to = Math.min(size, Math.ceil((this.#next + this.#windowBytes) / blockBytes) * blockBytes)
    if (to <= from) return null
    this.#aheadEnd = to
    return { from, to }
  }

  /** Read-ahead ended at `offset` instead. */
  stoppedAt(offset: number): void {
    this.#aheadEnd = Math.min(this.#aheadEnd, offset)
  }

  /** Nobody reads here any more. */
  close(): void {
    this.closed = true
  }

  #goOn(length: number, end: number): void {
    this.#next = end
    this.#runBytes += length
    if (this.#runBytes > smallReadBytes) this.#jumped = false
  }

  #near(offset: number): boolean {
    return this.#runBytes > firstBytes && Math.abs(offset - this.#next) <= reorderBytes
  }

  #changed(version: Version): void {
    // A copy or rename of our own keeps the bytes; another size or ETag may not.
    if (this.#version && this.#version.etag !== version.etag) this.#aheadEnd = Math.max(0, this.#next)
    this.#version = version
  }
}
