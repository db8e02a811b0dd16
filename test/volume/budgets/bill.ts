// What an operation costs: data requests by kind, side objects apart, bytes sent. The numbers of DESIGN §7 are checked
// against it, over a bucket in memory on a clock that stands still.

import { afterEach } from 'vitest'
import { patterned } from '../../support/store-kit.ts'
import { openKit, type KitOptions, type VolumeKit } from '../../support/volume-kit.ts'
import type { ObjectStore } from '../../../src/store/store.ts'

export interface Bill {
  readonly data: Readonly<Record<string, number>>
  /** Lazy side objects: indexes and block checksums. */
  readonly side: Readonly<Record<string, number>>
  readonly bytesUp: number
}

const opened: VolumeKit[] = []

afterEach(async () => {
  for (const kit of opened.splice(0)) await kit.close()
})

/** A volume that is closed after the test. */
export async function kitOf(options: KitOptions = {}): Promise<VolumeKit> {
  const kit = await openKit(options)
  opened.push(kit)
  return kit
}

/** Another volume on the same bucket with nothing cached, once what the first one deferred is written. */
export async function coldKit(kit: VolumeKit, options: KitOptions = {}): Promise<VolumeKit> {
  await kit.close()
  const cold = await kit.again(options)
  opened.push(cold)
  return cold
}

/** Runs `operation` and gives what it cost. */
export async function billOf(kit: VolumeKit, operation: () => Promise<unknown>): Promise<Bill> {
  kit.metrics.reset()
  await operation()
  const { operations, bytesUp } = kit.metrics.snapshot()
  const counts = (purpose: 'data' | 'side'): Record<string, number> =>
    Object.fromEntries(
      Object.entries(operations)
        .map(([name, { byPurpose }]) => [name, byPurpose[purpose]] as const)
        .filter(([, count]) => count > 0),
    )
  return { data: counts('data'), side: counts('side'), bytesUp }
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

/** More than a LIST alone leaves open: such an object can be neither symlink nor special file. */
export const plainBytes: number = 4096

/** `count` foreign objects `prefix0000`… of `bytes` each. */
export async function plant(bucket: ObjectStore, prefix: string, count: number, bytes: number): Promise<void> {
  const body = patterned(bytes)
  for (let i = 0; i < count; i++)
    await bucket.put(`${prefix}${String(i).padStart(6, '0')}`, body, { headers: { metadata: {} } })
}
