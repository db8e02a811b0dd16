// Carries out what windows and directories ask for: fills that nobody waits for yet, within `AheadRoom`.

import type { Logger } from '../../../base/log.ts'
import type { Inode, Version } from '../../inode.ts'
import type { BlockCache } from '../cache/block-cache.ts'
import type { CachedVersion } from '../cache/cached-version.ts'
import { isOurs, wholeBytesMax } from '../fill/object-read.ts'
import type { Fills } from '../fill/fills.ts'
import type { AheadRoom } from './ahead-room.ts'
import { DirectoryAhead } from './directory-ahead.ts'
import type { ReadWindow } from './read-window.ts'

export interface ReadAheadDeps {
  readonly cache: BlockCache
  readonly fills: Fills
  readonly room: AheadRoom
  readonly log: Logger
  readonly nextFiles: (inode: Inode, count: number) => readonly Version[]
  readonly siblings: (inode: Inode, count: number) => readonly Version[]
}

/** Bytes of one GET of a long window; shorter ones are cut in `runsPerWindow`. */
const runBytesMax: number = 8 * 1024 * 1024
const runsPerWindow = 4

export class ReadAhead {
  readonly #deps: ReadAheadDeps
  readonly #directories: DirectoryAhead

  constructor(deps: ReadAheadDeps) {
    this.#deps = deps
    this.#directories = new DirectoryAhead({
      nextFiles: deps.nextFiles,
      siblings: deps.siblings,
      fetch: (version) => this.#fetchFile(version),
    })
  }

  /** A file is read from its start; `waits`: its bytes are not there yet. */
  fileStarted(inode: Inode, version: Version, waits: boolean): void {
    this.#directories.started(inode, version, waits)
  }

  /** Reads ahead what `window` wants now. */
  extend(version: Version, window: ReadWindow): void {
    const { cache } = this.#deps
    const { blockBytes } = cache
    const range = isReadWhole(version) ? null : window.extension(version.size, blockBytes)
    if (!range) return
    const cached = cache.of(version)
    const perRun = Math.max(1, Math.floor(Math.min(runBytesMax, window.windowBytes / runsPerWindow) / blockBytes))
    const last = Math.ceil(range.to / blockBytes) - 1
    for (let first = Math.floor(range.from / blockBytes); first <= last; first++) {
      if (isThere(cached, first)) continue
      let stop = first
      while (stop < last && stop - first + 1 < perRun && !isThere(cached, stop + 1)) stop++
      if (!this.#start(cached, first, stop)) {
        window.pressed()
        window.stoppedAt(first * blockBytes)
        break
      }
      first = stop
    }
    cache.settle(cached)
  }

  #fetchFile(version: Version): 'started' | 'there' | 'full' {
    const { cache } = this.#deps
    const cached = cache.of(version)
    if (isThere(cached, 0)) return 'there'
    const last = version.size <= wholeBytesMax ? Math.ceil(version.size / cache.blockBytes) - 1 : 0
    const started = this.#start(cached, 0, last)
    cache.settle(cached)
    return started ? 'started' : 'full'
  }

  #start(cached: CachedVersion, first: number, last: number): boolean {
    const { fills, room, log } = this.#deps
    const run = { cached, first, last, small: false, ahead: true }
    if (!room.tryTake(fills.length(run))) return false
    fills.start(run).catch((error: unknown) => {
      // Whoever reads it asks again and gets his own failure.
      log.debug('read-ahead failed', { key: cached.version.key, error })
    })
    return true
  }
}

/** Parts of it could not be verified. */
function isReadWhole(version: Version): boolean {
  return version.size <= wholeBytesMax && isOurs(version) !== false
}

function isThere(cached: CachedVersion, index: number): boolean {
  return cached.blocks.has(index) || cached.fills.has(index)
}
