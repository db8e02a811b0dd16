// A tree over a bucket in memory, a clock that stands still, a foreign writer on the same bucket, and a bill.

import { utf8 } from '../../../src/base/bytes.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { createSeededRandom } from '../../../src/base/random.ts'
import { encodeMetadata } from '../../../src/format/metadata.ts'
import type { EncodedAttributes } from '../../../src/format/metadata.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import type { ObjectHeaders, ObjectStore, WriteReply } from '../../../src/store/store.ts'
import type { StoreMetrics } from '../../../src/store/with-metrics.ts'
import { createStoreMetrics, withMetrics } from '../../../src/store/with-metrics.ts'
import type { Inode } from '../../../src/volume/inode.ts'
import { VolumeMetrics } from '../../../src/volume/metrics.ts'
import { resolveSettings } from '../../../src/volume/settings.ts'
import type { VolumeSettings } from '../../../src/volume/settings.ts'
import { Tree } from '../../../src/volume/tree/tree.ts'
import { createManualClock } from '../../support/store-clock.ts'
import type { ManualClock } from '../../support/store-clock.ts'

export interface TreeKit {
  readonly tree: Tree
  readonly clock: ManualClock
  /** The bucket without the counter: the foreign writer's way. */
  readonly bucket: ObjectStore
  readonly bill: StoreMetrics
  readonly metrics: VolumeMetrics
  /** Requests since the last call, as `{ head: 1, list: 2 }`; side objects as `side get`. */
  spent(): Record<string, number>
  /** A tree of another volume on the same bucket and clock. */
  another(settings?: Partial<VolumeSettings>): TreeKit
  put(key: string, text?: string, headers?: ObjectHeaders): Promise<WriteReply>
  /** By path, absolute; '' and '/' are the root. */
  at(path: string, options?: { readonly attributes?: boolean }): Promise<Inode | null>
  names(path: string): Promise<string[]>
}

export interface TreeKitOptions {
  readonly bucket?: ObjectStore
  readonly clock?: ManualClock
  readonly settings?: Partial<VolumeSettings>
  /** Put between the counter and the bucket. */
  readonly around?: (store: ObjectStore) => ObjectStore
}

export function createTreeKit(options: TreeKitOptions = {}): TreeKit {
  const clock = options.clock ?? createManualClock()
  const random = createSeededRandom(7)
  const bucket = options.bucket ?? createMemoryStore({ clock, random })
  const bill = createStoreMetrics()
  const store = withMetrics(options.around?.(bucket) ?? bucket, { metrics: bill, clock })
  const settings = resolveSettings({ uid: 501, gid: 20, ...options.settings })
  const metrics = new VolumeMetrics()
  const tree = new Tree({ store, clock, random, log: silentLogger, settings, metrics })
  const at = async (path: string, lookup: { readonly attributes?: boolean } = {}): Promise<Inode | null> => {
    let inode: Inode | null = tree.root
    const names = path.split('/').filter((name) => name !== '')
    for (const [i, name] of names.entries()) {
      if (!inode) return null
      inode = await tree.lookupMaybe(inode, name, i === names.length - 1 ? lookup : { expectDirectory: true })
    }
    return inode
  }
  return {
    tree,
    clock,
    bucket,
    bill,
    metrics,
    spent() {
      const spent: Record<string, number> = {}
      for (const [operation, { byPurpose }] of Object.entries(bill.snapshot().operations)) {
        if (byPurpose.data > 0) spent[operation] = byPurpose.data
        if (byPurpose.side > 0) spent[`side ${operation}`] = byPurpose.side
      }
      bill.reset()
      return spent
    },
    another: (other) => createTreeKit({ ...options, bucket, clock, settings: { ...options.settings, ...other } }),
    put: (key, text = 'x', headers = { metadata: {} }) => bucket.put(key, utf8(text), { headers }),
    at,
    async names(path) {
      const directory = await at(path)
      if (!directory) throw new Error(`${path} is not there`)
      return (await tree.list(directory)).map(({ name }) => name)
    },
  }
}

/** Headers as another bucketfs, or s3fs, writes them. */
export function posixHeaders(attributes: Partial<EncodedAttributes> = {}): ObjectHeaders {
  const time = 1_000_000_000_000_000_000n
  const whole = {
    mode: 0o100644,
    uid: 1,
    gid: 2,
    rdev: 0,
    mtimeNs: time,
    ctimeNs: time,
    atimeNs: time,
    atimeSet: false,
  }
  return encodeMetadata<ObjectHeaders>(undefined, {
    attributes: { ...whole, ...attributes },
    xattrs: undefined,
    writeId: '0'.repeat(32),
    contents: 'new',
  }).headers
}

/** Longer than any symlink, so that its type is certain from a LIST. */
export const large: string = 'x'.repeat(5000)
