// Where written bytes live until the bucket has them: in memory while the budget allows, else in the spool, else the
// writer waits until write-back has made room. Under `durability: 'journal'` every write is in the spool anyway (the
// journal's data records) and memory is only the faster copy.

import { VolumeError } from '../../base/errors.ts'
import type { DirtyBytes, DirtyOwner, Spool, SpoolRef } from './dirty-bytes.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { MemoryKeeper } from './memory-bytes.ts'

export interface DirtyStoreOptions {
  readonly budget: MemoryBudget
  /** Absent: memory only. */
  readonly spool?: Spool | undefined
  /** Every write goes through the spool before it is acknowledged: the spool is a journal. */
  readonly spoolFirst?: boolean | undefined
  /** Called when a writer has to wait: something should be written back now, an open file too. */
  readonly onShort?: (() => void) | undefined
}

export class DirtyStore {
  readonly #budget: MemoryBudget
  readonly #memory: MemoryKeeper
  readonly #spool: Spool | undefined
  readonly #spoolFirst: boolean
  readonly #onShort: () => void

  constructor(options: DirtyStoreOptions) {
    this.#budget = options.budget
    this.#memory = new MemoryKeeper(options.budget)
    this.#spool = options.spool
    this.#spoolFirst = options.spoolFirst ?? false
    this.#onShort = options.onShort ?? ((): void => {})
  }

  /**
   * Copies `bytes` (borrowed until settled); the result carries one reference. At most `keepBytesMax` at a time, else
   * EFBIG. ENOSPC when neither memory nor spool has room; without a spool it waits for memory, until `signal`.
   */
  async keep(bytes: Uint8Array, owner: DirtyOwner, signal?: AbortSignal): Promise<DirtyBytes> {
    const { byteLength } = bytes
    if (byteLength > keepBytesMax) throw new VolumeError('EFBIG', { message: `over ${keepBytesMax} bytes at once` })
    if (this.#spool && this.#spoolFirst) return this.#keepBoth(this.#spool, bytes, owner)
    const kept = this.#keepNow(bytes)
    if (kept) return kept
    if (this.#spool) return new SpooledBytes(this.#spool, await this.#spool.append(owner, bytes))
    return this.#keepLater(bytes, signal)
  }

  #keepNow(bytes: Uint8Array): DirtyBytes | undefined {
    const cost = this.#memory.cost(bytes.byteLength)
    if (cost > 0 && !this.#budget.tryTake(cost, 'dirty')) return undefined
    return this.#memory.keep(bytes)
  }

  async #keepLater(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<DirtyBytes> {
    this.#onShort()
    const cost = this.#memory.cost(bytes.byteLength)
    await this.#budget.take(cost, signal, 'dirty')
    // Meanwhile others may have opened a slab with room: then what was taken is not needed.
    if (this.#memory.cost(bytes.byteLength) === cost) return this.#memory.keep(bytes)
    const kept = this.#memory.keep(bytes)
    this.#budget.give(cost, 'dirty')
    return kept
  }

  async #keepBoth(spool: Spool, bytes: Uint8Array, owner: DirtyOwner): Promise<DirtyBytes> {
    const ref = await spool.append(owner, bytes)
    return new SpooledBytes(spool, ref, this.#keepNow(bytes))
  }
}

/** Most bytes of one `keep`; larger writes are cut by the caller, so that even the least memory has room for one. */
export const keepBytesMax: number = 4 * 1024 * 1024

/** Dirty bytes in the spool, with a copy in memory while there was room for one. */
class SpooledBytes implements DirtyBytes {
  readonly #spool: Spool
  #ref: SpoolRef
  readonly #copy: DirtyBytes | undefined
  #references = 1

  constructor(spool: Spool, ref: SpoolRef, copy?: DirtyBytes) {
    this.#spool = spool
    this.#ref = ref
    this.#copy = copy
  }

  get length(): number {
    return this.#ref.length
  }

  get inMemory(): boolean {
    return this.#copy !== undefined
  }

  get spooled(): SpoolRef {
    return this.#ref
  }

  retain(): void {
    this.#references++
  }

  release(): void {
    if (--this.#references > 0) return
    if (this.#references < 0) throw new Error('dirty bytes released twice')
    this.#copy?.release()
    this.#spool.release(this.#ref)
  }

  view(offset: number, length: number): Uint8Array | undefined {
    return this.#copy?.view(offset, length)
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    if (this.#copy) return this.#copy.read(offset, length)
    return this.#spool.read(this.#ref, offset, Math.min(length, this.length - offset))
  }

  extend(next: DirtyBytes): boolean {
    if (!(next instanceof SpooledBytes) || this.#copy || next.#copy || next.#references > 1) return false
    const ref = this.#spool.join?.(this.#ref, next.#ref)
    if (!ref) return false
    this.#ref = ref
    return true
  }
}
