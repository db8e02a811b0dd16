// The contract on every wrapper by itself and on a composition as an engine builds it. Multipart is plain forwarding
// in most of them, so the slow parts run where a wrapper has its own way with them.

import { systemClock } from '../../src/base/system.ts'
import { createSeededRandom } from '../../src/base/random.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { fullCapabilities, type ObjectStore, type StoreCapabilities } from '../../src/store/store.ts'
import { withConditions } from '../../src/store/with-conditions.ts'
import { withContext } from '../../src/store/with-context.ts'
import { withFaults } from '../../src/store/with-faults.ts'
import { withLatency } from '../../src/store/with-latency.ts'
import { withLimit } from '../../src/store/with-limit.ts'
import { createStoreMetrics, withMetrics } from '../../src/store/with-metrics.ts'
import { withPrefix } from '../../src/store/with-prefix.ts'
import { withRetry } from '../../src/store/with-retry.ts'
import { lacking } from '../support/store-lacking.ts'
import { describeStoreContract } from './store-suite.ts'

const clock = systemClock
const random = createSeededRandom(7)

function contractOf(name: string, wrap: (store: ObjectStore) => ObjectStore, skipLargeParts = true): void {
  const factory = async (): Promise<{ store: ObjectStore; close(): Promise<void> }> => {
    const store = wrap(createMemoryStore())
    return { store, close: () => store.close() }
  }
  describeStoreContract(name, factory, { skipLargeParts })
}

contractOf('with-context', (store) => withContext(store, { clock, deadlineMs: 60_000 }))
contractOf('with-retry', (store) => withRetry(store, { clock, random }))
contractOf('with-limit', (store) => withLimit(store, { clock, inFlightFirst: 3 }))
contractOf('with-metrics', (store) => withMetrics(store, { clock, metrics: createStoreMetrics() }))
contractOf('with-prefix', (store) => withPrefix(store, 'some/prefix-'))
contractOf('with-latency', (store) => withLatency(store, { clock, random, delayMs: 0.1 }))
contractOf('with-faults that never strike', (store) => withFaults(store, { clock, random, rules: [] }))

contractOf('retry over slow-downs', (store) => {
  const faulty = withFaults(store, { clock, random, rules: [{ fault: 'slow-down', probability: 0.1 }] })
  return withRetry(faulty, { clock, random, delayMsFirst: 1, attemptsMax: 12 })
})

const none: Partial<StoreCapabilities> = Object.fromEntries(
  Object.entries(fullCapabilities).flatMap(([name, value]) => (value === true ? [[name, false]] : [])),
)
const sums = { md5Etags: true, checksums: true, uploadChecksums: true, anyKeys: true, copyReplaces: true }
contractOf(
  'with-conditions over COPY and DELETE without conditions',
  (store) => {
    const lacks = { copyIfMatch: false, copyIfNoneMatch: false, deleteManyIfMatch: false }
    return withConditions(lacking(store, lacks))
  },
  false,
)
contractOf('with-conditions over a store with none', (store) => withConditions(lacking(store, { ...none, ...sums })))

contractOf(
  'the composition of an engine',
  (store) => {
    const context = withContext(withPrefix(store, 'disk/'), { clock, deadlineMs: 60_000 })
    const counted = withMetrics(withLimit(context, { clock }), { clock, metrics: createStoreMetrics() })
    return withConditions(withRetry(counted, { clock, random }))
  },
  false,
)
