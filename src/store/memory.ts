// `memory:`: a bucket in memory, bytes in memfs, with all of S3's conditions and limits. With a Clock and a Random of
// the caller's it is deterministic: no date, dice or timer of its own.

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { systemClock, systemRandom } from '../base/system.ts'
import { createLocalStore } from './local/local-store.ts'
import { createMemoryFiles } from './local/memory-files.ts'
import { MemoryShelf } from './local/memory-shelf.ts'
import type { ObjectStore, StoreLimits } from './store.ts'

export interface MemoryStoreOptions {
  /** Gives LastModified and Date. Default: the system's. */
  readonly clock?: Clock | undefined
  /** Gives upload ids. Default: the system's. */
  readonly random?: Random | undefined
  /** Default: S3's own. */
  readonly limits?: Partial<StoreLimits> | undefined
}

export function createMemoryStore(options: MemoryStoreOptions = {}): ObjectStore {
  const { clock = systemClock, random = systemRandom, limits } = options
  return createLocalStore({ shelf: new MemoryShelf(createMemoryFiles(['/bytes', '/uploads'])), clock, random, limits })
}
