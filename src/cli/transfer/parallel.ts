// Bounded fan-out over a source that is still being listed.

/** The default of `--jobs`: enough to hide 20 ms of latency, few enough for a small server. */
export const jobsDefault = 16
export const jobsMax = 256

/**
 * Runs `task` on every item, at most `jobs` at once; asks for the next item only when a place is free. Stops asking
 * once `signal` aborts and waits for what is running. A task that throws ends the run the same way; its error is thrown.
 */
export async function forEachParallel<T>(
  items: AsyncIterable<T> | Iterable<T>,
  jobs: number,
  signal: AbortSignal,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>()
  const failures: unknown[] = []
  for await (const item of items) {
    if (signal.aborted || failures.length > 0) break
    const run = task(item)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(run))
    running.add(run)
    if (running.size >= jobs) await Promise.race(running)
  }
  await Promise.all(running)
  if (failures.length > 0) throw failures[0]
}
