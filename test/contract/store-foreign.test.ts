// The contract on S3 servers that are not ours, named by BUCKETFS_TEST_S3: a JSON array of { name, endpoint, bucket,
// accessKeyId, secretAccessKey, region } as `test/support/foreign-s3.ts` sets it, one such object, or a URL like
// `http://KEY:SECRET@127.0.0.1:9000/BUCKET?region=R`. Twice each: the s3
// store by itself, holding what the probe found, and composed as an engine composes it.

import { describe, expect, it } from 'vitest'
import { systemClock, systemRandom } from '../../src/base/system.ts'
import { composeStore } from '../../src/store/compose.ts'
import { probeCapabilities } from '../../src/store/probe/probe.ts'
import { createS3Store, type S3Store } from '../../src/store/s3/s3-store.ts'
import { createStoreMetrics, withMetrics } from '../../src/store/with-metrics.ts'
import type { ForeignServer } from '../support/foreign-s3.ts'
import { failure } from '../support/store-kit.ts'
import { describeStoreContract, type ContractOptions } from './store-suite.ts'

const servers = named(process.env['BUCKETFS_TEST_S3'] ?? '')

/** What these servers get wrong, seen with the versions of `test/support/foreign-s3.ts`; each is printed as a SKIP. */
const known: Readonly<Record<string, ContractOptions>> = {
  minio: {
    faults: [
      'uploads are listed by their whole key only',
      'metadata counts longer than it is',
      'a page of one key ends a grouped listing early',
    ],
  },
  moto: { faults: ['an unknown upload is an internal error'] },
}

const clock = systemClock
const random = systemRandom

async function opened({
  accessKeyId,
  bucket,
  endpoint,
  name,
  region,
  secretAccessKey,
}: ForeignServer): Promise<S3Store> {
  const store = createS3Store({ bucket, endpoint, region, credentials: { accessKeyId, secretAccessKey } })
  const metrics = createStoreMetrics()
  const startMs = performance.now()
  const capabilities = await probeCapabilities(withMetrics(store, { clock, metrics }), { random })
  const lacks = Object.entries(capabilities).flatMap(([what, has]) =>
    has === false && what !== 'uniformParts' ? [what] : [],
  )
  const ms = Math.round(performance.now() - startMs)
  console.log(`PROBE ${name}: ${metrics.count()} requests, ${ms} ms, lacks: ${lacks.join(' ') || 'nothing'}`)
  store.adopt(capabilities)
  return store
}

if (servers.length === 0) {
  console.log('SKIP foreign S3 servers: BUCKETFS_TEST_S3 is not set (test/support/foreign-s3.ts starts some)')
  it.skip('foreign S3 servers: BUCKETFS_TEST_S3 is not set', () => {})
}

for (const server of servers) {
  describeStoreContract(
    `s3 on ${server.name}`,
    async () => {
      const store = await opened(server)
      return { store, close: () => store.close() }
    },
    known[server.name],
  )
  describeStoreContract(
    `composed s3 on ${server.name}`,
    async () => {
      const base = await opened(server)
      const { store } = composeStore(base, { clock, random, prefix: 'disk/' })
      return { store, close: () => store.close() }
    },
    known[server.name],
  )
  describe(`s3 on ${server.name}`, () => {
    it('says no-bucket for a missing bucket', async () => {
      const { accessKeyId, endpoint, secretAccessKey } = server
      const store = createS3Store({ bucket: 'no-such-bucket', endpoint, credentials: { accessKeyId, secretAccessKey } })
      await failure(store.list(), 'no-bucket')
      await failure(probeCapabilities(store, { random }), 'no-bucket')
      await store.close()
    })

    it('leaves nothing of its probe', async () => {
      const store = await opened(server)
      expect((await store.list({ prefix: '.bucketfs/' })).objects).toEqual([])
      expect(await store.listUploads('.bucketfs/')).toEqual([])
      await store.close()
    })
  })
}

function named(text: string): readonly ForeignServer[] {
  if (text === '') return []
  if (!text.startsWith('http')) {
    const value = JSON.parse(text) as ForeignServer | ForeignServer[]
    return Array.isArray(value) ? value : [value]
  }
  const { host, origin, password, pathname, searchParams, username } = new URL(text)
  const keys = { accessKeyId: decodeURIComponent(username), secretAccessKey: decodeURIComponent(password) }
  const region = searchParams.get('region') ?? 'us-east-1'
  return [{ name: host, endpoint: origin, bucket: pathname.slice(1), region, ...keys }]
}
