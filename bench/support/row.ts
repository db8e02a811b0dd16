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
  /** The bill of one sample, everything included. */
  readonly requests?: number | undefined
  /** Those of them that were for indexes and checksums. */
  readonly sideRequests?: number | undefined
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

type Cost = Pick<Row, 'requests' | 'sideRequests' | 'bytesUp' | 'bytesDown' | 'memoryPeakBytes'>

/** Samples of questions that are asked in turns; the cost shown is the highest of them. */
export class Samples {
  readonly #kept = new Map<string, { question: string; contender: string; ms: number[]; cost: Cost; bytes: number }>()

  add(question: string, contender: string, ms: number, cost: Cost = {}, bytes = 0): void {
    const id = `${question}\n${contender}`
    const known = this.#kept.get(id) ?? { question, contender, ms: [], cost, bytes }
    known.ms.push(ms)
    const memoryPeakBytes = Math.max(known.cost.memoryPeakBytes ?? 0, cost.memoryPeakBytes ?? 0)
    const worst = (known.cost.requests ?? 0) > (cost.requests ?? 0) ? known.cost : cost
    known.cost = { ...worst, ...(memoryPeakBytes > 0 && { memoryPeakBytes }) }
    this.#kept.set(id, known)
  }

  /** In the order in which each was first asked. */
  rows(): Row[] {
    return [...this.#kept.values()].map(({ question, contender, ms, cost, bytes }) => {
      const spread = spreadOf(ms.map((each) => each / 1000))
      return {
        question,
        contender,
        unit: 's',
        ...spread,
        ...cost,
        ...(bytes > 0 && { bytesPerSecond: bytes / spread.median }),
      }
    })
  }
}
