import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { ObjectStore } from '../../store/store.ts'
import type { VolumeMetrics } from '../metrics.ts'
import type { VolumeSettings } from '../settings.ts'

// What the tree is built from, and the numbers that are nobody's setting.

export interface TreeDeps {
  readonly store: ObjectStore
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly settings: VolumeSettings
  readonly metrics: VolumeMetrics
}

/** HEADs in flight for one call; the store's own limit is shared by all calls. */
export const headsInFlightMax = 64

/** Names asked for one by one in a directory before the whole of it is listed: 3 × 2 requests cost more than one page. */
export const missesBeforeListing = 3

/** Names a lookup's own LIST of `name/` may bring along: enough to complete small directories, too few to be slow. */
export const lookupListKeys = 100

/** Missing names remembered per directory. */
export const negativeDentriesMax = 1000

/** An object longer than this is no symlink (PATH_MAX - 1). */
export const symlinkBytesMax = 4095

/** Names removed here are remembered this long after their TTL: longer than any reply is on its way. */
export const negativeKeptMs = 60_000

/** Names settled a moment ago that a walk must still look at: more than are settled while one page is on its way. */
export const settledKeptMax = 10_000
