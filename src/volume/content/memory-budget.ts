// All the memory a volume uses for bytes, by what it is used for. Nobody allocates what was not taken here first, so
// that clean blocks, dirty bytes and requests in flight together never exceed `bytesMax` (DESIGN P5).
//
// Why it cannot lock up: a fill holds memory only while its own request is under way, and room for the largest fill is
// left by flights and dirty bytes. So fills always end, and a flight that waits for fills with memory in hand ends too.
// Dirty bytes leave flights as much as they may take themselves, so that what writes them back always has room: no
// flight takes more than half of `flightBytesMax` at once. Clean blocks are given up first, whoever asks. Waiters of
// one use are served in order; a waiting fill does not wait for a waiting flight.

import { VolumeError } from '../../base/errors.ts'

/**
 * clean: cached blocks, evicted on demand · fill: a GET under way for a block · flight: parts and bodies being
 * assembled · dirty: written bytes that the bucket does not have.
 */
export type MemoryUse = 'clean' | 'fill' | 'flight' | 'dirty'

/** Frees clean memory: gives back (`give`) about `bytes` if it can, before it returns. */
export type Reclaimer = (bytes: number) => void

/**
 * Part of a large memory that is handed out: what was let go is still there until the garbage collector runs, which it
 * does for some 64 MiB of buffers at a time (measured: about 80 MiB above what was in use while 1 GiB streams by).
 */
const heldShare = 5 / 8
/** Up to here the fills' and parts' own sizes matter more. */
const heldBytesMin: number = 32 * 1024 * 1024
/** The largest fill. */
const fillBytesMax: number = 8 * 1024 * 1024
/** Part of a large memory that flights and dirty bytes leave to fills. */
const fillShare = 1 / 8

/** Waiters of one use; more means that something is stuck. */
const waitersMax = 100_000

interface Waiter {
  readonly bytes: number
  readonly start: () => void
}

export class MemoryBudget {
  /** Most bytes in use at once. */
  readonly bytesMax: number
  /** Most dirty bytes. */
  readonly dirtyBytesMax: number
  /** Most bytes of flights and dirty together. */
  readonly flightBytesMax: number
  /** Most bytes of one fill. */
  readonly fillBytesMax: number
  readonly #used: Record<MemoryUse, number> = { clean: 0, fill: 0, flight: 0, dirty: 0 }
  readonly #waiting: Record<Exclude<MemoryUse, 'clean'>, Set<Waiter>> = {
    fill: new Set(),
    flight: new Set(),
    dirty: new Set(),
  }
  readonly #reclaimers: Reclaimer[] = []
  #total = 0
  #peak = 0
  /** While memory is being handed out, what comes back wakes nobody: the handing out goes on by itself. */
  #quiet = false

  /** Of `memoryBytesMax`, buffers waiting to be collected included. */
  constructor(memoryBytesMax: number) {
    const bytesMax = Math.min(memoryBytesMax, Math.max(heldBytesMin, Math.floor(memoryBytesMax * heldShare)))
    this.bytesMax = bytesMax
    // A memory too small for that is for tests; fills are smaller then.
    this.fillBytesMax = Math.min(fillBytesMax, Math.ceil(bytesMax / 2))
    this.flightBytesMax = bytesMax - Math.max(this.fillBytesMax, Math.ceil(bytesMax * fillShare))
    this.dirtyBytesMax = Math.floor(this.flightBytesMax / 2)
  }

  /** Bytes in use, of one kind or all. */
  used(use?: MemoryUse): number {
    return use === undefined ? this.#total : this.#used[use]
  }

  get free(): number {
    return this.bytesMax - this.#total
  }

  /** Most ever in use at once. */
  get peak(): number {
    return this.#peak
  }

  get waiting(): number {
    const { fill, flight, dirty } = this.#waiting
    return fill.size + flight.size + dirty.size
  }

  /** Asked in order of registration when memory is short. */
  addReclaimer(reclaim: Reclaimer): void {
    this.#reclaimers.push(reclaim)
  }

  /** Takes now, evicting clean blocks if need be (a new clean block evicts none), or leaves it. Waiters go first. */
  tryTake(bytes: number, use: MemoryUse = 'flight'): boolean {
    if (use !== 'clean' && this.#waiting[use].size > 0) return false
    return this.#takeNow(bytes, use)
  }

  /**
   * Waits for its turn. ENOMEM when it might never be: a fill above `fillBytesMax`, a
   * flight above half of `flightBytesMax`, dirty bytes above `dirtyBytesMax`.
   */
  async take(bytes: number, signal?: AbortSignal, use: Exclude<MemoryUse, 'clean'> = 'flight'): Promise<void> {
    if (bytes > this.#limit(use))
      throw new VolumeError('ENOMEM', { message: `${bytes} bytes at once do not fit the memory (memoryBytesMax)` })
    signal?.throwIfAborted()
    if (this.tryTake(bytes, use)) return
    const waiting = this.#waiting[use]
    if (waiting.size >= waitersMax) throw new VolumeError('ENOMEM', { message: `${waitersMax} wait for memory` })
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        waiting.delete(waiter)
        reject(signal?.reason as Error)
        this.#wake()
      }
      const start = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const waiter = { bytes, start }
      waiting.add(waiter)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  give(bytes: number, use: MemoryUse = 'flight'): void {
    this.#add(-bytes, use)
    this.#wake()
  }

  /** The same bytes are used otherwise from now on. Not for dirty bytes, which have a limit of their own. */
  move(bytes: number, from: MemoryUse, to: 'clean' | 'flight'): void {
    this.#used[from] -= bytes
    this.#used[to] += bytes
    this.#wake()
  }

  #takeNow(bytes: number, use: MemoryUse): boolean {
    if (!this.#allowed(bytes, use)) return false
    if (use !== 'clean') this.#reclaim(bytes)
    if (this.#total + bytes > this.bytesMax) return false
    this.#add(bytes, use)
    this.#peak = Math.max(this.#peak, this.#total)
    return true
  }

  #reclaim(bytes: number): void {
    // What is reclaimed is for who asked: waiters are not woken by each block that goes.
    const nested = this.#quiet
    this.#quiet = true
    for (const reclaim of this.#reclaimers) {
      const over = this.#total + bytes - this.bytesMax
      if (over <= 0) break
      reclaim(over)
    }
    this.#quiet = nested
  }

  #add(bytes: number, use: MemoryUse): void {
    this.#used[use] += bytes
    this.#total += bytes
    if (this.#used[use] < 0) throw new Error(`more ${use} memory given back than taken`)
  }

  /** The most that one taker is sure to get in the end. */
  #limit(use: MemoryUse): number {
    if (use === 'dirty') return this.dirtyBytesMax
    return use === 'flight' ? this.flightBytesMax - this.dirtyBytesMax : this.fillBytesMax
  }

  /** Whether `bytes` more stay within the shares, clean blocks left aside. */
  #allowed(bytes: number, use: MemoryUse): boolean {
    const { fill, flight, dirty } = this.#used
    if (use === 'clean') return true
    if (use === 'fill') return fill + flight + dirty + bytes <= this.bytesMax
    if (use === 'dirty' && dirty + bytes > this.dirtyBytesMax) return false
    return flight + dirty + bytes <= this.flightBytesMax
  }

  #wake(): void {
    if (this.#quiet || this.waiting === 0) return
    this.#quiet = true
    for (const use of ['fill', 'flight', 'dirty'] as const) {
      const waiting = this.#waiting[use]
      for (const waiter of waiting) {
        if (!this.#takeNow(waiter.bytes, use)) break
        waiting.delete(waiter)
        waiter.start()
      }
    }
    this.#quiet = false
  }
}
