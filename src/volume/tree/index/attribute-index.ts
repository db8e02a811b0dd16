import { isStoreError } from '../../../base/errors.ts'
import { Mutex } from '../../../base/mutex.ts'
import type { AttributeRow } from '../../../format/attribute-index.ts'
import type { Inode } from '../../inode.ts'
import type { Name } from '../../types.ts'
import { forEachBounded } from '../concurrency.ts'
import { stateOf } from '../dentries.ts'
import type { RowChange, RowChanges } from './index-merge.ts'
import { IndexObject } from './index-object.ts'
import { applyDefaults, applyRow, applyTimes, rowHolds, rowOf } from './index-rows.ts'
import type { TreeContext } from '../tree-context.ts'

// The attribute indexes of all directories (DESIGN §5): rows that spare a HEAD per name. What is learned of an entry is
// collected here and written once in a while, per directory, and at flush. A cache and nothing else: no failure of it
// reaches a caller, and a lost or damaged index costs requests only.

/** Rows kept of indexes that were read, over all directories; the least recently used index goes first. */
const rowsKeptMax = 50_000
const indexesKeptMax = 4000

/** Rows waiting to be written; past it the directory that waits longest is forgotten. */
const rowsWaitingMax = 100_000

/** Entries of unknown attributes from which on a GET of the index is cheaper than their HEADs. */
const worthwhileCount = 2

const writesInFlightMax = 16

interface Kept {
  readonly object: IndexObject
  readonly mutex: Mutex
}

export class AttributeIndexes {
  readonly #context: TreeContext
  /** By the directory's prefix, least recently used first. */
  readonly #kept = new Map<string, Kept>()
  /** Changes not yet written, by directory, longest waiting first. */
  readonly #waiting = new Map<Inode, Map<Name, RowChange>>()
  #waitingCount = 0
  #cancelTimer: (() => void) | null = null
  #flushing: Promise<void> = Promise.resolve()
  #refused = false
  #closed = false

  constructor(context: TreeContext) {
    this.#context = context
    this.#refused = context.settings.readOnly
  }

  /** Whether looking into the index of `directory` is cheaper than asking for `count` entries one by one. */
  isWorthwhile(directory: Inode, count: number): boolean {
    if (!this.#isIndexed(directory)) return false
    const kept = this.#kept.get(this.#context.places.prefixOf(directory))
    if (kept?.object.isFresh(this.#maxAgeMs)) return !kept.object.isEmpty || this.#waiting.has(directory)
    return count >= worthwhileCount
  }

  /** Makes attributes of those entries known whose row holds. With `foreignMetadata: 'ignore'` the others get defaults. */
  async apply(directory: Inode, group: readonly Inode[]): Promise<void> {
    const rows = await this.#rowsOf(directory, group)
    if (!rows) return
    const { dentries, metrics, settings } = this.#context
    for (const inode of group) {
      const { place } = inode
      if (place?.parent !== directory || inode.dirty || inode.attributesKnown || inode.remoteLock.busy) continue
      const shownMs = dentries.provenMs(directory, place.name)
      if (shownMs === undefined) continue
      const provenMs = inode.directory ? inode.directory.markerSeenMs : shownMs
      const row = rows.get(place.name)
      if (row && rowHolds(row, inode, settings)) {
        applyRow(row, inode, provenMs + settings.attributesTtlMs)
        metrics.count('indexRowsUsed')
      } else {
        if (row) metrics.count('indexRowsStale')
        const isMissing = settings.foreignMetadata === 'ignore'
        if (isMissing) applyDefaults(inode, Math.max(provenMs, shownMs) + settings.attributesTtlMs)
      }
    }
  }

  /** Gives a directory the times that entries made and removed gave it, as far as a row read before knows them. */
  recallTimes(inode: Inode): void {
    const { place, base } = inode
    if (!place || inode.directory?.hasMarker === undefined || inode.dirty) return
    const kept = this.#kept.get(this.#context.places.prefixOf(place.parent))
    const change = this.#waiting.get(place.parent)?.get(place.name)
    const rows = change?.isOwn ? [change.row] : [change?.row, kept?.object.known(place.name)]
    for (const row of rows)
      if (row && row.etag === (base?.etag ?? '') && row.lastModified === (base?.lastModified ?? 0))
        applyTimes(row, inode)
  }

  /** What is known of `inode` now is to be written some time. `isOwn`: our own write told it. */
  note(inode: Inode, isOwn = false): void {
    const { place } = inode
    if (!place || this.#refused || this.#closed || !this.#isIndexed(place.parent)) return
    if (inode.directory && !isOwn) this.recallTimes(inode)
    const row = rowOf(place.name, inode)
    if (row) this.#wait(place.parent, place.name, { row, isOwn })
  }

  /** The name is no more. */
  removed(directory: Inode, name: Name): void {
    if (this.#refused || this.#closed || !this.#isIndexed(directory)) return
    this.#wait(directory, name, { row: null, isOwn: true })
  }

  /** Writes all changes collected so far. Never rejects. */
  flush(): Promise<void> {
    this.#stopTimer()
    this.#flushing = this.#flushing.then(() => this.#flush())
    return this.#flushing
  }

  async close(): Promise<void> {
    await this.flush()
    this.#closed = true
    this.#stopTimer()
    this.#kept.clear()
    this.#waiting.clear()
    this.#waitingCount = 0
  }

  get #maxAgeMs(): number {
    return this.#context.settings.indexFlushIntervalMs
  }

  /** The system folder has none; an unlinked directory has no prefix. */
  #isIndexed(directory: Inode): boolean {
    const { places } = this.#context
    return (directory === places.root || directory.place !== null) && places.systemDepth(directory) === 0
  }

  async #rowsOf(directory: Inode, group: readonly Inode[]): Promise<Map<Name, AttributeRow> | null> {
    const names = group.flatMap(({ place }) => (place?.parent === directory ? place.name : []))
    const kept = this.#keep(this.#context.places.prefixOf(directory))
    try {
      const found = await kept.mutex.run(() => kept.object.rowsOf(names, this.#maxAgeMs))
      this.#trim()
      const rows = new Map(found.map((row) => [row.name, row]))
      for (const name of names) {
        const row = this.#waiting.get(directory)?.get(name)?.row
        if (row) rows.set(name, row)
      }
      return rows
    } catch (error) {
      this.#context.log.debug('attribute index: cannot be read', { prefix: kept.object.prefix, error })
      return null
    }
  }

  #keep(prefix: string): Kept {
    const kept = this.#kept.get(prefix) ?? { object: new IndexObject(this.#context, prefix), mutex: new Mutex() }
    this.#kept.delete(prefix)
    this.#kept.set(prefix, kept)
    return kept
  }

  #trim(): void {
    let rows = 0
    for (const { object } of this.#kept.values()) rows += object.rowCount
    for (const [prefix, { object, mutex }] of this.#kept) {
      if (rows <= rowsKeptMax && this.#kept.size <= indexesKeptMax) return
      if (mutex.busy) continue
      rows -= object.rowCount
      this.#kept.delete(prefix)
    }
  }

  #wait(directory: Inode, name: Name, change: RowChange): void {
    let changes = this.#waiting.get(directory)
    if (!changes) this.#waiting.set(directory, (changes = new Map()))
    const before = changes.get(name)
    if (!before) this.#waitingCount++
    changes.set(name, { row: change.row, isOwn: change.isOwn || before?.isOwn === true })
    for (const [oldest, forgotten] of this.#waiting) {
      if (this.#waitingCount <= rowsWaitingMax || oldest === directory) break
      this.#waiting.delete(oldest)
      this.#waitingCount -= forgotten.size
    }
    this.#startTimer()
  }

  #startTimer(): void {
    if (this.#cancelTimer) return
    this.#cancelTimer = this.#context.clock.timer(this.#maxAgeMs, () => {
      this.#cancelTimer = null
      void this.flush()
    })
  }

  #stopTimer(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }

  async #flush(): Promise<void> {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    this.#waitingCount = 0
    await forEachBounded(waiting, writesInFlightMax, ([directory, changes]) => this.#write(directory, changes))
    this.#trim()
  }

  async #write(directory: Inode, changes: RowChanges): Promise<void> {
    if (this.#refused || !this.#isIndexed(directory)) return
    const prefix = this.#context.places.prefixOf(directory)
    const kept = this.#keep(prefix)
    const state = stateOf(directory)
    const isGone = (name: Name): boolean =>
      state.completeUntilMs > this.#context.clock.monotonicMs() && !state.dentries.get(name)?.inode
    try {
      if (await kept.mutex.run(() => kept.object.merge(changes, isGone))) this.#context.metrics.count('indexWrites')
    } catch (error) {
      this.#refused = isStoreError(error, 'denied', 'read-only', 'unsupported')
      this.#context.log.debug('attribute index: cannot be written', { prefix, error })
    }
  }
}
