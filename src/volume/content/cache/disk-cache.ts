// Clean blocks on a local disk: a second, larger tier that survives restarts. Blocks are appended to segment files; the
// oldest file goes as a whole when room is needed, and blocks that are still read are written again before their file
// gets that old. Nothing here can fail a read or a fill: what is not there, damaged or not writable is a miss.
//
// Invariants: the files never exceed `bytesMax`. A block is found only after all of it was written. Every block read
// has the CRC-32 it was written with. Identity is ETag and key, so nothing found here is ever stale: what changes is
// the version a file has, which is the bucket's word.

import { crc32, utf8 } from '../../../base/bytes.ts'
import type { Logger } from '../../../base/log.ts'
import type { Version } from '../../inode.ts'
import type { LocalFiles } from '../../local-files.ts'
import type { BlockCache } from './block-cache.ts'
import { smallBlockBytes } from './cached-version.ts'
import type { Block } from './cached-version.ts'
import { DiskIndex } from './disk-index.ts'
import type { RecordHeader } from './disk-segment.ts'
import { DiskSegments } from './disk-segments.ts'

export interface DiskCacheOptions {
  readonly files: LocalFiles
  /** Of this folder: when several processes cache one volume, each has its share. */
  readonly bytesMax: number
  readonly log: Logger
}

/** Bytes waiting to be written; beyond them blocks are not kept. They count as memory until written. */
const queueBytesMax: number = 8 * 1024 * 1024
/** Blocks not offered to a disk that failed, before it is tried again. */
const pauseBlocks = 1000

interface Queued {
  readonly header: RecordHeader
  readonly data: Uint8Array
  readonly done: () => void
}

export class DiskCache {
  readonly #log: Logger
  readonly #index: DiskIndex
  readonly #segments: DiskSegments
  #queue: Queued[] = []
  #queueBytes = 0
  #writing: Promise<void> | null = null
  #pause = 0
  #closed = false

  private constructor(log: Logger, index: DiskIndex, segments: DiskSegments) {
    this.#log = log
    this.#index = index
    this.#segments = segments
  }

  /** Finds what earlier runs left. Never rejects: a folder that cannot be used is an empty cache. */
  static async open({ files, bytesMax, log }: DiskCacheOptions): Promise<DiskCache> {
    const index = new DiskIndex()
    const segments = new DiskSegments(files, bytesMax, index)
    try {
      await segments.open()
    } catch (error) {
      log.warn('the disk cache cannot be read and starts empty', { error })
    }
    return new DiskCache(log, index, segments)
  }

  /** Bytes of all files. */
  get bytes(): number {
    return this.#segments.bytes
  }

  get blockCount(): number {
    return this.#index.count
  }

  has(version: Version, index: number, small: boolean, blockBytes: number): boolean {
    return this.#index.get(idOf(version), small ? smallBlockBytes : blockBytes, index) !== undefined
  }

  /** The block as it was kept, or undefined. */
  async read(version: Version, index: number, small: boolean, blockBytes: number): Promise<Uint8Array | undefined> {
    const id = idOf(version)
    const unit = small ? smallBlockBytes : blockBytes
    const place = this.#index.get(id, unit, index)
    if (!place) return undefined
    try {
      const data = await this.#segments.read(place)
      if (data && data.byteLength === place.length && crc32(data) === place.crc) {
        if (this.#segments.isOld(place.segment)) this.#keepAgain(id, unit, index, data)
        return data
      }
      this.#log.warn('a block of the disk cache is damaged and is fetched again', { key: version.key, index })
    } catch (error) {
      this.#log.warn('a block of the disk cache cannot be read and is fetched again', {
        key: version.key,
        index,
        error,
      })
    }
    this.#index.remove(id, unit, index, place)
    return undefined
  }

  /** Writes the block some time later, unless the disk is behind. Its memory is pinned in `cache` until then. */
  keep(block: Block, cache: BlockCache): void {
    const { owner, index, small, bytes } = block
    const unit = small ? smallBlockBytes : cache.blockBytes
    if (!this.#accepts(bytes.byteLength)) return
    cache.pin(block)
    this.#enqueue(blockHeader(idOf(owner.version), unit, index, bytes), bytes, () => cache.unpin(block))
  }

  /** The bytes of `from` are those of `to` now. */
  move(from: Version, to: Version): void {
    const id = idOf(from)
    if (id === idOf(to)) return
    const data = utf8(idOf(to))
    const known = this.#index.move(id, idOf(to))
    if ((!known && !this.#writing) || !this.#accepts(data.byteLength)) return
    const header = { kind: 'move', id, crc: crc32(data), length: data.byteLength, unit: 0, index: 0 } as const
    this.#enqueue(header, data, () => {})
  }

  drop(version: Version): void {
    this.#index.drop(idOf(version))
  }

  /** Returns when what was kept so far is written or given up. */
  async settled(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  /** Writes what is waiting and closes the files. Idempotent; never rejects. */
  async close(): Promise<void> {
    this.#closed = true
    await this.settled()
    await this.#tolerate(() => this.#segments.close())
  }

  #accepts(bytes: number): boolean {
    if (this.#pause > 0) this.#pause--
    return !this.#closed && this.#pause === 0 && this.#queueBytes + bytes <= queueBytesMax
  }

  /** Read from a file that goes soon: written again, so that what is used stays. */
  #keepAgain(id: string, unit: number, index: number, data: Uint8Array): void {
    // Alone in its buffer, not counted: the fill that asked holds as much of the budget for it.
    if (this.#queueBytes === 0 && this.#accepts(data.byteLength))
      this.#enqueue(blockHeader(id, unit, index, data), data, () => {})
  }

  #enqueue(header: RecordHeader, data: Uint8Array, done: () => void): void {
    this.#queue.push({ header, data, done })
    this.#queueBytes += data.byteLength
    this.#writing ??= this.#write().finally(() => (this.#writing = null))
  }

  async #write(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue
      this.#queue = []
      for (const { header, data, done } of batch) {
        if (this.#pause === 0) await this.#append(header, data)
        this.#queueBytes -= data.byteLength
        done()
      }
    }
  }

  async #append(header: RecordHeader, data: Uint8Array): Promise<void> {
    try {
      await this.#segments.append(header, data)
    } catch (error) {
      this.#pause = pauseBlocks
      this.#log.warn('the disk cache cannot be written and is bypassed for a while', { error })
      await this.#tolerate(() => this.#segments.giveUpCurrent())
    }
  }

  async #tolerate(task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } catch (error) {
      this.#log.warn('the disk cache cannot be put in order', { error })
    }
  }
}

function blockHeader(id: string, unit: number, index: number, data: Uint8Array): RecordHeader {
  return { kind: 'block', id, crc: crc32(data), length: data.byteLength, unit, index }
}

function idOf({ key, etag }: Version): string {
  return `${etag}\n${key}`
}
