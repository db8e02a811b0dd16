// One memory bucket behind faults, a counter and retries, with everything an objects test needs.

import { expect } from 'vitest'
import { silentLogger } from '../../../src/base/log.ts'
import { createSeededRandom } from '../../../src/base/random.ts'
import type { Clock } from '../../../src/base/clock.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import type {
  ObjectHeaders,
  ObjectInfo,
  ObjectStore,
  StoreCapabilities,
  StoreLimits,
} from '../../../src/store/store.ts'
import { withConditions } from '../../../src/store/with-conditions.ts'
import { withFaults, type FaultRule } from '../../../src/store/with-faults.ts'
import { createStoreMetrics, withMetrics, type StoreMetrics } from '../../../src/store/with-metrics.ts'
import { withRetry } from '../../../src/store/with-retry.ts'
import type { Operation } from '../../../src/store/wrap.ts'
import { DirtyStore } from '../../../src/volume/content/dirty-store.ts'
import { FileContent, type FrozenContent } from '../../../src/volume/content/file-content.ts'
import { MemoryBudget } from '../../../src/volume/content/memory-budget.ts'
import { ContentReader } from '../../../src/volume/content/reader.ts'
import type { Version } from '../../../src/volume/inode.ts'
import { VolumeMetrics } from '../../../src/volume/metrics.ts'
import type { ObjectDeps } from '../../../src/volume/objects/object-deps.ts'
import { defaultSettings, type VolumeSettings } from '../../../src/volume/settings.ts'
import { lacking } from '../../support/store-lacking.ts'

export interface RigOptions {
  readonly rules?: readonly FaultRule[]
  readonly settings?: Partial<VolumeSettings>
  readonly limits?: Partial<StoreLimits>
  readonly capabilities?: Partial<StoreCapabilities>
  /** Sits directly on the bucket: a provider with ways of its own. */
  readonly provider?: (store: ObjectStore) => ObjectStore
}

export interface Rig {
  readonly deps: ObjectDeps
  /** The bucket itself, as foreign writers see it: neither counted nor faulty. */
  readonly bucket: ObjectStore
  readonly requests: StoreMetrics
  readonly budget: MemoryBudget
  readonly dirty: DirtyStore
  /** Requests by operation. */
  counts(): Partial<Record<Operation, number>>
  headersOf(key: string): Promise<ObjectHeaders>
  bytesOf(key: string): Promise<Uint8Array>
}

/** Parts of 8 KiB and more in place of 5 MiB, so that tests move kilobytes. */
export const smallLimits: Partial<StoreLimits> = {
  partBytesMin: 8192,
  copyBytesMax: 1024 ** 3,
  partBytesMax: 1024 ** 3,
}
export const smallSettings: Partial<VolumeSettings> = { putBytesMax: 32_768, partBytes: 16_384, partBytesLate: 131_072 }

/** Waits take no time: they move the clock on. */
function createInstantClock(): Clock {
  let elapsedMs = 0
  return {
    nowNs: () => BigInt(1_700_000_000_000 + Math.floor(elapsedMs)) * 1_000_000n,
    monotonicMs: () => elapsedMs,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      elapsedMs += ms
    },
    timer: () => () => undefined,
  }
}

export function createRig(options: RigOptions = {}): Rig {
  const clock = createInstantClock()
  const random = createSeededRandom(7)
  const bucket = createMemoryStore({ clock, random, limits: options.limits })
  const provided = options.provider?.(bucket) ?? bucket
  const requests = createStoreMetrics()
  const counted = withMetrics(withFaults(provided, { clock, random, rules: options.rules ?? [] }), {
    clock,
    metrics: requests,
  })
  const able = options.capabilities ? withConditions(lacking(counted, options.capabilities)) : counted
  const store = withRetry(able, { clock, random })
  const settings: VolumeSettings = { ...defaultSettings, uid: 1000, gid: 1000, ...options.settings }
  const metrics = new VolumeMetrics()
  const budget = new MemoryBudget(settings.memoryBytesMax)
  const reader = new ContentReader({ store, settings, metrics, budget, log: silentLogger })
  const deps: ObjectDeps = { store, clock, random, log: silentLogger, settings, metrics, reader, budget }
  return {
    deps,
    bucket,
    requests,
    budget,
    dirty: new DirtyStore({ budget }),
    counts() {
      const { operations } = requests.snapshot()
      return Object.fromEntries(Object.entries(operations).map(([name, { requests: count }]) => [name, count]))
    },
    headersOf: async (key) => (await bucket.head(key)).headers,
    bytesOf: async (key) => (await bucket.get(key)).body,
  }
}

/** A content of `bytes` only, and its frozen state. */
async function contentOf(rig: Rig, bytes: Uint8Array, base: Version | null = null): Promise<FileContent> {
  const content = new FileContent(base, 0)
  await writeAt(rig, content, 0, bytes)
  return content
}

export async function frozenOf(rig: Rig, bytes: Uint8Array, base: Version | null = null): Promise<FrozenContent> {
  return (await contentOf(rig, bytes, base)).freeze()
}

export async function writeAt(rig: Rig, content: FileContent, offset: number, bytes: Uint8Array): Promise<void> {
  const stepBytes = 4 * 1024 * 1024
  for (let done = 0; done < bytes.byteLength; done += stepBytes) {
    const step = bytes.subarray(done, done + stepBytes)
    content.write(offset + done, await rig.dirty.keep(step, { ino: 1, offset: offset + done }))
  }
}

export function versionOf(info: ObjectInfo): Version {
  const { key, etag, size, lastModified, headers, tagCount, checksum, date } = info
  return { key, etag, size, lastModified, headers, tagCount, checksum, headersDate: date, headersRead: true }
}

export async function versionAt(rig: Rig, key: string): Promise<Version> {
  return versionOf(await rig.bucket.head(key))
}

/** What `call` fails with. */
export async function thrown(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (value) => expect.fail(`expected a failure, got ${JSON.stringify(value)}`),
    (error: unknown) => error,
  )
}

/** Every header of P1 with a value of its own. */
export const allHeaders: ObjectHeaders = {
  contentType: 'text/x-special',
  contentEncoding: 'br',
  contentDisposition: 'attachment; filename="x"',
  contentLanguage: 'eo',
  cacheControl: 'max-age=7',
  expires: 'Wed, 21 Oct 2026 07:28:00 GMT',
  websiteRedirect: '/elsewhere',
  storageClass: 'STANDARD_IA',
  sse: 'AES256',
  sseKmsKeyId: 'key-1',
  sseBucketKey: true,
  objectLockMode: 'GOVERNANCE',
  objectLockRetainUntil: '2030-01-01T00:00:00Z',
  objectLockLegalHold: 'ON',
  metadata: { unknown: 'kept', 'x-other-tool': 'too', mode: '33188' },
}

export const plainHeaders: ObjectHeaders = { metadata: {} }
