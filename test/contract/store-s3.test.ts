// The contract on the s3 store over real HTTP, against the embedded server on memory and on a directory: by itself, signing
// every body, and composed as an engine composes it. What the probe finds there must be everything.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock, systemRandom } from '../../src/base/system.ts'
import { composeStore } from '../../src/store/compose.ts'
import { createDirectoryStore } from '../../src/store/directory.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { probeCapabilities } from '../../src/store/probe/probe.ts'
import { fullCapabilities } from '../../src/store/store.ts'
import { createStoreMetrics, withMetrics } from '../../src/store/with-metrics.ts'
import { serveStore } from '../support/s3-kit.ts'
import { describeStoreContract } from './store-suite.ts'

const clock = systemClock
const random = systemRandom

describeStoreContract('s3 on the embedded server', async () => {
  const served = await serveStore(createMemoryStore())
  return { store: await served.probed(), close: () => served.close() }
})

describeStoreContract(
  's3 with signed payloads',
  async () => {
    const served = await serveStore(createMemoryStore())
    return { store: await served.probed({ signedPayload: true }), close: () => served.close() }
  },
  { skipLargeParts: true },
)

describeStoreContract('composed s3 on an embedded directory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'bucketfs-s3-'))
  const served = await serveStore(await createDirectoryStore({ root, durable: false }))
  const { store } = composeStore(await served.probed(), { clock, random, prefix: 'disk/' })
  const close = async (): Promise<void> => {
    await served.close()
    await rm(root, { recursive: true })
  }
  return { store, close }
})

describe('probe of the embedded server', () => {
  it('finds every capability, in at most 45 requests, and leaves nothing', async () => {
    const served = await serveStore(createMemoryStore())
    const store = served.open()
    const metrics = createStoreMetrics()
    const found = await probeCapabilities(withMetrics(store, { clock, metrics }), { random })
    expect(found).toEqual(fullCapabilities)
    console.log(`PROBE embedded: ${metrics.count()} requests`)
    expect(metrics.count()).toBeLessThanOrEqual(45)
    expect(metrics.count(undefined, 'probe')).toBe(metrics.count())
    expect((await store.list()).objects).toEqual([])
    expect(await store.listUploads('')).toEqual([])
    await served.close()
  })
})
