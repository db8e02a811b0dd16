// Time as a component. The engine never touches Date, performance or setTimeout: it is given a Clock, so that a
// simulation can own time and one seed gives one trace.

/** A source of time and delay. `systemClock` in `system.ts` is the real one; simulations bring a virtual one. */
export interface Clock {
  /** Wall time in nanoseconds since the epoch. May jump; used for file times only. */
  nowNs(): bigint
  /** Monotonic milliseconds from an arbitrary start; used for TTLs, deadlines and latencies. */
  monotonicMs(): number
  /** Resolves after `ms`; rejects with the signal's reason when aborted. Keeps no process alive by itself when `unref`. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Runs `run` once after `ms`; the returned function cancels it. The timer never keeps the process alive. */
  timer(ms: number, run: () => void): () => void
}

/** Wall milliseconds since the epoch, from a clock. */
export function wallMs(clock: Clock): number {
  return Number(clock.nowNs() / 1_000_000n)
}
