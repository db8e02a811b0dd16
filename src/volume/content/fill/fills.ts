// Fills: missing blocks of a version become GETs, one per run of them, and each block is asked for once however many
// wait for it. Memory is taken before the request goes out and becomes the block's own.

import type { ObjectInfo } from '../../../store/store.ts'
import type { BlockCache } from '../cache/block-cache.ts'
import { smallBlockBytes } from '../cache/cached-version.ts'
import type { Block, BodyMemory, CachedVersion } from '../cache/cached-version.ts'
import type { MemoryBudget } from '../memory-budget.ts'
import { readObject } from './object-read.ts'
import type { ObjectReadDeps } from './object-read.ts'

export interface FillDeps extends ObjectReadDeps {
  readonly budget: MemoryBudget
  readonly cache: BlockCache
}

export interface FillOptions {
  readonly small?: boolean | undefined
  /** Nobody waits yet: goes behind what callers wait for, and is counted as read-ahead. */
  readonly ahead?: boolean | undefined
  readonly onInfo?: ((info: ObjectInfo) => void) | undefined
}

export class Fills {
  readonly #deps: FillDeps

  constructor(deps: FillDeps) {
    this.#deps = deps
  }

  /** Fills blocks first..last, none of which is cached or being filled: one GET. */
  run(cached: CachedVersion, first: number, last: number, options: FillOptions = {}): Promise<readonly Block[]> {
    const fills = options.small ? cached.smallFills : cached.fills
    const filled = this.#fill(cached, first, last, options).finally(() => {
      for (let index = first; index <= last; index++) fills.delete(index)
      this.#deps.cache.settle(cached)
    })
    for (let index = first; index <= last; index++) fills.set(index, filled)
    return filled
  }

  async #fill(cached: CachedVersion, first: number, last: number, options: FillOptions): Promise<readonly Block[]> {
    const { budget, cache } = this.#deps
    const unit = options.small ? smallBlockBytes : cache.blockBytes
    const offset = first * unit
    const length = Math.min((last + 1) * unit, cached.version.size) - offset
    await budget.take(length, undefined, 'fill')
    let body: Uint8Array
    try {
      body = await readObject(this.#deps, {
        current: () => cached.version,
        offset,
        length,
        background: options.ahead ?? false,
        onInfo: options.onInfo,
      })
    } catch (error) {
      budget.give(length, 'fill')
      throw error
    }
    budget.move(length, 'fill', 'clean')
    const blocks = blocksOf(cached, first, body, unit, options)
    if (cached.gone) budget.give(length, 'clean')
    else cache.add(blocks)
    return blocks
  }
}

function blocksOf(
  owner: CachedVersion,
  first: number,
  body: Uint8Array,
  unit: number,
  { small = false, ahead = false }: FillOptions,
): Block[] {
  const memory: BodyMemory = { bytes: body.byteLength, blocks: Math.ceil(body.byteLength / unit) }
  const blocks: Block[] = []
  for (let i = 0; i < memory.blocks; i++) {
    const bytes = body.subarray(i * unit, Math.min((i + 1) * unit, body.byteLength))
    blocks.push({ owner, index: first + i, small, bytes, memory, ahead })
  }
  return blocks
}
