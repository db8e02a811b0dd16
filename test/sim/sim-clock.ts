// Virtual time for a whole engine: nothing but promises and this clock's timers may be under way. Time jumps to the next
// timer whenever everything else waits, so one seed gives one trace, in no real time.

import type { Clock } from '../../src/base/clock.ts'

export interface SimClock extends Clock {
  /** Runs the simulation until `promise` settles. Throws when nothing is left that could settle it. */
  run<T>(promise: Promise<T>): Promise<T>
  readonly elapsedMs: number
}

const epochMs = 1_700_000_000_000
const turnsMax = 2_000_000

export function createSimClock(): SimClock {
  let elapsedMs = 0
  let order = 0
  const due = new Map<number, { readonly atMs: number; readonly run: () => void }>()
  const timer = (ms: number, run: () => void): (() => void) => {
    const id = order++
    due.set(id, { atMs: elapsedMs + Math.max(0, ms), run })
    return () => due.delete(id)
  }
  const next = (): [number, { readonly atMs: number; readonly run: () => void }] | undefined => {
    let first: [number, { readonly atMs: number; readonly run: () => void }] | undefined
    for (const entry of due) if (!first || entry[1].atMs < first[1].atMs) first = entry
    return first
  }
  return {
    get elapsedMs() {
      return elapsedMs
    },
    nowNs: () => BigInt(epochMs) * 1_000_000n + BigInt(Math.floor(elapsedMs * 1000)) * 1000n,
    monotonicMs: () => elapsedMs,
    timer,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        const cancel = timer(ms, resolve)
        signal?.addEventListener('abort', () => {
          cancel()
          reject(signal.reason as Error)
        })
      }),
    async run(promise) {
      let settled = false
      const end = (): void => void (settled = true)
      promise.then(end, end)
      for (let turns = 0; turns < turnsMax; turns++) {
        // A turn of the event loop: every promise that can go on has gone on.
        await new Promise((resolve) => setImmediate(resolve))
        if (settled) return promise
        const entry = next()
        if (!entry) throw new Error(`the simulation hangs at ${elapsedMs} ms: nothing is left to wait for`)
        due.delete(entry[0])
        elapsedMs = Math.max(elapsedMs, entry[1].atMs)
        entry[1].run()
      }
      throw new Error(`the simulation does not end: ${turnsMax} turns, ${elapsedMs} ms`)
    },
  }
}
