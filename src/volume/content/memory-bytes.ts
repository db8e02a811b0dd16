// Dirty bytes in memory. Small ones of all files share slabs, so that a thousand writes of ten bytes cost no thousand
// buffers; a slab lives until the last of its bytes is released. The budget counts slabs and buffers whole, and a slab
// takes only so many runs: what describes a run costs memory too, which a million writes of one byte would not show.

import type { DirtyBytes } from './dirty-bytes.ts'
import type { MemoryBudget } from './memory-budget.ts'

/** Writes up to this size go into a slab. */
const smallBytesMax: number = 32 * 1024
/** Small against the least memory (four parts), large against a small write. */
export const slabBytes: number = 256 * 1024

/** Runs in one slab: each then counts for 128 bytes or more. Runs that were joined count as one. */
const slabRunsMax = slabBytes / 128

/** A buffer of the budget, filled from the front, given back when nothing in it is referenced. */
class Slab {
  readonly buffer: Uint8Array
  readonly #budget: MemoryBudget
  used = 0
  runs = 0
  references = 0

  constructor(budget: MemoryBudget, size: number) {
    this.#budget = budget
    this.buffer = new Uint8Array(size)
  }

  has(room: number): boolean {
    return this.references > 0 && this.runs < slabRunsMax && this.used + room <= this.buffer.byteLength
  }

  release(): void {
    if (--this.references === 0) this.#budget.give(this.buffer.byteLength, 'dirty')
  }
}

class MemoryBytes implements DirtyBytes {
  readonly inMemory = true
  readonly #slab: Slab
  readonly #start: number
  #length: number
  #references = 1

  constructor(slab: Slab, start: number, length: number) {
    this.#slab = slab
    this.#start = start
    this.#length = length
    slab.references++
    slab.runs++
  }

  get length(): number {
    return this.#length
  }

  retain(): void {
    this.#references++
  }

  release(): void {
    if (--this.#references === 0) this.#slab.release()
    else if (this.#references < 0) throw new Error('dirty bytes released twice')
  }

  view(offset: number, length: number): Uint8Array {
    const start = this.#start + offset
    return this.#slab.buffer.subarray(start, Math.min(start + length, this.#start + this.#length))
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return Promise.resolve(this.view(offset, length))
  }

  extend(next: DirtyBytes): boolean {
    if (!(next instanceof MemoryBytes) || next.#slab !== this.#slab) return false
    if (next.#start !== this.#start + this.#length) return false
    this.#length += next.#length
    this.#slab.runs--
    next.release()
    return true
  }
}

/** Copies bytes into memory that the caller has taken from the budget. */
export class MemoryKeeper {
  readonly #budget: MemoryBudget
  #slab: Slab | null = null

  constructor(budget: MemoryBudget) {
    this.#budget = budget
  }

  /** Dirty memory to take before `keep(bytes)`: 0 when they fit the slab at hand. */
  cost(length: number): number {
    if (length > smallBytesMax) return length
    return this.#slab?.has(length) ? 0 : slabBytes
  }

  /** Right after `cost(bytes.length)` was taken, with no await between. */
  keep(bytes: Uint8Array): DirtyBytes {
    const slab = this.#slabFor(bytes.byteLength)
    const start = slab.used
    slab.buffer.set(bytes, start)
    slab.used += bytes.byteLength
    return new MemoryBytes(slab, start, bytes.byteLength)
  }

  #slabFor(length: number): Slab {
    if (length > smallBytesMax) return new Slab(this.#budget, length)
    // One of which everything was released has given its memory back.
    if (this.#slab?.has(length)) return this.#slab
    return (this.#slab = new Slab(this.#budget, slabBytes))
  }
}
