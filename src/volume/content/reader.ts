// The bytes of versions: from blocks in memory, else fetched. One read is always bytes of ONE version; when that version
// is no longer in the bucket, what is not cached is ESTALE, and the caller looks whether the file has a newer one.
// Results are shared with the cache: not to be changed, and copied before they are kept for long.

import { noBytes } from '../../base/bytes.ts'
import type { ObjectInfo, ObjectStore } from '../../store/store.ts'
import type { Inode, Version } from '../inode.ts'
import type { VolumeMetrics } from '../metrics.ts'
import type { VolumeSettings } from '../settings.ts'
import { abortable } from '../tree/concurrency.ts'
import { BlockCache } from './cache/block-cache.ts'
import type { Block, CachedVersion } from './cache/cached-version.ts'
import { Fills } from './fill/fills.ts'
import type { MemoryBudget } from './memory-budget.ts'

export interface ReaderDeps {
  readonly store: ObjectStore
  readonly settings: VolumeSettings
  readonly metrics: VolumeMetrics
  readonly budget: MemoryBudget
}

/** What a handle remembers of how it is read. */
export interface ReadWindow {
  close(): void
}

export interface ReadOptions {
  readonly window?: ReadWindow | undefined
  /** Ends the wait, not the fill, which others may share. */
  readonly signal?: AbortSignal | undefined
  /** Told what a GET's reply said of the object; not called when no request was needed. */
  readonly onInfo?: ((info: ObjectInfo) => void) | undefined
}

/** Bytes of one GET. */
const runBytesMax: number = 8 * 1024 * 1024
/** GETs one read keeps in flight. */
const runsInFlightMax = 8

export class ContentReader {
  readonly #deps: ReaderDeps
  readonly #cache: BlockCache
  readonly #fills: Fills
  readonly #blockBytes: number

  constructor(deps: ReaderDeps) {
    this.#deps = deps
    this.#blockBytes = deps.settings.blockBytes
    this.#cache = new BlockCache(deps.budget, this.#blockBytes)
    this.#fills = new Fills({ ...deps, cache: this.#cache })
  }

  openWindow(_inode: Inode): ReadWindow {
    return { close: () => undefined }
  }

  /** Without waiting: undefined unless all of it is in memory. Cut to the size of `version`. */
  readNow(version: Version, offset: number, length: number): Uint8Array | undefined {
    const end = Math.min(offset + length, version.size)
    if (offset >= end) return noBytes
    const index = Math.floor(offset / this.#blockBytes)
    const start = index * this.#blockBytes
    if (end > start + this.#blockBytes) return undefined
    const cached = this.#cache.find(version)
    const block = cached && this.#cache.get(cached, index)
    if (!block) return undefined
    this.#used(block)
    return block.bytes.subarray(offset - start, end - start)
  }

  /** [offset, offset + length) cut to the size of `version`. ESTALE when it is gone; StoreError as the store fails. */
  read(version: Version, offset: number, length: number, options: ReadOptions = {}): Promise<Uint8Array> {
    const now = this.readNow(version, offset, length)
    if (now) return Promise.resolve(now)
    return this.#readSlow(version, offset, Math.min(offset + length, version.size), options)
  }

  /** The same bytes lie under another key or ETag now: our own copy, rename or write of attributes. */
  move(from: Version, to: Version): void {
    this.#cache.move(from, to)
  }

  drop(version: Version): void {
    this.#cache.drop(version)
  }

  /** Bytes of `version` that are known without asking (just written); kept as far as memory is free. `bytes` are copied. */
  insert(version: Version, offset: number, bytes: Uint8Array): void {
    const unit = this.#blockBytes
    const end = offset + bytes.byteLength
    for (let index = Math.ceil(offset / unit); index * unit < end; index++) {
      const start = index * unit
      const stop = Math.min(start + unit, version.size)
      if (stop > end || stop <= start) break
      const length = stop - start
      if (!this.#deps.budget.tryTake(length, 'clean')) break
      const owner = this.#cache.of(version)
      const copy = bytes.slice(start - offset, stop - offset)
      this.#cache.add([{ owner, index, small: false, bytes: copy, memory: { bytes: length, blocks: 1 }, ahead: false }])
    }
  }

  /** Whether all of it is in memory. */
  isCached(version: Version): boolean {
    const count = Math.ceil(version.size / this.#blockBytes)
    return count === 0 || this.#cache.find(version)?.blocks.size === count
  }

  close(): void {
    this.#cache.clear()
  }

  async #readSlow(version: Version, offset: number, end: number, options: ReadOptions): Promise<Uint8Array> {
    const unit = this.#blockBytes
    const first = Math.floor(offset / unit)
    const last = Math.floor((end - 1) / unit)
    const cached = this.#cache.of(version)
    if (first === last) {
      const block = await this.#block(cached, first, options)
      return block.bytes.subarray(offset - first * unit, end - first * unit)
    }
    const result = new Uint8Array(end - offset)
    let next = first
    const perRun = Math.max(1, Math.floor(runBytesMax / unit))
    const work = async (): Promise<void> => {
      while (next <= last) {
        const from = next
        next = Math.min(from + perRun, last + 1)
        for (const block of await this.#blocks(cached, from, next - 1, options)) copyBlock(block, unit, offset, result)
      }
    }
    await Promise.all(Array.from({ length: runsInFlightMax }, work))
    return result
  }

  async #block(cached: CachedVersion, index: number, options: ReadOptions): Promise<Block> {
    return (await this.#blocks(cached, index, index, options))[0] as Block
  }

  /** Blocks first..last, filled where missing; at most a run of them. */
  async #blocks(cached: CachedVersion, first: number, last: number, options: ReadOptions): Promise<readonly Block[]> {
    const waits: Promise<readonly Block[]>[] = []
    const found: (Block | undefined)[] = []
    for (let index = first; index <= last; index++) {
      const block = this.#cache.get(cached, index)
      found.push(block)
      if (block) {
        this.#used(block)
        continue
      }
      this.#deps.metrics.count('blockMisses')
      const filling = cached.fills.get(index)
      if (filling) {
        if (waits[waits.length - 1] !== filling) waits.push(filling)
        continue
      }
      let stop = index
      while (stop < last && !cached.blocks.has(stop + 1) && !cached.fills.has(stop + 1)) stop++
      waits.push(this.#fills.run(cached, index, stop, { onInfo: options.onInfo }))
    }
    if (waits.length > 0)
      for (const blocks of await abortable(Promise.all(waits), options.signal))
        for (const block of blocks) if (block.index >= first && block.index <= last) found[block.index - first] = block
    return found as Block[]
  }

  #used(block: Block): void {
    this.#deps.metrics.count('blockHits')
    if (!block.ahead) return
    block.ahead = false
    this.#deps.metrics.count('readAheadUsed')
  }
}

function copyBlock(block: Block, unit: number, offset: number, result: Uint8Array): void {
  const start = block.index * unit
  const from = Math.max(offset, start)
  const to = Math.min(start + block.bytes.byteLength, offset + result.byteLength)
  if (from < to) result.set(block.bytes.subarray(from - start, to - start), from - offset)
}
