// The blocks that a read needs: what is cached, what others are filling already, and new fills for the rest.

import type { GetReply } from '../../../store/store.ts'
import type { Version } from '../../inode.ts'
import type { VolumeMetrics } from '../../metrics.ts'
import { abortable } from '../../tree/concurrency.ts'
import type { BlockCache } from '../cache/block-cache.ts'
import type { Block, CachedVersion } from '../cache/cached-version.ts'
import { isOurs, wholeBytesMax } from './object-read.ts'
import type { Fills } from './fills.ts'

export interface GatherDeps {
  readonly cache: BlockCache
  readonly fills: Fills
  readonly metrics: VolumeMetrics
}

export interface GatherOptions {
  readonly small: boolean
  readonly signal?: AbortSignal | undefined
  readonly onReply?: ((version: Version, reply: GetReply) => void) | undefined
}

/** A read this long from the start of a foreign file of up to `wholeBytesMax` is taken for a read of all of it. */
const wholeReadBytes: number = 64 * 1024

/** Blocks first..last in order, at most one run of them. */
export async function gatherBlocks(
  deps: GatherDeps,
  cached: CachedVersion,
  first: number,
  last: number,
  options: GatherOptions,
): Promise<readonly Block[]> {
  const { cache, fills, metrics } = deps
  const { small, onReply } = options
  const under = small ? cached.smallFills : cached.fills
  const found: (Block | undefined)[] = []
  const waits: Promise<readonly Block[]>[] = []
  for (let index = first; index <= last; index++) {
    const block = cache.get(cached, index, small)
    found.push(block)
    if (block) {
      metrics.count('blockHits')
      continue
    }
    metrics.count('blockMisses')
    const filling = under.get(index)
    if (filling) {
      if (waits[waits.length - 1] !== filling) waits.push(filling)
      continue
    }
    let stop = index
    while (stop < last && !cached.block(stop + 1, small) && !under.has(stop + 1)) stop++
    waits.push(...fills.startAll({ cached, first: index, last: stop, small, ahead: false, onReply }))
  }
  if (waits.length > 0)
    for (const blocks of await abortable(Promise.all(waits), options.signal))
      for (const block of blocks) if (block.index >= first && block.index <= last) found[block.index - first] = block
  for (const block of found) if (cache.use(block as Block)) metrics.count('readAheadUsed')
  return found as Block[]
}

/**
 * Starts one GET of all of a file of up to 8 MiB when that is what lets it be verified, or likely what the reader wants:
 * nothing of it is there, and it is one block, or ours, or not known to be foreign, or read from its start.
 */
export function startWhole(
  { cache, fills }: GatherDeps,
  cached: CachedVersion,
  offset: number,
  length: number,
  options: Omit<GatherOptions, 'small'>,
): void {
  const { size } = cached.version
  if (size > wholeBytesMax || !cached.empty) return
  const last = Math.ceil(size / cache.blockBytes) - 1
  const foreign = isOurs(cached.version) === false
  if (last > 0 && foreign && (offset > 0 || length < Math.min(size, wholeReadBytes))) return
  // Whoever waits for its blocks gets its failure; somebody does.
  void fills.start({ cached, first: 0, last, small: false, ahead: false, onReply: options.onReply })
}
