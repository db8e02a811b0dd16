// A volume over a bucket in memory with the requests counted and time standing still: what most volume tests start from.

import { createSeededRandom } from '../../src/base/random.ts'
import { silentLogger } from '../../src/base/log.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { createStoreMetrics, withMetrics, type StoreMetrics } from '../../src/store/with-metrics.ts'
import { wrapStore, type StoreCall } from '../../src/store/wrap.ts'
import { resolveSettings, type VolumeSettings } from '../../src/volume/settings.ts'
import { startVolume } from '../../src/volume/start.ts'
import { O_CREAT, O_EXCL, O_TRUNC, O_WRONLY } from '../../src/volume/types.ts'
import type { Caller } from '../../src/volume/types.ts'
import type { Volume, VolumeComponents } from '../../src/volume/volume.ts'
import { createManualClock, type ManualClock } from './store-clock.ts'

export const root: Caller = { uid: 0, gid: 0, groups: [], umask: 0o022 }

export interface VolumeKit {
  readonly volume: Volume
  readonly calls: Volume['calls']
  /** The bucket itself: foreign writers use it, uncounted. */
  readonly bucket: ObjectStore
  readonly clock: ManualClock
  readonly metrics: StoreMetrics
  /** Data requests since the last call, as `{ put: 1, head: 2 }`. */
  requests(): Record<string, number>
  /** Another volume on the same bucket. */
  again(options?: KitOptions): Promise<VolumeKit>
  write(path: string, text: string, flags?: number): Promise<void>
  read(path: string): Promise<string>
  /** All keys of the bucket but our own caches. */
  keys(): Promise<string[]>
  close(): Promise<void>
}

export interface KitOptions extends Partial<VolumeSettings> {
  readonly bucket?: ObjectStore
  readonly clock?: ManualClock
  /** Runs before each request reaches the bucket; may throw. */
  readonly before?: (call: StoreCall) => Promise<void> | void
  readonly components?: Partial<VolumeComponents>
}

export async function openKit(options: KitOptions = {}): Promise<VolumeKit> {
  const { bucket: given, clock = createManualClock(), before, components, ...settings } = options
  const random = createSeededRandom(7)
  const bucket = given ?? createMemoryStore({ clock, random })
  const metrics = createStoreMetrics()
  const watched = before
    ? wrapStore(bucket, async (call, run) => {
        await before(call)
        return run()
      })
    : bucket
  const store = withMetrics(watched, { clock, metrics })
  const volume = await startVolume({
    store,
    clock,
    random: createSeededRandom(Math.floor(Math.random() * 2 ** 31)),
    log: silentLogger,
    settings: resolveSettings({ uid: 0, gid: 0, ...settings }),
    ...components,
  })
  const { calls } = volume
  metrics.reset()
  return {
    volume,
    calls,
    bucket,
    clock,
    metrics,
    requests() {
      const counts: Record<string, number> = {}
      for (const [operation, { byPurpose }] of Object.entries(metrics.snapshot().operations))
        if (byPurpose.data > 0) counts[operation] = byPurpose.data
      metrics.reset()
      return counts
    },
    again: (other = {}) => openKit({ bucket, clock, ...settings, ...other }),
    write: (path, text, flags = O_WRONLY | O_CREAT | O_TRUNC) =>
      calls.writeFile(root, path, utf8(text), { flags, mode: 0o666 }),
    read: async (path) => Buffer.from(await calls.readFile(root, path)).toString(),
    async keys() {
      const keys: string[] = []
      let token: string | undefined
      do {
        const page = await bucket.list({ token })
        keys.push(...page.objects.map(({ key }) => key))
        token = page.token
      } while (token !== undefined)
      return keys.filter((key) => !key.startsWith('.bucketfs/cache/'))
    },
    close: () => volume.close(),
  }
}

export const exclusiveFlags: number = O_WRONLY | O_CREAT | O_EXCL
