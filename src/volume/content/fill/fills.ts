// Fills: missing blocks of a version become reads of the disk cache or GETs, one per run of them, and each block is
// asked for once however many wait for it. Memory is taken before a request goes out and becomes the blocks' own.
//
//   gather         what one read needs: cached, under way, or to be filled; whole files where only the whole is verifiable
//   object-read    one GET of exactly one version, verified, asked again when it came wrong
//   verify, crc    proofs of whole objects      block-checks, checksum-book   checksums of parts of large objects of ours
//
// Nothing leaves this folder that a checksum refutes, and nothing refuted is kept (DESIGN P8).

import type { GetReply } from '../../../store/store.ts'
import type { Version } from '../../inode.ts'
import type { AheadRoom } from '../ahead/ahead-room.ts'
import type { BlockCache } from '../cache/block-cache.ts'
import { smallBlockBytes } from '../cache/cached-version.ts'
import type { Block, BodyMemory, CachedVersion } from '../cache/cached-version.ts'
import type { DiskCache } from '../cache/disk-cache.ts'
import type { MemoryBudget } from '../memory-budget.ts'
import { readObject } from './object-read.ts'
import type { ObjectReadDeps } from './object-read.ts'

export interface FillDeps extends ObjectReadDeps {
  readonly budget: MemoryBudget
  readonly cache: BlockCache
  readonly room: AheadRoom
  readonly disk: DiskCache | null
  readonly onReply: (version: Version, reply: GetReply) => void
}

/** A run of blocks of one version, to be fetched whether they are there or not. */
export interface Run {
  readonly cached: CachedVersion
  readonly first: number
  readonly last: number
  readonly small: boolean
  /** Nobody waits yet: it goes behind what callers wait for. Its memory was taken from `AheadRoom`. */
  readonly ahead: boolean
  readonly onReply?: ((version: Version, reply: GetReply) => void) | undefined
}

export class Fills {
  readonly #deps: FillDeps
  readonly #ahead = new WeakSet<Promise<readonly Block[]>>()

  constructor(deps: FillDeps) {
    this.#deps = deps
  }

  /** Bytes of a run: what its memory is. */
  length({ cached, first, last, small }: Omit<Run, 'ahead'>): number {
    const unit = this.#unit(small)
    return Math.min((last + 1) * unit, cached.version.size) - first * unit
  }

  /** `start`, in parts of which each is on disk as a whole or not at all. */
  startAll(run: Run): Promise<readonly Block[]>[] {
    const { disk } = this.#deps
    if (!disk || run.first === run.last) return [this.start(run)]
    const { cached, small, last } = run
    const onDisk = (index: number): boolean => disk.has(cached.version, index, small, this.#unit(small))
    const waits: Promise<readonly Block[]>[] = []
    for (let first = run.first; first <= last;) {
      const there = onDisk(first)
      let stop = first
      while (stop < last && onDisk(stop + 1) === there) stop++
      waits.push(this.start({ ...run, first, last: stop }))
      first = stop + 1
    }
    return waits
  }

  /** Whether it was started before anybody waited for it. */
  isAhead(fill: Promise<readonly Block[]>): boolean {
    return this.#ahead.has(fill)
  }

  /** The blocks of the run in order. They may be evicted again before the waiter looks: their bytes stay good. */
  start(run: Run): Promise<readonly Block[]> {
    const { cached, first, last, small } = run
    const fills = small ? cached.smallFills : cached.fills
    const filled = this.#fill(run).finally(() => {
      for (let index = first; index <= last; index++) if (fills.get(index) === filled) fills.delete(index)
      this.#deps.cache.settle(cached)
    })
    if (run.ahead) this.#ahead.add(filled)
    for (let index = first; index <= last; index++) fills.set(index, filled)
    return filled
  }

  async #fill(run: Run): Promise<readonly Block[]> {
    const { budget, cache, room, metrics } = this.#deps
    const { cached, first, ahead, small } = run
    const length = this.length(run)
    if (!ahead) await budget.take(length, undefined, 'fill')
    let body: Uint8Array | undefined
    let fetched = false
    try {
      body = await this.#fromDisk(run, length)
      fetched = body === undefined
      body ??= await this.#fromStore(run, length)
    } catch (error) {
      budget.give(length, 'fill')
      if (ahead) room.give(length)
      throw error
    }
    budget.move(length, 'fill', 'clean')
    const blocks = blocksOf(cached, first, body, this.#unit(small), small, ahead)
    if (ahead) metrics.count('readAheadBlocks', blocks.length)
    if (fetched) this.#keepOnDisk(blocks)
    cache.add(blocks)
    return blocks
  }

  #keepOnDisk(blocks: readonly Block[]): void {
    const { disk, cache } = this.#deps
    if (!disk) return
    for (const block of blocks) disk.keep(block, cache)
  }

  #fromStore(run: Run, length: number): Promise<Uint8Array> {
    const { onReply } = this.#deps
    const { cached, first, small } = run
    return readObject(this.#deps, {
      current: () => cached.version,
      offset: first * this.#unit(small),
      length,
      background: run.ahead,
      onReply: (version, reply) => {
        onReply(version, reply)
        run.onReply?.(version, reply)
      },
    })
  }

  /** All of the run, or undefined: what is not there, or not right any more, is fetched again. */
  async #fromDisk(run: Run, length: number): Promise<Uint8Array | undefined> {
    const { disk, metrics } = this.#deps
    const { cached, first, last, small } = run
    if (!disk) return undefined
    const unit = this.#unit(small)
    const { version } = cached
    for (let index = first; index <= last; index++) if (!disk.has(version, index, small, unit)) return undefined
    let body: Uint8Array | undefined
    for (let index = first; index <= last; index++) {
      const bytes = await disk.read(version, index, small, unit)
      const start = (index - first) * unit
      if (bytes?.byteLength !== Math.min(unit, length - start)) return undefined
      if (first === last) body = bytes
      else (body ??= new Uint8Array(length)).set(bytes, start)
    }
    metrics.count('diskHits', last - first + 1)
    return body
  }

  #unit(small: boolean): number {
    return small ? smallBlockBytes : this.#deps.cache.blockBytes
  }
}

function blocksOf(
  owner: CachedVersion,
  first: number,
  body: Uint8Array,
  unit: number,
  small: boolean,
  ahead: boolean,
): Block[] {
  const memory: BodyMemory = { bytes: body.byteLength, blocks: Math.ceil(body.byteLength / unit) }
  const blocks: Block[] = []
  for (let i = 0; i < memory.blocks; i++) {
    const length = Math.min(unit, body.byteLength - i * unit)
    // A plain Uint8Array whatever the store gave: `slice` of a Buffer would share memory.
    const bytes = new Uint8Array(body.buffer, body.byteOffset + i * unit, length)
    blocks.push({ owner, index: first + i, small, bytes, memory, ahead })
  }
  return blocks
}
