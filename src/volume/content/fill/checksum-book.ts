// The block checksums of versions being read or just written. Read from the bucket once per version; written lazily,
// behind everybody, and removed when their version is gone: losing one costs only the check.

import { LRUCache } from 'lru-cache'
import type { Clock } from '../../../base/clock.ts'
import { isStoreError } from '../../../base/errors.ts'
import type { Logger } from '../../../base/log.ts'
import { SingleFlight } from '../../../base/mutex.ts'
import { blockChecksumsKey, decodeBlockChecksums, encodeBlockChecksums } from '../../../format/block-checksums.ts'
import type { BlockChecksums } from '../../../format/block-checksums.ts'
import type { ObjectStore } from '../../../store/store.ts'
import type { Version } from '../../inode.ts'

export interface ChecksumBookDeps {
  readonly store: ObjectStore
  readonly log: Logger
  /** Bytes of checksums kept. */
  readonly bytesMax: number
  /** Nothing is written. */
  readonly readOnly: boolean
  /** Absent: written by `flush` only. */
  readonly clock?: Clock | undefined
  readonly flushIntervalMs: number
}

/** What a version without checksums costs to remember. */
const entryBytes = 256
/** Side objects waiting to be written or removed; more are dropped, which costs only the check. */
const unwrittenMax = 256

type Known = BlockChecksums | 'none'
type Unwritten = BlockChecksums | 'gone'

export class ChecksumBook {
  readonly #deps: ChecksumBookDeps
  readonly #known: LRUCache<string, Known>
  readonly #reads = new SingleFlight<string, BlockChecksums | null>()
  readonly #unwritten = new Map<string, Unwritten>()
  #cancelTimer: (() => void) | null = null
  #flushing: Promise<void> | null = null

  constructor(deps: ChecksumBookDeps) {
    this.#deps = deps
    this.#known = new LRUCache<string, Known>({
      maxSize: deps.bytesMax,
      sizeCalculation: (known) => entryBytes + (known === 'none' ? 0 : known.checksums.byteLength),
    })
  }

  /** Those of `version`, or null when there are none. Never fails: what cannot be read is not there. */
  async of({ key, etag }: Version): Promise<BlockChecksums | null> {
    const id = blockChecksumsKey(key, etag)
    const known = this.#find(id)
    if (known) return known === 'none' ? null : known
    return this.#reads.run(id, () => this.#read(id, key, etag))
  }

  /** Those of a version just written: used at once, written some time later. */
  put(checksums: BlockChecksums): void {
    const id = blockChecksumsKey(checksums.key, checksums.etag)
    this.#known.set(id, checksums)
    this.#wait(id, checksums)
  }

  /** The same bytes lie under another key or ETag. */
  move(from: Version, to: Version): void {
    const known = this.#find(blockChecksumsKey(from.key, from.etag))
    // A copy onto itself keeps both.
    if (!known || known === 'none' || (from.key === to.key && from.etag === to.etag)) return
    this.put({ ...known, key: to.key, etag: to.etag })
    this.drop(from)
  }

  /** The version is gone. */
  drop({ key, etag }: Version): void {
    const id = blockChecksumsKey(key, etag)
    const known = this.#find(id)
    if (!known || known === 'none') return
    this.#known.delete(id)
    this.#wait(id, 'gone')
  }

  get unwritten(): number {
    return this.#unwritten.size
  }

  /** Writes what is waiting. Failures are logged and forgotten. */
  flush(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#flushing ??= this.#flush().finally(() => (this.#flushing = null))
    return this.#flushing
  }

  #find(id: string): Known | undefined {
    const unwritten = this.#unwritten.get(id)
    if (unwritten === 'gone') return 'none'
    return unwritten ?? this.#known.get(id)
  }

  #wait(id: string, change: Unwritten): void {
    const { readOnly, clock, flushIntervalMs } = this.#deps
    if (readOnly || (this.#unwritten.size >= unwrittenMax && !this.#unwritten.has(id))) return
    this.#unwritten.set(id, change)
    this.#cancelTimer ??= clock?.timer(flushIntervalMs, () => void this.flush()) ?? null
  }

  async #flush(): Promise<void> {
    for (let next = first(this.#unwritten); next; next = first(this.#unwritten)) {
      const [id, change] = next
      await this.#write(id, change)
      if (this.#unwritten.get(id) === change) this.#unwritten.delete(id)
    }
  }

  async #write(id: string, change: Unwritten): Promise<void> {
    const { store, log } = this.#deps
    const call = { purpose: 'side', priority: 'background' } as const
    try {
      if (change === 'gone') await store.delete(id, call)
      else await store.put(id, encodeBlockChecksums(change).body, { ...call, headers: { metadata: {} } })
    } catch (error) {
      log.warn('block checksums were not written', { id, error })
    }
  }

  async #read(id: string, key: string, etag: string): Promise<BlockChecksums | null> {
    try {
      const { body } = await this.#deps.store.get(id, { purpose: 'side' })
      const decoded = decodeBlockChecksums(body, key, etag)
      if (decoded.ok) {
        this.#known.set(id, decoded.value)
        return decoded.value
      }
      this.#deps.log.warn('block checksums cannot be used', { key, reason: decoded.reason })
    } catch (error) {
      if (!isStoreError(error, 'not-found')) {
        // Not remembered: it may be there.
        this.#deps.log.warn('block checksums were not read', { key, error })
        return null
      }
    }
    this.#known.set(id, 'none')
    return null
  }
}

function first<K, V>(map: ReadonlyMap<K, V>): [K, V] | undefined {
  for (const entry of map) return entry
  return undefined
}
