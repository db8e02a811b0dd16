// The real clock and the real dice. Only composition roots, doors and stores' transports import this file.

import { randomFillSync } from 'node:crypto'
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

const originNs = BigInt(Math.round(performance.timeOrigin * 1e6))

export const systemClock: Clock = {
  nowNs: () => originNs + BigInt(Math.round(performance.now() * 1e6)),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const onAbort = (): void => {
        clearTimeout(timeout)
        reject(signal?.reason as Error)
      }
      const timeout = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, ms)
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
  timer: (ms, run) => {
    const timeout = setTimeout(run, ms)
    timeout.unref()
    return () => clearTimeout(timeout)
  },
}

const pool = new Uint32Array(256)
let used = pool.length

export const systemRandom: Random = {
  uint32: () => {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    return pool[used++] as number
  },
  float: () => systemRandom.uint32() / 0x1_0000_0000,
}
