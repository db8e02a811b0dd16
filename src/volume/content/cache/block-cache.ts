// Clean blocks in memory: least recently used go first, whenever anybody needs memory. Found by version, that is by
// key and ETag; a `Version` object seen before is found without comparing strings.
//
// Accounting: a body of several blocks is one buffer and counts until its last block is evicted, so what the budget
// says is what is really held.

import { LRUCache } from 'lru-cache'
import type { Version } from '../../inode.ts'
import type { AheadRoom } from '../ahead/ahead-room.ts'
import type { MemoryBudget } from '../memory-budget.ts'
import { CachedVersion, smallBlockBytes } from './cached-version.ts'
import type { Block } from './cached-version.ts'

/** Bounds the overhead of tiny files, about 700 bytes each; 256 MiB of whole blocks are 256. */
const blockCountMax = 32_768

export class BlockCache {
  readonly blockBytes: number
  readonly #budget: MemoryBudget
  readonly #room: AheadRoom
  readonly #lru: LRUCache<Block, Block>
  readonly #byId = new Map<string, CachedVersion>()
  readonly #byVersion = new WeakMap<Version, CachedVersion>()

  constructor(budget: MemoryBudget, room: AheadRoom, blockBytes: number) {
    this.blockBytes = blockBytes
    this.#budget = budget
    this.#room = room
    this.#lru = new LRUCache<Block, Block>({ max: blockCountMax, dispose: (block) => this.#evicted(block) })
    budget.addReclaimer((bytes) => this.#reclaim(bytes))
  }

  get blockCount(): number {
    return this.#lru.size
  }

  /** What is held of `version`, made when there is nothing yet. */
  of(version: Version): CachedVersion {
    const known = this.find(version)
    if (known) return known
    const cached = new CachedVersion(this.#byVersion.get(version)?.version ?? version)
    this.#byId.set(idOf(cached.version), cached)
    this.#byVersion.set(version, cached)
    return cached
  }

  find(version: Version): CachedVersion | undefined {
    const known = this.#byVersion.get(version)
    if (known && !known.gone) return known
    // One that moved and was forgotten is looked for where it moved to.
    const cached = this.#byId.get(idOf(known?.version ?? version))
    if (cached) this.#byVersion.set(version, cached)
    return cached
  }

  /** Marks it used. */
  get(cached: CachedVersion, index: number, small = false): Block | undefined {
    const block = cached.block(index, small)
    return block && this.#lru.get(block)
  }

  /** It is read. True when it had been fetched ahead. */
  use(block: Block): boolean {
    if (!block.ahead) return false
    block.ahead = false
    this.#room.give(block.bytes.byteLength)
    return true
  }

  /** Blocks whose memory is already counted as clean; of two for one place the newer stays. */
  add(blocks: readonly Block[]): void {
    for (const block of blocks) {
      if (block.owner.gone) {
        this.#release(block)
        continue
      }
      const { owner, index, small } = block
      const map = small ? owner.smallBlocks : owner.blocks
      const old = map.get(index)
      map.set(index, block)
      if (old) this.#lru.delete(old)
      this.#lru.set(block, block)
      if (!small) this.#dropSmall(owner, index)
    }
  }

  /** The bytes of `from` are those of `to` now. */
  move(from: Version, to: Version): void {
    const cached = this.of(from)
    if (this.#byId.get(idOf(cached.version)) === cached) this.#byId.delete(idOf(cached.version))
    const other = this.find(to)
    if (other && other !== cached) this.#drop(other)
    cached.version = to
    this.#byVersion.set(to, cached)
    this.#byId.set(idOf(to), cached)
    this.settle(cached)
  }

  drop(version: Version): void {
    const cached = this.find(version)
    if (cached) this.#drop(cached)
  }

  clear(): void {
    this.#lru.clear()
  }

  /** Forgets `cached` when nothing is held. */
  settle(cached: CachedVersion): void {
    if (!cached.empty || cached.gone) return
    cached.gone = true
    if (this.#byId.get(idOf(cached.version)) === cached) this.#byId.delete(idOf(cached.version))
  }

  /** Keeps the memory of `block` counted, evicted or not, until `unpin`. */
  pin({ memory }: Block): void {
    memory.blocks++
  }

  unpin({ memory }: Block): void {
    if (--memory.blocks === 0) this.#budget.give(memory.bytes, 'clean')
  }

  #drop(cached: CachedVersion): void {
    for (const map of [cached.blocks, cached.smallBlocks]) for (const block of map.values()) this.#lru.delete(block)
    // Fills under way end for those who wait, and are not found by anybody else.
    cached.gone = true
    if (this.#byId.get(idOf(cached.version)) === cached) this.#byId.delete(idOf(cached.version))
  }

  #dropSmall(owner: CachedVersion, index: number): void {
    if (owner.smallBlocks.size === 0) return
    const perBlock = Math.ceil(this.blockBytes / smallBlockBytes)
    for (let i = index * perBlock; i < (index + 1) * perBlock; i++) {
      const block = owner.smallBlocks.get(i)
      if (block) this.#lru.delete(block)
    }
  }

  #evicted(block: Block): void {
    const { owner, index, small } = block
    const map = small ? owner.smallBlocks : owner.blocks
    if (map.get(index) === block) map.delete(index)
    this.#release(block)
    this.settle(owner)
  }

  #release(block: Block): void {
    if (block.ahead) this.#room.give(block.bytes.byteLength)
    block.ahead = false
    this.unpin(block)
  }

  #reclaim(bytes: number): void {
    const until = this.#budget.used('clean') - bytes
    while (this.#lru.size > 0 && this.#budget.used('clean') > until) this.#lru.pop()
  }
}

function idOf({ key, etag }: Version): string {
  return `${etag}\n${key}`
}
