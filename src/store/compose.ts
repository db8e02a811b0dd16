// The wrappers of an engine around one bucket, in the only order that works, from the inside out:
//
//   prefix     the bucket is the disk's part of it; everything outside sees the disk's own keys
//   context    each send has an end, and its failure says what and where
//   limit      of sends in flight; the queue does not count against a send's deadline
//   metrics    every send is a request on the bill, retries included
//   retry      waits between sends without holding a place in the limit
//   conditions detours are made of retried, counted calls
//   read-only  refused before anything is sent
//
// The composition root makes a base store, probes it (`probe/probe.ts`) or takes a kept result, and composes.

import type { Clock } from '../base/clock.ts'
import type { StoreError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { ObjectStore } from './store.ts'
import { withConditions } from './with-conditions.ts'
import { withContext } from './with-context.ts'
import { withLimit, type LimitState } from './with-limit.ts'
import { createStoreMetrics, withMetrics, type StoreMetrics } from './with-metrics.ts'
import { withPrefix } from './with-prefix.ts'
import { withReadOnly } from './with-read-only.ts'
import { withRetry, type RetryOptions } from './with-retry.ts'
import type { Operation, StoreCall } from './wrap.ts'

export interface ComposeOptions {
  readonly clock: Clock
  readonly random: Random
  /** The disk's part of the bucket; '' or a prefix that ends in a slash. */
  readonly prefix?: string | undefined
  /** Also when the probe was denied a write. */
  readonly readOnly?: boolean | undefined
  /** Requests in flight at most. */
  readonly requestCountMax?: number | undefined
  /** An end for each send. Stores over a network have deadlines that know the size; default none. */
  readonly deadlineMs?: number | undefined
  readonly retry?: Partial<Omit<RetryOptions, 'clock' | 'random' | 'onRetry'>> | undefined
  /** Shared by several stores of one volume. */
  readonly metrics?: StoreMetrics | undefined
  readonly onUnsafe?: ((operation: Operation) => void) | undefined
  readonly onRetry?: ((call: StoreCall, error: StoreError, delayMs: number) => void) | undefined
}

export interface ComposedStore {
  readonly store: ObjectStore
  readonly metrics: StoreMetrics
  readonly limitState: () => LimitState
}

export function composeStore(base: ObjectStore, options: ComposeOptions): ComposedStore {
  const { clock, random, deadlineMs, onRetry, onUnsafe, requestCountMax } = options
  const metrics = options.metrics ?? createStoreMetrics()
  const named = withContext(withPrefix(base, options.prefix ?? ''), { clock, deadlineMs })
  const limited = withLimit(named, { clock, inFlightMax: requestCountMax })
  const retried = withRetry(withMetrics(limited, { clock, metrics }), { ...options.retry, clock, random, onRetry })
  const whole = withConditions(retried, { onUnsafe })
  const readOnly = options.readOnly ?? base.capabilities.readOnly ?? false
  return { store: readOnly ? withReadOnly(whole) : whole, metrics, limitState: () => limited.limitState() }
}
