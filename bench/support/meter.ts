// What a piece of work cost: time, requests, bytes and cache hits, as the volume's own counters tell it.

import type { OpenedVolume } from '../../src/index.ts'

export interface Cost {
  readonly ms: number
  readonly requests: number
  /** Those of them that were for indexes and checksums. */
  readonly sideRequests: number
  readonly bytesUp: number
  readonly bytesDown: number
  /** Blocks, attributes and names that needed no request. */
  readonly cacheHits: number
}

interface StoreCounts {
  readonly requests: number
  readonly bytesUp: number
  readonly bytesDown: number
  readonly operations: Readonly<Record<string, { readonly byPurpose: { readonly side: number } }>>
}

const hitNames = ['lookupHits', 'blockHits', 'diskHits', 'sharedHits'] as const

/** Runs `work` and tells what it cost. Write-back behind it is waited for, so that its requests are counted. */
export async function measure(volume: OpenedVolume, work: () => Promise<unknown>): Promise<Cost> {
  const before = await countsOf(volume)
  const started = performance.now()
  await work()
  const ms = performance.now() - started
  await volume.sync()
  const after = await countsOf(volume)
  return {
    ms,
    requests: after.requests - before.requests,
    sideRequests: after.sideRequests - before.sideRequests,
    bytesUp: after.bytesUp - before.bytesUp,
    bytesDown: after.bytesDown - before.bytesDown,
    cacheHits: after.cacheHits - before.cacheHits,
  }
}

async function countsOf(volume: OpenedVolume): Promise<Omit<Cost, 'ms'>> {
  const metrics = await volume.metrics()
  const { requests, bytesUp, bytesDown, operations } = metrics['store'] as StoreCounts
  const sideRequests = Object.values(operations).reduce((sum, { byPurpose }) => sum + byPurpose.side, 0)
  const cacheHits = hitNames.reduce((sum, name) => sum + Number(metrics[name] ?? 0), 0)
  return { requests, sideRequests, bytesUp, bytesDown, cacheHits }
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`
}
