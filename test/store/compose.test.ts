// The composition: what each layer must see of the others.

import { describe, expect, it } from 'vitest'
import { createSeededRandom } from '../../src/base/random.ts'
import { composeStore } from '../../src/store/compose.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { withFaults } from '../../src/store/with-faults.ts'
import { withLatency } from '../../src/store/with-latency.ts'
import { createManualClock } from '../support/store-clock.ts'
import { failure, getText, putText } from '../support/store-kit.ts'
import { lacking } from '../support/store-lacking.ts'

const random = createSeededRandom(5)

describe('composeStore', () => {
  it('works below the prefix, bills every send, and retries', async () => {
    const clock = createManualClock()
    const inner = createMemoryStore({ clock, random })
    const retried: string[] = []
    const faulty = withFaults(inner, { clock, random, rules: [{ fault: 'slow-down', times: 2 }] })
    const { store, metrics } = composeStore(faulty, {
      clock,
      random,
      prefix: 'disk/',
      onRetry: ({ operation }) => retried.push(operation),
    })
    const put = putText(store, 'k', 'v', { ifNoneMatch: '*' })
    await clock.advance(60_000)
    await put
    expect(await getText(inner, 'disk/k')).toBe('v')
    expect([metrics.count('put'), metrics.count()]).toEqual([3, 3])
    expect(retried).toEqual(['put', 'put'])
  })

  it('holds its requests to their number, waiting retries not among them', async () => {
    const clock = createManualClock()
    const far = withLatency(createMemoryStore({ clock, random }), { clock, random, delayMs: 10 })
    const { limitState, metrics, store } = composeStore(far, { clock, random, requestCountMax: 2 })
    const calls = Promise.all(Array.from({ length: 6 }, () => store.list()))
    await clock.advance(5)
    expect(limitState()).toMatchObject({ inFlight: 2, waiting: 4 })
    await clock.advance(100)
    await calls
    expect(metrics.count('list')).toBe(6)
  })

  it('makes up for conditions that are missing, bills the detour, and says what is unsafe', async () => {
    const clock = createManualClock()
    const unsafe: string[] = []
    const base = lacking(createMemoryStore(), { copyIfNoneMatch: false, deleteIfMatch: false })
    const { metrics, store } = composeStore(base, { clock, random, onUnsafe: (operation) => unsafe.push(operation) })
    await putText(store, 'a', 'x')
    await store.copy('a', 'b', { ifNoneMatch: '*' })
    expect([metrics.count('copy'), metrics.count('get'), metrics.count('put')]).toEqual([0, 1, 2])
    expect(unsafe).toEqual([])
    await failure(store.delete('a', { ifMatch: 'other' }), 'precondition')
    expect(unsafe).toEqual(['delete'])
  })

  it('counts conditions as unsafe where they are no single step, and sends them still', async () => {
    const unsafe: string[] = []
    const base = lacking(createMemoryStore(), { atomicConditions: false })
    const { store } = composeStore(base, {
      clock: createManualClock(),
      random,
      onUnsafe: (operation) => unsafe.push(operation),
    })
    await putText(store, 'a', 'x', { ifNoneMatch: '*' })
    await failure(putText(store, 'a', 'y', { ifNoneMatch: '*' }), 'precondition')
    await putText(store, 'a', 'z')
    expect(unsafe).toEqual(['put', 'put'])
  })

  it('is read-only when told so, and when the probe was denied', async () => {
    const clock = createManualClock()
    const denied: ObjectStore = lacking(createMemoryStore(), { readOnly: true })
    for (const { store } of [
      composeStore(denied, { clock, random }),
      composeStore(createMemoryStore(), { clock, random, readOnly: true }),
    ]) {
      await failure(putText(store, 'a', 'x'), 'read-only')
      expect((await store.list()).objects).toEqual([])
    }
  })

  it('ends a send at its deadline, not a wait in the queue', async () => {
    const clock = createManualClock()
    const far = withLatency(createMemoryStore({ clock, random }), { clock, random, delayMs: 80 })
    const { store } = composeStore(far, { clock, random, requestCountMax: 1, deadlineMs: 100 })
    const calls = Promise.all([store.list(), store.list(), store.list()])
    await clock.advance(500)
    expect(await calls).toHaveLength(3)
  })
})
