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
  /** How much is read, when it is read from the start of the file; else 0. */
  readonly bytesFromStart: number
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
  const joined: Joined = { ahead: false }
  try {
    return await gather(deps, cached, first, last, options, joined)
  } catch (error) {
    // Read-ahead failed, maybe because it goes behind everything else: asked again, by somebody who waits.
    if (!joined.ahead || options.signal?.aborted) throw error
    return gather(deps, cached, first, last, options, joined)
  }
}

interface Joined {
  /** A fill that was started before anybody waited for it. */
  ahead: boolean
}

async function gather(
  deps: GatherDeps,
  cached: CachedVersion,
  first: number,
  last: number,
  options: GatherOptions,
  joined: Joined,
): Promise<readonly Block[]> {
  const { cache, fills, metrics } = deps
  const { small, onReply } = options
  const under = small ? cached.smallFills : cached.fills
  const found: (Block | undefined)[] = []
  const waits: Promise<readonly Block[]>[] = []
  if (!small) startWhole(deps, cached, first, last, options)
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
      if (fills.isAhead(filling)) joined.ahead = true
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
 * Starts one GET of all of a file of up to 8 MiB, for a read of blocks first..last that needs one anyway: always when
 * only the whole can be verified (it is ours, or may be), else when nothing of it is there and it is read from its start.
 */
function startWhole(
  { cache, fills }: GatherDeps,
  cached: CachedVersion,
  first: number,
  last: number,
  options: GatherOptions,
): void {
  const { size } = cached.version
  if (size > wholeBytesMax || cached.fills.size > 0 || areCached(cached, first, last)) return
  if (isOurs(cached.version) === false && !(options.bytesFromStart >= Math.min(size, wholeReadBytes) && cached.empty))
    return
  // Whoever waits for its blocks gets its failure; somebody does.
  const lastOfAll = Math.ceil(size / cache.blockBytes) - 1
  void fills.start({ cached, first: 0, last: lastOfAll, small: false, ahead: false, onReply: options.onReply })
}

function areCached(cached: CachedVersion, first: number, last: number): boolean {
  for (let index = first; index <= last; index++) if (!cached.blocks.has(index)) return false
  return true
}
