// The block checksums of versions being read or just written. Read from the bucket once per version; written lazily,
// behind everybody: losing one costs only the check.

import { LRUCache } from 'lru-cache'
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
}

/** What a version without checksums costs to remember. */
const entryBytes = 256
/** Side objects waiting to be written; more are dropped, which costs only the check. */
const unwrittenMax = 256

type Known = BlockChecksums | 'none'

export class ChecksumBook {
  readonly #deps: ChecksumBookDeps
  readonly #known: LRUCache<string, Known>
  readonly #reads = new SingleFlight<string, BlockChecksums | null>()
  readonly #unwritten = new Map<string, BlockChecksums>()

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
    const known = this.#unwritten.get(id) ?? this.#known.get(id)
    if (known) return known === 'none' ? null : known
    return this.#reads.run(id, () => this.#read(id, key, etag))
  }

  /** Those of a version just written: used at once, written by the next `flush`. */
  put(checksums: BlockChecksums): void {
    const id = blockChecksumsKey(checksums.key, checksums.etag)
    this.#known.set(id, checksums)
    if (this.#deps.readOnly || this.#unwritten.size >= unwrittenMax) return
    this.#unwritten.set(id, checksums)
  }

  /** The same bytes lie under another key or ETag. */
  move(from: Version, to: Version): void {
    const id = blockChecksumsKey(from.key, from.etag)
    const known = this.#unwritten.get(id) ?? this.#known.get(id)
    this.#unwritten.delete(id)
    if (known && known !== 'none') this.put({ ...known, key: to.key, etag: to.etag })
  }

  get unwritten(): number {
    return this.#unwritten.size
  }

  /** Writes what is waiting. Failures are logged and forgotten. */
  async flush(): Promise<void> {
    while (this.#unwritten.size > 0) {
      const [[id, checksums]] = this.#unwritten as Iterable<[string, BlockChecksums]> as [[string, BlockChecksums]]
      await this.#write(checksums)
      if (this.#unwritten.get(id) === checksums) this.#unwritten.delete(id)
    }
  }

  async #write(checksums: BlockChecksums): Promise<void> {
    const { key, body } = encodeBlockChecksums(checksums)
    try {
      await this.#deps.store.put(key, body, { headers: { metadata: {} }, purpose: 'side', priority: 'background' })
    } catch (error) {
      this.#deps.log.warn('block checksums were not written', { key: checksums.key, error })
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
