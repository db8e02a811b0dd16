// How many requests go at once, and who goes first.

import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../src/store/memory.ts'
import { createSeededRandom } from '../../src/base/random.ts'
import { withFaults } from '../../src/store/with-faults.ts'
import { withLatency } from '../../src/store/with-latency.ts'
import { withLimit } from '../../src/store/with-limit.ts'
import { createStoreMetrics, withMetrics } from '../../src/store/with-metrics.ts'
import { createManualClock } from '../support/store-clock.ts'
import { failure } from '../support/store-kit.ts'

const random = createSeededRandom(1)

describe('withLimit', () => {
  it('never has more in flight than the limit, which grows with success', async () => {
    const clock = createManualClock()
    const metrics = createStoreMetrics()
    const far = withMetrics(withLatency(createMemoryStore({ clock, random }), { clock, random, delayMs: 10 }), {
      clock,
      metrics,
    })
    const store = withLimit(far, { clock, inFlightFirst: 4, inFlightMax: 6 })
    const calls = Promise.all(Array.from({ length: 100 }, () => store.list()))
    await clock.advance(5)
    expect(metrics.snapshot().inFlight).toBe(4)
    await clock.advance(1000)
    await calls
    expect(metrics.snapshot().inFlightPeak).toBe(6)
    expect(store.limitState()).toEqual({ inFlight: 0, inFlightMax: 6, waiting: 0 })
  })

  it('halves on SlowDown, once per burst, down to its minimum', async () => {
    const clock = createManualClock()
    const faulty = withFaults(createMemoryStore({ clock, random }), { clock, random, rules: [{ fault: 'slow-down' }] })
    const store = withLimit(faulty, { clock, inFlightFirst: 16, inFlightMin: 3 })
    await Promise.all(Array.from({ length: 16 }, () => failure(store.list(), 'throttled')))
    expect(store.limitState().inFlightMax).toBe(8)
    for (let i = 0; i < 5; i++) {
      await clock.advance(1000)
      await failure(store.list(), 'throttled')
    }
    expect(store.limitState().inFlightMax).toBe(3)
  })

  it('lets what a caller waits for go first, and background work still get on', async () => {
    const clock = createManualClock()
    const far = withLatency(createMemoryStore({ clock, random }), { clock, random, delayMs: 10 })
    const store = withLimit(far, { clock, inFlightFirst: 1, inFlightMax: 1 })
    const order: string[] = []
    const run = async (name: string, priority: 'foreground' | 'background'): Promise<void> => {
      await store.list({ priority })
      order.push(name)
    }
    const calls = [run('first', 'background'), run('b1', 'background'), run('b2', 'background')]
    for (let i = 1; i <= 9; i++) calls.push(run(`f${i}`, 'foreground'))
    await clock.advance(1000)
    await Promise.all(calls)
    expect(order).toEqual(['first', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'b1', 'f8', 'f9', 'b2'])
  })

  it('bounds its queue, and an aborted wait leaves it', async () => {
    const clock = createManualClock()
    const far = withLatency(createMemoryStore({ clock, random }), { clock, random, delayMs: 10 })
    const store = withLimit(far, { clock, inFlightFirst: 1, inFlightMax: 1, queueMax: 1 })
    const first = store.list()
    const controller = new AbortController()
    const second = store.list({ signal: controller.signal })
    await failure(store.list(), 'throttled')
    controller.abort(new Error('enough'))
    await failure(second, 'aborted')
    expect(store.limitState().waiting).toBe(0)
    await clock.advance(10)
    await first
  })
})
