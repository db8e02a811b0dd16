// What is sent again, what never is, and how long it waits.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { createSeededRandom } from '../../src/base/random.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { withFaults, type FaultRule } from '../../src/store/with-faults.ts'
import { createStoreMetrics, withMetrics, type StoreMetrics } from '../../src/store/with-metrics.ts'
import { withRetry, type RetryOptions } from '../../src/store/with-retry.ts'
import { createManualClock, type ManualClock } from '../support/store-clock.ts'
import { failure, getText, plain, putText } from '../support/store-kit.ts'

interface Rig {
  readonly store: ObjectStore
  readonly inner: ObjectStore
  readonly clock: ManualClock
  readonly metrics: StoreMetrics
}

function rig(rules: readonly FaultRule[], options: Partial<RetryOptions> = {}): Rig {
  const clock = createManualClock()
  const random = createSeededRandom(1)
  const inner = createMemoryStore({ clock, random })
  const metrics = createStoreMetrics()
  const faulty = withMetrics(withFaults(inner, { clock, random, rules }), { clock, metrics })
  return { store: withRetry(faulty, { clock, random, ...options }), inner, clock, metrics }
}

async function settled<T>(clock: ManualClock, call: Promise<T>): Promise<T> {
  call.catch(() => undefined)
  await clock.advance(600_000)
  return call
}

describe('withRetry', () => {
  it('repeats what never took effect, conditions or not', async () => {
    const { store, clock, metrics } = rig([{ fault: 'slow-down', times: 3 }])
    await settled(clock, putText(store, 'k', 'v', { ifNoneMatch: '*' }))
    expect(metrics.count('put')).toBe(4)
  })

  it('repeats reads, unconditional puts, parts and deletes after a lost reply', async () => {
    const { store, clock, metrics } = rig([
      { fault: 'lost-reply', times: 1, operations: ['put'] },
      { fault: 'lost-reply', times: 1, operations: ['get'] },
      { fault: 'lost-reply', times: 1, operations: ['uploadPart'] },
      { fault: 'lost-reply', times: 1, operations: ['delete'] },
    ])
    await settled(clock, putText(store, 'k', 'v'))
    expect(await settled(clock, getText(store, 'k'))).toBe('v')
    const id = await store.createUpload('u', { headers: plain })
    await settled(clock, store.uploadPart('u', id, 1, utf8('x')))
    await settled(clock, store.delete('k'))
    for (const operation of ['put', 'get', 'uploadPart', 'delete'] as const) expect(metrics.count(operation)).toBe(2)
  })

  it('hands ambiguous conditional changes, completes and new uploads back after one send', async () => {
    const { store, inner, clock, metrics } = rig([{ fault: 'lost-reply' }])
    const { etag } = await putText(inner, 'k', 'old')
    const id = await inner.createUpload('u', { headers: plain })
    const part = await inner.uploadPart('u', id, 1, utf8('x'))
    const calls: readonly (() => Promise<unknown>)[] = [
      () => putText(store, 'new', 'v', { ifNoneMatch: '*' }),
      () => store.copy('k', 'copied', { ifNoneMatch: '*' }),
      () => store.completeUpload('u', id, [part]),
      () => store.createUpload('u', { headers: plain }),
      () => store.deleteMany([{ key: 'k', ifMatch: etag }]),
    ]
    for (const call of calls) expect((await failure(settled(clock, call()), 'unavailable')).ambiguous).toBe(true)
    expect(metrics.count()).toBe(calls.length)
  })

  it('never sends a body again that cannot be', async () => {
    const { store, clock, metrics } = rig([{ fault: 'slow-down', times: 1 }])
    const body = {
      size: 1,
      replayable: false,
      async *stream() {
        yield utf8('x')
      },
    }
    await failure(settled(clock, store.put('k', body, { headers: plain })), 'throttled')
    expect(metrics.count()).toBe(1)
  })

  it('waits with full jitter below a doubling bound, and at least as long as Retry-After asks', async () => {
    const jittered = rig([{ fault: 'slow-down', times: 4 }], { delayMsFirst: 100, delayMsMax: 300 })
    await settled(jittered.clock, putText(jittered.store, 'k', 'v'))
    const bounds = [100, 200, 300, 300]
    expect(jittered.clock.sleeps).toHaveLength(4)
    for (const [i, ms] of jittered.clock.sleeps.entries()) expect(ms).toBeLessThan(bounds[i] as number)
    const told = rig([{ fault: 'slow-down', times: 1, retryAfterMs: 7000 }])
    await settled(told.clock, putText(told.store, 'k', 'v'))
    expect(told.clock.sleeps).toEqual([7000])
  })

  it('gives up after its attempts, and all calls together after the budget', async () => {
    const one = rig([{ fault: 'slow-down' }], { attemptsMax: 3 })
    await failure(settled(one.clock, putText(one.store, 'k', 'v')), 'throttled')
    expect(one.metrics.count()).toBe(3)
    const all = rig([{ fault: 'slow-down' }], { attemptsMax: 100, budgetMax: 5 })
    await failure(settled(all.clock, putText(all.store, 'k', 'v')), 'throttled')
    await failure(settled(all.clock, putText(all.store, 'k', 'v')), 'throttled')
    expect(all.metrics.count()).toBe(1 + 5 + 1)
  })

  it('stops waiting when the caller aborts', async () => {
    const { store, clock } = rig([{ fault: 'slow-down' }], { delayMsFirst: 1000 })
    const controller = new AbortController()
    const call = putText(store, 'k', 'v', { signal: controller.signal })
    call.catch(() => undefined)
    await clock.advance(0)
    controller.abort(new Error('enough'))
    await failure(call, 'aborted')
    expect(clock.pending).toBe(0)
  })
})
