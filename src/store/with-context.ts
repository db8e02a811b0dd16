// Every failure says its operation and key, and every call ends: by its caller's signal or by a deadline.

import type { Clock } from '../base/clock.ts'
import { StoreError } from '../base/errors.ts'
import { toStoreError, type ErrorPlace } from './foreign-error.ts'
import type { ObjectStore } from './store.ts'
import { mutations, wrapStore, type Operation } from './wrap.ts'

export interface ContextOptions {
  readonly clock: Clock
  /** Milliseconds a call may take. Absent: no deadline. */
  readonly deadlineMs?: number | ((operation: Operation) => number | undefined) | undefined
}

export function withContext(store: ObjectStore, options: ContextOptions): ObjectStore {
  const { clock, deadlineMs } = options
  return wrapStore(store, async (call, run) => {
    const { operation, key } = call
    const { signal } = call.options
    const ambiguous = mutations.has(operation)
    if (signal?.aborted) throw new StoreError({ kind: 'aborted', operation, key, cause: signal.reason })
    const ms = typeof deadlineMs === 'function' ? deadlineMs(operation) : deadlineMs
    if (ms === undefined && signal === undefined) return named(run(), { operation, key, ambiguous })
    const controller = new AbortController()
    let fail: (error: StoreError) => void = () => {}
    // The call is raced, not only signalled: an inner store that ignores its signal still cannot hold the caller.
    const ended = new Promise<never>((_, reject) => {
      fail = (error) => {
        reject(error)
        controller.abort(error)
      }
    })
    const onAbort = (): void =>
      fail(new StoreError({ kind: 'aborted', operation, key, cause: signal?.reason, ambiguous }))
    signal?.addEventListener('abort', onAbort, { once: true })
    const cancel =
      ms === undefined
        ? undefined
        : clock.timer(ms, () => {
            fail(new StoreError({ kind: 'timeout', operation, key, message: `no answer in ${ms} ms`, ambiguous }))
          })
    try {
      return await Promise.race([run({ signal: controller.signal }), ended])
    } catch (error) {
      throw toStoreError(error, { operation, key, ambiguous, signal: controller.signal })
    } finally {
      cancel?.()
      signal?.removeEventListener('abort', onAbort)
    }
  })
}

/** The usual call: nothing can end it but its store. */
async function named<T>(call: Promise<T>, place: ErrorPlace): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw toStoreError(error, place)
  }
}
