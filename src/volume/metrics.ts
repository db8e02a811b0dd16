// Counters of a volume: named, monotonic, plain numbers. Gauges are read when a snapshot is taken.

export type CounterName =
  | 'lookupHits'
  | 'lookupMisses'
  | 'listings'
  | 'blockHits'
  | 'blockMisses'
  | 'diskHits'
  | 'readAheadBlocks'
  | 'readAheadUsed'
  | 'verified'
  | 'unverified'
  | 'corrupt'
  | 'unsafe'
  | 'conflicts'
  | 'lostReplies'
  | 'writeBacks'
  | 'writeBackFailures'
  | 'unrepresentable'
  | 'indexRowsUsed'
  | 'indexRowsStale'
  | 'indexWrites'
  | 'journalCommits'
  | 'replayed'
  | 'bytesRead'
  | 'bytesWritten'
  | 'streamedFiles'
  | 'partCopies'

/** Counts what happened; `snapshot` is plain data. */
export class VolumeMetrics {
  readonly #counts = new Map<CounterName, number>()
  readonly #gauges = new Map<string, () => number>()

  count(name: CounterName, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by)
  }

  get(name: CounterName): number {
    return this.#counts.get(name) ?? 0
  }

  gauge(name: string, read: () => number): void {
    this.#gauges.set(name, read)
  }

  snapshot(): Record<string, number> {
    const result: Record<string, number> = {}
    for (const [name, count] of this.#counts) result[name] = count
    for (const [name, read] of this.#gauges) result[name] = read()
    return result
  }
}
