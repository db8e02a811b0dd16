// What memory holds of one version: whole blocks by index, small blocks (a part of a block that a random reader asked
// for), and fills under way. It outlives a change of key or ETag that keeps the bytes (`BlockCache.move`).

import type { Version } from '../../inode.ts'

/** The memory behind the blocks of one reply: counted whole until the last of them is evicted. */
export interface BodyMemory {
  readonly bytes: number
  blocks: number
}

export interface Block {
  readonly owner: CachedVersion
  /** Ordinal in units of `blockBytes`, or of `smallBlockBytes` when `small`. */
  readonly index: number
  readonly small: boolean
  /** Shared with everybody who reads it: never changed. */
  readonly bytes: Uint8Array
  readonly memory: BodyMemory
  /** Fetched ahead and not yet read. */
  ahead: boolean
}

/** Part of a block that random readers fetch. */
export const smallBlockBytes: number = 64 * 1024

export class CachedVersion {
  /** The version under which requests go out now. */
  version: Version
  readonly blocks: IndexMap<Block> = new IndexMap()
  readonly smallBlocks: IndexMap<Block> = new IndexMap()
  /** Fills under way: the blocks of the whole run, in order. */
  readonly fills: IndexMap<Promise<readonly Block[]>> = new IndexMap()
  readonly smallFills: IndexMap<Promise<readonly Block[]>> = new IndexMap()
  /** No longer found by key and ETag: nothing is cached or under way. */
  gone = false

  constructor(version: Version) {
    this.version = version
  }

  get empty(): boolean {
    const { blocks, smallBlocks, fills, smallFills } = this
    return blocks.size === 0 && smallBlocks.size === 0 && fills.size === 0 && smallFills.size === 0
  }

  block(index: number, small: boolean): Block | undefined {
    return (small ? this.smallBlocks : this.blocks).get(index)
  }
}

/** A map by block index that is next to nothing while it is empty: thousands of small files have four each. */
export class IndexMap<T> {
  #map: Map<number, T> | null = null

  get size(): number {
    return this.#map?.size ?? 0
  }

  has(index: number): boolean {
    return this.#map?.has(index) ?? false
  }

  get(index: number): T | undefined {
    return this.#map?.get(index)
  }

  set(index: number, value: T): void {
    this.#map ??= new Map()
    this.#map.set(index, value)
  }

  delete(index: number): void {
    if (this.#map?.delete(index) && this.#map.size === 0) this.#map = null
  }

  /** What is there now. */
  values(): readonly T[] {
    return this.#map ? [...this.#map.values()] : []
  }
}
