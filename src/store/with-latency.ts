// A store that is further away: each call waits before it goes out, by a fixed delay, a seeded jitter and its body's
// size. For benchmarks and simulations.

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { bodySize } from './body.ts'
import type { ObjectStore } from './store.ts'
import { pause, wrapStore } from './wrap.ts'

export interface LatencyOptions {
  readonly clock: Clock
  readonly random: Random
  readonly delayMs: number
  /** Added: uniform in [0, jitterMs). */
  readonly jitterMs?: number | undefined
  /** Bodies take this long besides, per direction and call. */
  readonly bytesPerSecond?: number | undefined
}

export function withLatency(store: ObjectStore, options: LatencyOptions): ObjectStore {
  const { clock, random, delayMs, jitterMs = 0, bytesPerSecond = Number.POSITIVE_INFINITY } = options
  const transferMs = (bytes: number): number => (bytes * 1000) / bytesPerSecond
  return wrapStore(store, async (call, run) => {
    const up = call.body === undefined ? 0 : bodySize(call.body)
    await pause(clock, delayMs + random.float() * jitterMs + transferMs(up), call)
    const reply = await run()
    if (call.operation === 'get' && bytesPerSecond !== Number.POSITIVE_INFINITY) {
      await pause(clock, transferMs((reply as { body: Uint8Array }).body.byteLength), call)
    }
    return reply
  })
}
