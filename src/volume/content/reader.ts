// The bytes of versions: from blocks in memory, blocks on disk, or the bucket. One read is always bytes of ONE version;
// when that version is no longer in the bucket, what is not cached is ESTALE, and the caller looks whether the file has
// a newer one. Results are shared with the cache: not to be changed, and copied before they are kept for long.
//
//   cache/   what is held: block-cache, disk-cache         fill/    getting it: fills, object-read, verification
//   ahead/   guessing what comes next: read-window for one handle, directory-ahead across files
//
// Memory: every fill takes its bytes from the budget before the request goes out; blocks keep them until evicted.

import { noBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { ObjectInfo, ObjectStore } from '../../store/store.ts'
import type { Inode, Version } from '../inode.ts'
import type { VolumeMetrics } from '../metrics.ts'
import type { VolumeSettings } from '../settings.ts'
import { AheadRoom } from './ahead/ahead-room.ts'
import { ReadAhead } from './ahead/read-ahead.ts'
import { ReadWindow } from './ahead/read-window.ts'
import { bytesOfBlocks, copyBlock } from './block-bytes.ts'
import { BlockCache } from './cache/block-cache.ts'
import { smallBlockBytes } from './cache/cached-version.ts'
import type { CachedVersion, IndexMap } from './cache/cached-version.ts'
import type { DiskCache } from './cache/disk-cache.ts'
import { carryOver, isUnchanged } from './carry-over.ts'
import { BlockChecksumBuilder, fineBytesMax } from './fill/block-checks.ts'
import { ChecksumBook } from './fill/checksum-book.ts'
import { Fills } from './fill/fills.ts'
import { gatherBlocks } from './fill/gather.ts'
import type { GatherOptions } from './fill/gather.ts'
import { isOurs, wholeBytesMax } from './fill/object-read.ts'
import type { FrozenContent } from './file-content.ts'
import type { MemoryBudget } from './memory-budget.ts'

export interface ReaderDeps {
  readonly store: ObjectStore
  readonly settings: VolumeSettings
  readonly metrics: VolumeMetrics
  readonly budget: MemoryBudget
  readonly log: Logger
  /** Writes block checksums from time to time. Absent: `flushChecksums` does. */
  readonly clock?: Clock | undefined
  /** Absent: memory only. */
  readonly disk?: DiskCache | undefined
  /** Versions of at most `count` clean files after `inode` in listing order. Absent: no read-ahead across files. */
  readonly nextFiles?: ((inode: Inode, count: number) => readonly Version[]) | undefined
  /** Versions of at most `count` clean files beside `inode`, itself included. Absent: none is read ahead out of order. */
  readonly siblings?: ((inode: Inode, count: number) => readonly Version[]) | undefined
  /** Told what each reply says of the object, read-ahead included. */
  readonly onInfo?: ((version: Version, info: ObjectInfo) => void) | undefined
}

export interface ReadOptions {
  /** Of the handle that reads; without one nothing is read ahead. */
  readonly window?: ReadWindow | undefined
  /** Ends the wait, not the fill, which others may share. */
  readonly signal?: AbortSignal | undefined
  /** Told what a reply to this read says of the object; not called when no request was needed. */
  readonly onInfo?: ((info: ObjectInfo) => void) | undefined
}

/** GETs one read keeps in flight. */
const runsInFlightMax = 16
/** Part of the memory that block checksums may take, and their most. */
const checksumShare = 1 / 32
const checksumBytesMax: number = 8 * 1024 * 1024

export class ContentReader {
  readonly #deps: ReaderDeps
  readonly #cache: BlockCache
  readonly #fills: Fills
  readonly #ahead: ReadAhead
  readonly #checksums: ChecksumBook
  readonly #blockBytes: number

  constructor(deps: ReaderDeps) {
    const {
      store,
      metrics,
      budget,
      log,
      settings,
      disk = null,
      nextFiles = (): [] => [],
      siblings = (): [] => [],
    } = deps
    const room = new AheadRoom(budget)
    const cache = new BlockCache(budget, room, settings.blockBytes)
    const bytesMax = Math.min(checksumBytesMax, Math.floor(budget.bytesMax * checksumShare))
    const { readOnly, indexFlushIntervalMs: flushIntervalMs } = settings
    const checksums = new ChecksumBook({ store, log, bytesMax, readOnly, clock: deps.clock, flushIntervalMs })
    const onReply = deps.onInfo ?? ((): void => {})
    this.#deps = deps
    this.#blockBytes = settings.blockBytes
    this.#cache = cache
    this.#checksums = checksums
    this.#fills = new Fills({ store, metrics, checksums, budget, cache, room, disk, onReply })
    this.#ahead = new ReadAhead({ cache, fills: this.#fills, room, log, nextFiles, siblings })
  }

  /** How a handle on `inode` is read; to be closed with it. */
  openWindow(inode: Inode): ReadWindow {
    return new ReadWindow(inode, this.#deps.settings.readAheadBytesMax)
  }

  /**
   * Without waiting: undefined, and nothing done, unless all of it lies in one block in memory. Cut to the size of
   * `version`. `window` as in `read`.
   */
  readNow(version: Version, offset: number, length: number, window?: ReadWindow): Uint8Array | undefined {
    const end = Math.min(offset + length, version.size)
    if (offset >= end) return noBytes
    const index = Math.floor(offset / this.#blockBytes)
    const start = index * this.#blockBytes
    if (end > start + this.#blockBytes) return undefined
    const cached = this.#cache.find(version)
    const block = cached && this.#cache.get(cached, index)
    if (!block) return undefined
    this.#deps.metrics.count('blockHits')
    if (this.#cache.use(block)) this.#deps.metrics.count('readAheadUsed')
    if (window) this.#lookAhead(version, window, offset, window.observe(version, offset, end), false)
    return block.bytes.subarray(offset - start, end - start)
  }

  /**
   * [offset, offset + length) cut to the size of `version`. ESTALE when that is gone from the bucket, EIO when its bytes
   * stay wrong; other failures as the store's (StoreError).
   */
  read(version: Version, offset: number, length: number, options: ReadOptions = {}): Promise<Uint8Array> {
    const { window } = options
    const now = this.readNow(version, offset, length, window)
    if (now) return Promise.resolve(now)
    const end = Math.min(offset + length, version.size)
    const first = window?.observe(version, offset, end) ?? false
    window?.starved()
    // What is waited for is asked for first.
    const result = this.#readSlow(version, offset, end, options)
    if (window) this.#lookAhead(version, window, offset, first, true)
    return result
  }

  /** The same bytes lie under another key or ETag now: our own copy, rename, or write of attributes. */
  move(from: Version, to: Version): void {
    this.#cache.move(from, to)
    this.#checksums.move(from, to)
    this.#deps.disk?.move(from, to)
  }

  /** Forgets a version that is no longer the file's. */
  drop(version: Version): void {
    this.#cache.drop(version)
    this.#checksums.drop(version)
    this.#deps.disk?.drop(version)
  }

  /**
   * After a write-back: `version` holds what `frozen` says. What of it is in memory stays so under its name, as far as
   * memory is free; the base is forgotten. To be called while `frozen` still has its bytes.
   */
  rewrote(frozen: FrozenContent, version: Version): void {
    const { base } = frozen
    // The same bytes again have the same ETag: what is known stays.
    if (base?.key === version.key && base.etag === version.etag) return
    if (base && isUnchanged(frozen)) return this.move(base, version)
    carryOver({ cache: this.#cache, budget: this.#deps.budget }, frozen, version)
    if (base) this.drop(base)
  }

  /** Bytes of `version` that are known without asking (just written); kept as far as memory is free. Copies. */
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
      const copy = new Uint8Array(bytes.subarray(start - offset, stop - offset))
      this.#cache.add([{ owner, index, small: false, bytes: copy, memory: { bytes: length, blocks: 1 }, ahead: false }])
    }
  }

  /** Whether all of it is in memory. */
  isCached(version: Version): boolean {
    const count = Math.ceil(version.size / this.#blockBytes)
    return count === 0 || this.#cache.find(version)?.blocks.size === count
  }

  /** Collects checksums of an object while it is sent; null when it is read whole and needs none. */
  checksumBuilder(size: number): BlockChecksumBuilder | null {
    return size > wholeBytesMax ? new BlockChecksumBuilder() : null
  }

  /** For a part that was copied from `base`: its blocks have the checksums they had there, as far as those are known. */
  async inheritChecksums(
    builder: BlockChecksumBuilder,
    base: Version,
    { offset, length }: { readonly offset: number; readonly length: number },
    size: number,
  ): Promise<void> {
    if (base.size <= wholeBytesMax || isOurs(base) === false) return
    const known = await this.#checksums.of(base)
    if (known) builder.inherit(offset, length, known, size)
  }

  /** The checksums of a version just written; `flushChecksums` writes them to the bucket. */
  keepChecksums(version: Version, builder: BlockChecksumBuilder): void {
    if (version.size <= wholeBytesMax) return
    const checksums = builder.build(version.key, version.etag, version.size)
    if (checksums) this.#checksums.put(checksums)
  }

  /** Side objects waiting to be written. */
  get unwrittenChecksums(): number {
    return this.#checksums.unwritten
  }

  /** Writes block checksums that are waiting: for sync and close. Never fails. */
  flushChecksums(): Promise<void> {
    return this.#checksums.flush()
  }

  /** Drops all blocks in memory. What is being read ends by itself. */
  close(): void {
    this.#cache.clear()
  }

  #lookAhead(version: Version, window: ReadWindow, offset: number, first: boolean, waits: boolean): void {
    if (first && offset === 0) this.#ahead.fileStarted(window.inode, version, waits)
    this.#ahead.extend(version, window)
  }

  async #readSlow(version: Version, offset: number, end: number, options: ReadOptions): Promise<Uint8Array> {
    const { window, signal, onInfo } = options
    const cached = this.#cache.of(version)
    const small = this.#readsSmall(cached, offset, end, window?.small ?? false)
    const bytesFromStart = offset === 0 ? end : 0
    const onReply = onInfo && ((_version: Version, info: ObjectInfo): void => onInfo(info))
    const gathering: GatherOptions = { small, bytesFromStart, signal, onReply }
    const unit = small ? smallBlockBytes : this.#blockBytes
    const first = Math.floor(offset / unit)
    const last = Math.floor((end - 1) / unit)
    const perRun = Math.max(1, Math.floor(this.#deps.budget.fillBytesMax / unit))
    if (last - first < perRun)
      return bytesOfBlocks(await gatherBlocks(this.#parts, cached, first, last, gathering), unit, offset, end)
    const result = new Uint8Array(end - offset)
    let next = first
    const work = async (): Promise<void> => {
      while (next <= last) {
        const from = next
        next = Math.min(from + perRun, last + 1)
        for (const block of await gatherBlocks(this.#parts, cached, from, next - 1, gathering))
          copyBlock(block, unit, offset, result)
      }
    }
    await Promise.all(Array.from({ length: runsInFlightMax }, work))
    return result
  }

  get #parts(): { readonly cache: BlockCache; readonly fills: Fills; readonly metrics: VolumeMetrics } {
    return { cache: this.#cache, fills: this.#fills, metrics: this.#deps.metrics }
  }

  /** Small blocks serve a read when they are all there, or when the reader jumps about and no whole block is. */
  #readsSmall(cached: CachedVersion, offset: number, end: number, wanted: boolean): boolean {
    const { version } = cached
    if (version.size <= wholeBytesMax || this.#blockBytes <= smallBlockBytes) return false
    if (version.size > fineBytesMax && isOurs(version) !== false) return false
    if (cached.smallBlocks.size > 0 && hasAll(cached.smallBlocks, smallBlockBytes, offset, end)) return true
    const { blocks, fills } = cached
    return wanted && !hasAny(blocks, this.#blockBytes, offset, end) && !hasAny(fills, this.#blockBytes, offset, end)
  }
}

type Held = Pick<IndexMap<unknown>, 'has'>

function hasAll(held: Held, unit: number, offset: number, end: number): boolean {
  for (let index = Math.floor(offset / unit); index * unit < end; index++) if (!held.has(index)) return false
  return true
}

function hasAny(held: Held, unit: number, offset: number, end: number): boolean {
  for (let index = Math.floor(offset / unit); index * unit < end; index++) if (held.has(index)) return true
  return false
}
