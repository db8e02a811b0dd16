// What a benchmark tells: one row per contender and question, medians with spread, the requests beside the time.

export interface Row {
  /** What was done: 'read 6,400 files of 1 KiB, cold'. */
  readonly question: string
  /** Who did it: 'bucketfs', 'node:fs on tmpfs', 'AWS SDK, 64 in flight'. */
  readonly contender: string
  readonly unit: 'µs' | 'ms' | 's'
  /** Per call or whole, as `unit` and `question` say. */
  readonly median: number
  readonly low: number
  readonly high: number
  readonly samples: number
  readonly requests?: number | undefined
  readonly bytesUp?: number | undefined
  readonly bytesDown?: number | undefined
  /** Bytes a second for transfers. */
  readonly bytesPerSecond?: number | undefined
  /** Growth of the resident set over what it was before, at its peak. */
  readonly memoryPeakBytes?: number | undefined
}

/** Median with the 10th and 90th percentile of `values`. */
export function spreadOf(values: readonly number[]): Pick<Row, 'median' | 'low' | 'high' | 'samples'> {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (fraction: number): number => sorted[Math.round((sorted.length - 1) * fraction)] ?? Number.NaN
  return { median: at(0.5), low: at(0.1), high: at(0.9), samples: sorted.length }
}
