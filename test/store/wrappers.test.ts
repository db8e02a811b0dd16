// The remaining wrappers: context, metrics, read-only, faults, conditions.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { createSeededRandom } from '../../src/base/random.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { withConditions } from '../../src/store/with-conditions.ts'
import { withContext } from '../../src/store/with-context.ts'
import { withFaults, type FaultKind, type FaultRule } from '../../src/store/with-faults.ts'
import { withLatency } from '../../src/store/with-latency.ts'
import { createStoreMetrics, withMetrics } from '../../src/store/with-metrics.ts'
import { withReadOnly } from '../../src/store/with-read-only.ts'
import { createManualClock } from '../support/store-clock.ts'
import { failure, getText, plain, putText } from '../support/store-kit.ts'
import { lacking } from '../support/store-lacking.ts'

const random = createSeededRandom(3)

describe('withContext', () => {
  it('ends a call at its deadline, marking a change ambiguous and leaving no timer', async () => {
    const clock = createManualClock()
    const far = withLatency(createMemoryStore({ clock, random }), { clock, random, delayMs: 1000 })
    const store = withContext(far, { clock, deadlineMs: (operation) => (operation === 'list' ? undefined : 100) })
    const calls = [failure(putText(store, 'k', 'v'), 'timeout'), failure(store.head('k'), 'timeout')]
    const list = store.list()
    await clock.advance(100)
    const [put, head] = await Promise.all(calls)
    expect(put).toMatchObject({ operation: 'put', key: 'k', ambiguous: true })
    expect(head).toMatchObject({ operation: 'head', key: 'k', ambiguous: false })
    await clock.advance(1000)
    expect((await list).objects).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it('names operation, key and kind of errors that are not ours', async () => {
    const clock = createManualClock()
    const failing = (error: Error): ObjectStore => {
      const inner = createMemoryStore({ clock, random })
      return withContext({ ...inner, put: () => Promise.reject(error) }, { clock })
    }
    const full = Object.assign(new Error('disk full'), { code: 'ENOSPC' })
    expect(await failure(putText(failing(full), 'k', 'v'), 'no-space')).toMatchObject({ key: 'k', cause: full })
    const bug = new TypeError('x is undefined')
    expect(await failure(putText(failing(bug), 'k', 'v'), 'invalid')).toMatchObject({ operation: 'put', cause: bug })
  })
})

describe('withMetrics', () => {
  it('counts requests by operation and purpose, bytes each way, failures and latency', async () => {
    const clock = createManualClock()
    const metrics = createStoreMetrics()
    const far = withLatency(createMemoryStore({ clock, random }), { clock, random, delayMs: 10 })
    const store = withMetrics(far, { clock, metrics })
    const calls = (async () => {
      await putText(store, 'k', '12345', { purpose: 'side' })
      await store.get('k', { range: { offset: 0, length: 2 } })
      await failure(store.head('none'), 'not-found')
    })()
    await clock.advance(100)
    await calls
    expect(metrics.snapshot()).toMatchObject({
      requests: 3,
      byPurpose: { data: 2, side: 1, probe: 0 },
      bytesUp: 5,
      bytesDown: 2,
      failures: { 'not-found': 1 },
      inFlight: 0,
      operations: { put: { requests: 1, latencyMsTotal: 10, latencyMsMax: 10 }, head: { failures: 1 } },
    })
    expect(metrics.snapshot().operations.get?.latencyCounts[4]).toBe(1)
    expect([metrics.count('put'), metrics.count('put', 'data'), metrics.count(undefined, 'side')]).toEqual([1, 0, 1])
    metrics.reset()
    expect(metrics.count()).toBe(0)
  })
})

describe('withReadOnly', () => {
  it('refuses every change and serves reads', async () => {
    const inner = createMemoryStore()
    await putText(inner, 'k', 'v')
    const store = withReadOnly(inner)
    expect(await getText(store, 'k')).toBe('v')
    const changes = [
      putText(store, 'k', 'x'),
      store.copy('k', 'l'),
      store.delete('k'),
      store.deleteMany([{ key: 'k' }]),
      store.createUpload('k', { headers: plain }),
    ]
    for (const change of changes) await failure(change, 'read-only')
    expect((await inner.list()).objects).toHaveLength(1)
  })
})

describe('withFaults', () => {
  const faulty = (rules: readonly FaultRule[], inner = createMemoryStore()): ObjectStore =>
    withFaults(inner, { clock: createManualClock(), random, rules })

  it('loses a request before and a reply after the effect', async () => {
    const inner = createMemoryStore()
    const before = faulty([{ fault: 'lost-request' }], inner)
    expect((await failure(putText(before, 'a', 'v'), 'unavailable')).ambiguous).toBe(true)
    await failure(inner.head('a'), 'not-found')
    const after = faulty([{ fault: 'lost-reply' }], inner)
    expect((await failure(putText(after, 'a', 'v'), 'unavailable')).ambiguous).toBe(true)
    expect(await getText(inner, 'a')).toBe('v')
  })

  it('delivers twice, damages bodies, and strikes where and as often as told', async () => {
    const inner = createMemoryStore()
    await failure(
      putText(faulty([{ fault: 'duplicate' }], inner), 'a', '0123456789', { ifNoneMatch: '*' }),
      'precondition',
    )
    const cut = await faulty([{ fault: 'truncated-body' }], inner).get('a')
    expect(cut.body.byteLength).toBeLessThan(10)
    const flipping = faulty([{ fault: 'flipped-body', after: 1, times: 1, matches: ({ key }) => key === 'a' }], inner)
    const texts = [await getText(flipping, 'a'), await getText(flipping, 'a'), await getText(flipping, 'a')]
    expect(texts.map((text) => text === '0123456789')).toEqual([true, false, true])
    expect(await getText(inner, 'a')).toBe('0123456789')
  })

  it('replays from its seed', async () => {
    const trace = async (seed: number): Promise<FaultKind[]> => {
      const struck: FaultKind[] = []
      const store = withFaults(createMemoryStore(), {
        clock: createManualClock(),
        random: createSeededRandom(seed),
        rules: [
          { fault: 'slow-down', probability: 0.3 },
          { fault: 'lost-reply', probability: 0.3 },
        ],
        onFault: (fault) => struck.push(fault),
      })
      for (let i = 0; i < 30; i++) await store.list().catch(() => undefined)
      return struck
    }
    expect(await trace(5)).toEqual(await trace(5))
    expect(await trace(5)).not.toEqual(await trace(6))
  })
})

describe('withConditions', () => {
  it('moves a small object by GET and conditional PUT where COPY ignores conditions, with nothing unsafe', async () => {
    const clock = createManualClock()
    const metrics = createStoreMetrics()
    const unsafe: string[] = []
    const lacks = lacking(createMemoryStore(), { copyIfMatch: false, copyIfNoneMatch: false })
    const store = withConditions(withMetrics(lacks, { clock, metrics }), {
      onUnsafe: (operation) => unsafe.push(operation),
    })
    await putText(store, 'a', 'body', { headers: { contentType: 'x/y', metadata: { n: 'v' } }, tags: 'a=1' })
    metrics.reset()
    await store.copy('a', 'b', { ifNoneMatch: '*' })
    expect([metrics.count('copy'), metrics.count('get'), metrics.count('put')]).toEqual([0, 1, 1])
    expect((await store.head('b')).headers).toEqual({ contentType: 'x/y', metadata: { n: 'v' } })
    expect(await store.getTags('b')).toBe('a=1')
    expect(store.capabilities.copyIfNoneMatch).toBe(true)
    expect(unsafe).toEqual([])
  })

  it('looks first where nothing else is left, and says so', async () => {
    const unsafe: string[] = []
    const inner = lacking(createMemoryStore(), {
      putIfNoneMatch: false,
      deleteIfMatch: false,
      deleteManyIfMatch: false,
    })
    const store = withConditions(inner, { onUnsafe: (operation) => unsafe.push(operation) })
    const { etag } = await putText(store, 'a', '1', { ifNoneMatch: '*' })
    await failure(putText(store, 'a', '2', { ifNoneMatch: '*' }), 'precondition')
    await failure(store.delete('a', { ifMatch: 'other' }), 'precondition')
    const failures = await store.deleteMany([{ key: 'a', ifMatch: 'other' }, { key: 'b' }])
    expect(failures.map(({ key }) => key)).toEqual(['a'])
    expect(await getText(store, 'a')).toBe('1')
    await store.delete('a', { ifMatch: etag })
    expect(unsafe).toEqual(['put', 'put', 'delete', 'delete', 'delete'])
    expect(store.capabilities.putIfNoneMatch).toBe(false)
    await store.put('a', utf8('plain'), { headers: plain })
    expect(unsafe).toHaveLength(5)
  })
})
