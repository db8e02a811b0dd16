// What the parts of a volume share: one object, built once by `start.ts`. Parts that need each other find each other
// here, so that none of them has to be constructed before the other.
//
// Lock order, outermost first: names.tangle → PendingName.lock → Inode.remoteLock. The write lock of an inode
// (`handles/writes.ts`) is taken on its own: nobody waits for the bucket while holding it, but for memory.

import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { ObjectStore } from '../store/store.ts'
import type { DirtyStore } from './content/dirty-store.ts'
import type { MemoryBudget } from './content/memory-budget.ts'
import type { ContentReader } from './content/reader.ts'
import type { Events } from './events.ts'
import type { OpenFiles } from './handles/open-files.ts'
import type { VolumeJournal } from './journal/volume-journal.ts'
import type { VolumeMetrics } from './metrics.ts'
import type { Moves } from './names/moves/moves.ts'
import type { PendingNames } from './names/pending-names.ts'
import type { WriteBack } from './names/write-back.ts'
import type { ServerTime } from './server-time.ts'
import type { VolumeSettings } from './settings.ts'
import type { Tree } from './tree/tree.ts'

export interface VolumeContext {
  /** Random id of this open volume, in intents. */
  readonly ownerId: string
  readonly store: ObjectStore
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly settings: VolumeSettings
  readonly metrics: VolumeMetrics
  readonly serverTime: ServerTime
  readonly tree: Tree
  readonly budget: MemoryBudget
  readonly reader: ContentReader
  readonly dirtyStore: DirtyStore
  readonly events: Events
  readonly journal: VolumeJournal
  readonly names: PendingNames
  readonly moves: Moves
  readonly writeBack: WriteBack
  readonly files: OpenFiles
}
