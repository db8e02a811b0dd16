import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { CallOptions, ObjectStore } from '../../store/store.ts'
import type { ContentReader } from '../content/reader.ts'
import type { MemoryBudget } from '../content/memory-budget.ts'
import type { VolumeMetrics } from '../metrics.ts'
import type { VolumeSettings } from '../settings.ts'

// One object at a time: how a version is put into the bucket, copied, removed, and what is known afterwards. No tree, no
// names, no queue: callers (write-back) bring a key, a condition and contents, and hold the inode's `remoteLock`.
//
// Invariants of this folder:
// - Every change goes out with a condition on what is there (P2). 412, 409, 404 and a lost reply are never trusted by
//   themselves: one HEAD decides (outcome/doubt.ts), and only our write id in it means that it was us.
// - Nothing is acknowledged unproven (P3): a checksum or an MD5 ETag that disagrees is looked at and written again.
// - A rewrite carries all headers and tags on (P1): REPLACE, PUT and createUpload send every one of them again.
// - Bytes on their way that are not in memory anyway are taken from the memory budget (P5).
// - An upload that is not completed is aborted; if that fails too, `doctor` finds it.
// - A StoreError for which `isUnknownOutcome` holds leaves the bucket old or new: keep the frozen content and the write
//   id, and call again with both; everything else thrown means that nothing of ours is under the key.
//
// Read next: write-object.ts (which way contents go), put-object.ts (one PUT), parts/part-plan.ts (many parts), outcome/doubt.ts.

/** What is used of the reader. */
export type ObjectReader = Pick<
  ContentReader,
  'read' | 'move' | 'checksumBuilder' | 'inheritChecksums' | 'keepChecksums'
>

export interface ObjectDeps {
  readonly store: ObjectStore
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly settings: VolumeSettings
  readonly metrics: VolumeMetrics
  readonly reader: ObjectReader
  readonly budget: MemoryBudget
}

/** How a caller wants the requests of one job to be sent. */
export interface JobOptions {
  readonly signal?: AbortSignal | undefined
  /** Whether somebody waits for it: its requests go before background work. Default true. */
  readonly waiting?: boolean | undefined
}

export function callOptions(job: JobOptions): CallOptions {
  return { signal: job.signal, priority: job.waiting === false ? 'background' : 'foreground', purpose: 'data' }
}

/** Sends of one conditional change, and rewrites of bytes that arrived wrong. */
export const sendsMax = 5
/** Upper bound of the pause before a change is sent again; doubles with each. */
export const sendDelayMsFirst = 50
/** Parts of one object under way at once; the budget and the store's own limit bound them further. */
export const partsInFlightMax = 16
