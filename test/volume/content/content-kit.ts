// What the tests of file contents share: versions, and a reader over a counted, distant, faulty store.

import { expect } from 'vitest'
import { silentLogger } from '../../../src/base/log.ts'
import { createSeededRandom } from '../../../src/base/random.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import type { ObjectHeaders, ObjectInfo, ObjectStore } from '../../../src/store/store.ts'
import { withFaults, type FaultRule } from '../../../src/store/with-faults.ts'
import { withLatency } from '../../../src/store/with-latency.ts'
import { wrapStore } from '../../../src/store/wrap.ts'
import type { DiskCache } from '../../../src/volume/content/cache/disk-cache.ts'
import { MemoryBudget } from '../../../src/volume/content/memory-budget.ts'
import { ContentReader } from '../../../src/volume/content/reader.ts'
import { Inode } from '../../../src/volume/inode.ts'
import type { Version } from '../../../src/volume/inode.ts'
import { VolumeMetrics } from '../../../src/volume/metrics.ts'
import { resolveSettings, type VolumeSettings } from '../../../src/volume/settings.ts'
import { createManualClock, type ManualClock } from '../../support/store-clock.ts'
import { plain } from '../../support/store-kit.ts'

export const KiB = 1024
export const MiB: number = 1024 * KiB

export function versionOf(key: string, etag: string, size: number): Version {
  return { key, etag, size, lastModified: 0 }
}

export interface SeenGet {
  readonly key: string
  /** Absent: whole. */
  readonly range: { readonly offset: number; readonly length: number } | undefined
  readonly purpose: string
}

export interface RigOptions {
  readonly memoryBytesMax?: number
  readonly settings?: Partial<VolumeSettings>
  readonly rules?: readonly FaultRule[]
  readonly delayMs?: number
  readonly disk?: DiskCache | undefined
  readonly nextFiles?: (inode: Inode, count: number) => readonly Version[]
  readonly siblings?: (inode: Inode, count: number) => readonly Version[]
  readonly store?: ObjectStore
  /** A provider that records none. */
  readonly hideChecksums?: boolean
  readonly capabilities?: Partial<ObjectStore['capabilities']>
}

export interface Rig {
  readonly clock: ManualClock
  readonly store: ObjectStore
  readonly reader: ContentReader
  readonly budget: MemoryBudget
  readonly metrics: VolumeMetrics
  /** GETs for data in the order they were sent. */
  readonly gets: SeenGet[]
  readonly infos: ObjectInfo[]
  put(key: string, bytes: Uint8Array, headers?: ObjectHeaders): Promise<Version>
}

export function createRig(options: RigOptions = {}): Rig {
  const clock = createManualClock()
  const random = createSeededRandom(7)
  const store = options.store ?? createMemoryStore({ clock, random })
  const gets: SeenGet[] = []
  const infos: ObjectInfo[] = []
  const seen = wrapStore(store, async (call, run) => {
    if (call.operation === 'get') {
      const { range } = call.options as { range?: SeenGet['range'] }
      gets.push({ key: call.key as string, range, purpose: call.options.purpose ?? 'data' })
    }
    const reply = await run()
    return options.hideChecksums && call.operation === 'get' ? { ...reply, checksum: undefined } : reply
  })
  const able: ObjectStore = { ...seen, capabilities: { ...seen.capabilities, ...options.capabilities } }
  const faulty = options.rules ? withFaults(able, { clock, random, rules: options.rules }) : able
  const far = options.delayMs ? withLatency(faulty, { clock, random, delayMs: options.delayMs }) : faulty
  const settings = resolveSettings(options.settings ?? {})
  const budget = new MemoryBudget(options.memoryBytesMax ?? settings.memoryBytesMax)
  const metrics = new VolumeMetrics()
  const reader = new ContentReader({
    store: far,
    settings,
    metrics,
    budget,
    log: silentLogger,
    clock,
    disk: options.disk,
    nextFiles: options.nextFiles,
    siblings: options.siblings,
    onInfo: (_version, info) => infos.push(info),
  })
  return {
    clock,
    store,
    reader,
    budget,
    metrics,
    gets,
    infos,
    async put(key, bytes, headers = plain) {
      const { etag } = await store.put(key, bytes, { headers })
      return versionOf(key, etag, bytes.byteLength)
    },
  }
}

export function inodeOf(ino: number, parent?: Inode, name = `f${ino}`): Inode {
  const attributes = {
    mode: 0o100644,
    uid: 0,
    gid: 0,
    rdev: 0,
    size: 0,
    atimeNs: 0n,
    mtimeNs: 0n,
    ctimeNs: 0n,
    birthtimeNs: 0n,
    atimeSet: false,
  }
  const inode = new Inode(ino, 'file', attributes)
  if (parent) inode.place = { parent, name }
  return inode
}

/** Moves the clock on until `work` has ended; gives the virtual milliseconds it took. */
export async function elapse(clock: ManualClock, work: Promise<unknown>, stepMs = 1): Promise<number> {
  const startMs = clock.monotonicMs()
  let done = false
  void work.then(
    () => (done = true),
    () => (done = true),
  )
  for (let i = 0; !done; i++) {
    if (i > 1_000_000) throw new Error('never ends')
    await new Promise((resolve) => setImmediate(resolve))
    if (!done) await clock.advance(stepMs)
  }
  await work
  return clock.monotonicMs() - startMs
}

/** As `expect(actual).toEqual(expected)`, quickly. */
export function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.byteLength).toBe(expected.byteLength)
  expect(Buffer.compare(actual, expected)).toBe(0)
}
