// The embedded S3 server for tests: a real HTTP server on a free loopback port over any store, with one bucket, known
// credentials and a count of what was asked of it.

import { systemClock } from '../../src/base/system.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { Logger } from '../../src/base/log.ts'
import { openBuckets } from '../../src/s3-endpoint/buckets.ts'
import { createS3Endpoint, type S3EndpointOptions } from '../../src/s3-endpoint/endpoint.ts'
import type { RequestRecord, RequestSummary } from '../../src/s3-endpoint/request-record.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { ObjectStore, StoreLimits } from '../../src/store/store.ts'

export interface TestServerOptions {
  /** Served as the bucket. Default: a fresh memory store. Closed with the server only if it was made here. */
  readonly store?: ObjectStore | undefined
  readonly bucket?: string | undefined
  /** Waited once per request before it is carried out, however many calls of the store it takes. */
  readonly latencyMs?: number | undefined
  readonly region?: string | undefined
  readonly anonymous?: boolean | undefined
  readonly domain?: string | undefined
  readonly clock?: Clock | undefined
  readonly limits?: Partial<StoreLimits> | undefined
  readonly log?: Logger | undefined
  readonly port?: number | undefined
  /** Runs before each request; what it throws (an S3Error) is the answer. */
  readonly beforeRequest?: S3EndpointOptions['beforeRequest']
}

interface RequestCounter {
  /** Every request since the start or the last `reset`, in order of completion. */
  readonly records: readonly RequestRecord[]
  readonly total: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** Requests by operation: `{ GetObject: 3, PutObject: 1 }`. */
  byOperation(): Record<string, number>
  reset(): void
}

export interface TestServer {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string
  readonly port: number
  readonly bucket: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** The store behind the bucket. */
  readonly store: ObjectStore
  readonly requests: RequestCounter
  close(): Promise<void>
}

export const testCredentials = { accessKeyId: 'AKIATESTBUCKETFS', secretAccessKey: 'test/secret+of=bucketfs' } as const

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { bucket = 'test-bucket', latencyMs = 0, clock = systemClock, beforeRequest, port = 0, ...passed } = options
  const store = options.store ?? createMemoryStore()
  const requests = createCounter()
  const endpoint = createS3Endpoint({
    ...passed,
    clock,
    buckets: openBuckets({
      stores: new Map([[bucket, store]]),
      open: () => createMemoryStore(),
      now: () => Date.now(),
    }),
    credentials: (id) => (id === testCredentials.accessKeyId ? testCredentials.secretAccessKey : undefined),
    async beforeRequest(request: RequestSummary) {
      if (latencyMs > 0) await clock.sleep(latencyMs)
      await beforeRequest?.(request)
    },
    onRequest: (record) => requests.add(record),
  })
  const listening = await endpoint.listen({ port })
  return {
    endpoint: listening.url,
    port: listening.port,
    bucket,
    region: options.region ?? 'us-east-1',
    credentials: testCredentials,
    store,
    requests,
    async close() {
      await endpoint.close()
      if (!options.store) await store.close()
    },
  }
}

function createCounter(): RequestCounter & { add(record: RequestRecord): void } {
  let records: RequestRecord[] = []
  const sum = (field: 'bytesIn' | 'bytesOut'): number => records.reduce((total, record) => total + record[field], 0)
  return {
    add: (record) => void records.push(record),
    get records() {
      return records
    },
    get total() {
      return records.length
    },
    get bytesIn() {
      return sum('bytesIn')
    },
    get bytesOut() {
      return sum('bytesOut')
    },
    byOperation() {
      const counts: Record<string, number> = {}
      for (const { operation } of records) counts[operation] = (counts[operation] ?? 0) + 1
      return counts
    },
    reset: () => void (records = []),
  }
}
