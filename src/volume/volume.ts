// The volume: one bucket as a tree of inodes, for every door.

import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { ObjectStore } from '../store/store.ts'
import type { VolumeCalls } from './calls.ts'
import type { LocalFiles } from './local-files.ts'
import type { CachedPath } from './paths/cached-path.ts'
import type { VolumeSettings } from './settings.ts'
import type { Ino, VolumeEvent } from './types.ts'

/** What a volume is built from. `settings` are resolved (`resolveSettings`; uid/gid no longer -1). */
export interface VolumeComponents {
  readonly store: ObjectStore
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly settings: VolumeSettings
  /** Folder of the journal; needed by `durability: 'journal'`. Replayed at open. */
  readonly journalFiles?: LocalFiles | undefined
  /** Journal folders whose owner died: replayed and emptied at open. */
  readonly orphanedJournals?: readonly LocalFiles[] | undefined
  /** Folder for dirty bytes that do not fit in memory. Absent: memory only. */
  readonly spoolFiles?: LocalFiles | undefined
  /** Folder of the disk block cache. Absent: memory only. */
  readonly cacheFiles?: LocalFiles | undefined
}

/** An open volume. */
export interface Volume {
  readonly calls: VolumeCalls
  readonly settings: VolumeSettings
  /** Changes by this volume and foreign ones it learned of; called synchronously before the change is acknowledged. */
  subscribe(listener: (event: VolumeEvent) => void): () => void
  /** Monotonic ms until which the name and attributes of `ino` may be used without asking; 0 when unknown. */
  trustedUntilMs(ino: Ino): number
  /** What the caches know of a path, without asking the bucket; `cachedPath` in paths/cached-path.ts. */
  cachedPath?(path: string, followLast: boolean): CachedPath | undefined
  /** Plain data: counters and gauges. */
  metrics(): Readonly<Record<string, unknown>>
  /** Everything dirty is in the bucket when it returns; rejects with the first failure. */
  sync(): Promise<void>
  /** Drains, then releases everything but the store. Idempotent; calls afterwards fail with EBADF. */
  close(): Promise<void>
}
