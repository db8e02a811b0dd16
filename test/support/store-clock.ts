// A clock that stands still until it is told: `advance` runs what falls due, in order.

import type { Clock } from '../../src/base/clock.ts'

export interface ManualClock extends Clock {
  /** Moves time on by `ms` and lets everything that wakes up run. */
  advance(ms: number): Promise<void>
  /** Sleeps and timers under way. */
  readonly pending: number
  /** Every sleep asked for, in milliseconds. */
  readonly sleeps: readonly number[]
}

export function createManualClock(startMs = 1_000_000_000_000): ManualClock {
  let elapsedMs = 0
  const due = new Set<{ readonly atMs: number; readonly run: () => void }>()
  const sleeps: number[] = []
  const timer = (ms: number, run: () => void): (() => void) => {
    const entry = { atMs: elapsedMs + ms, run }
    due.add(entry)
    return () => due.delete(entry)
  }
  /** Promise chains of the code under test have run out after this many turns. */
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) await Promise.resolve()
  }
  return {
    sleeps,
    get pending() {
      return due.size
    },
    nowNs: () => BigInt(startMs + Math.floor(elapsedMs)) * 1_000_000n,
    monotonicMs: () => elapsedMs,
    timer,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        sleeps.push(ms)
        if (signal?.aborted) return reject(signal.reason as Error)
        const cancel = timer(ms, resolve)
        signal?.addEventListener('abort', () => {
          cancel()
          reject(signal.reason as Error)
        })
      }),
    async advance(ms) {
      const untilMs = elapsedMs + ms
      await settle()
      for (;;) {
        const [next] = [...due].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
        if (!next) break
        elapsedMs = Math.max(elapsedMs, next.atMs)
        due.delete(next)
        next.run()
        await settle()
      }
      elapsedMs = untilMs
    },
  }
}
