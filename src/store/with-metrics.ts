// Counts what goes to the store: requests by operation and purpose, bytes, failures, latency. Under the retry wrapper
// it counts real requests (the bill); above it, calls.

import type { Clock } from '../base/clock.ts'
import { isStoreError, type StoreErrorKind } from '../base/errors.ts'
import { bodySize } from './body.ts'
import type { ObjectStore } from './store.ts'
import { wrapStore, type Operation } from './wrap.ts'

export type Purpose = 'data' | 'side' | 'probe'

export interface OperationMetrics {
  readonly requests: number
  readonly byPurpose: Readonly<Record<Purpose, number>>
  readonly failures: number
  readonly latencyMsTotal: number
  readonly latencyMsMax: number
  /** Requests by latency: entry i counts those below 2^i ms and not below 2^(i-1); the last takes the rest. */
  readonly latencyCounts: readonly number[]
}

export interface StoreMetricsSnapshot {
  readonly requests: number
  readonly byPurpose: Readonly<Record<Purpose, number>>
  readonly operations: Readonly<Partial<Record<Operation, OperationMetrics>>>
  /** Bytes of bodies sent. */
  readonly bytesUp: number
  /** Bytes of bodies received. */
  readonly bytesDown: number
  readonly failures: Readonly<Partial<Record<StoreErrorKind | 'other', number>>>
  readonly inFlight: number
  readonly inFlightPeak: number
}

export interface StoreMetrics {
  snapshot(): StoreMetricsSnapshot
  /** Requests of one operation (or all), for one purpose (or all). */
  count(operation?: Operation, purpose?: Purpose): number
  reset(): void
}

interface Tally {
  requests: number
  byPurpose: Record<Purpose, number>
  failures: number
  latencyMsTotal: number
  latencyMsMax: number
  latencyCounts: number[]
}

const latencyCountsLength = 18

/** A counter to give to `withMetrics`; several stores may share one. */
export function createStoreMetrics(): StoreMetrics {
  return new Counter()
}

export function withMetrics(
  store: ObjectStore,
  options: { readonly metrics: StoreMetrics; readonly clock: Clock },
): ObjectStore {
  const { clock, metrics } = options
  if (!(metrics instanceof Counter)) throw new TypeError('metrics must come from createStoreMetrics()')
  return wrapStore(store, async (call, run) => {
    const { operation } = call
    const startMs = clock.monotonicMs()
    metrics.begin(operation, call.options.purpose ?? 'data', call.body === undefined ? 0 : bodySize(call.body))
    let failed: StoreErrorKind | 'other' | undefined
    try {
      const reply = await run()
      if (operation === 'get') metrics.bytesDown += (reply as { body: Uint8Array }).body.byteLength
      return reply
    } catch (error) {
      failed = isStoreError(error) ? error.kind : 'other'
      throw error
    } finally {
      metrics.end(operation, clock.monotonicMs() - startMs, failed)
    }
  })
}

class Counter implements StoreMetrics {
  bytesUp = 0
  bytesDown = 0
  #operations = new Map<Operation, Tally>()
  #failures: Partial<Record<StoreErrorKind | 'other', number>> = {}
  #inFlight = 0
  #inFlightPeak = 0

  begin(operation: Operation, purpose: Purpose, bytes: number): void {
    const tally = this.#tally(operation)
    tally.requests++
    tally.byPurpose[purpose]++
    this.bytesUp += bytes
    this.#inFlight++
    this.#inFlightPeak = Math.max(this.#inFlightPeak, this.#inFlight)
  }

  end(operation: Operation, ms: number, failed: StoreErrorKind | 'other' | undefined): void {
    const tally = this.#tally(operation)
    this.#inFlight--
    tally.latencyMsTotal += ms
    tally.latencyMsMax = Math.max(tally.latencyMsMax, ms)
    const index = ms < 1 ? 0 : Math.min(latencyCountsLength - 1, Math.floor(Math.log2(ms)) + 1)
    tally.latencyCounts[index] = (tally.latencyCounts[index] ?? 0) + 1
    if (failed === undefined) return
    tally.failures++
    this.#failures[failed] = (this.#failures[failed] ?? 0) + 1
  }

  count(operation?: Operation, purpose?: Purpose): number {
    let count = 0
    for (const [name, tally] of this.#operations) {
      if (operation !== undefined && name !== operation) continue
      count += purpose === undefined ? tally.requests : tally.byPurpose[purpose]
    }
    return count
  }

  snapshot(): StoreMetricsSnapshot {
    const { bytesUp, bytesDown } = this
    return {
      requests: this.count(),
      byPurpose: {
        data: this.count(undefined, 'data'),
        side: this.count(undefined, 'side'),
        probe: this.count(undefined, 'probe'),
      },
      operations: structuredClone(Object.fromEntries(this.#operations)),
      bytesUp,
      bytesDown,
      failures: { ...this.#failures },
      inFlight: this.#inFlight,
      inFlightPeak: this.#inFlightPeak,
    }
  }

  reset(): void {
    this.#operations.clear()
    this.#failures = {}
    this.bytesUp = 0
    this.bytesDown = 0
    this.#inFlightPeak = this.#inFlight
  }

  #tally(operation: Operation): Tally {
    let tally = this.#operations.get(operation)
    if (!tally) {
      tally = {
        requests: 0,
        byPurpose: { data: 0, side: 0, probe: 0 },
        failures: 0,
        latencyMsTotal: 0,
        latencyMsMax: 0,
        latencyCounts: Array.from({ length: latencyCountsLength }, () => 0),
      }
      this.#operations.set(operation, tally)
    }
    return tally
  }
}
