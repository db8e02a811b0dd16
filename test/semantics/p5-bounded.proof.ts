// P5 in full: 1 GiB (SCALE=1) with the memory a volume has by default.

import { describe, expect, it } from 'vitest'
import { GiB, MiB } from '../../src/base/bytes.ts'
import { nodeOwnBytes, runLarge } from './p5-runs.ts'

const scale = Number(process.env['SCALE'] ?? 1)

describe('1 GiB written and read in sequence', () => {
  it('P5.1 P5.2 stays within 256 MiB for the volume, and 256 MiB + Node for the process', async () => {
    const memoryBytesMax = 256 * MiB
    const run = await runLarge(Math.round(scale * GiB), { memoryBytesMax, diskCacheBytesMax: 128 * MiB })
    console.log(JSON.stringify(run))
    expect(run.same).toBe(true)
    expect(run.memoryPeak).toBeLessThanOrEqual(memoryBytesMax)
    expect(run.cachePeak).toBeLessThanOrEqual(128 * MiB)
    expect(run.rssPeak).toBeLessThanOrEqual(memoryBytesMax + run.baseRss + nodeOwnBytes)
  })
})
