// The shared cache's memory: written by the engine's thread only, read by every attached thread without asking.
//
//   head          the generations, see `head`
//   attributes    slots of `attributesSlotBytes`: what stat and lstat show, ENOENT included
//   contents      slots of a few sizes: whole small files, listings
//
// Each slot is guarded by a seqlock: its first word is odd while it is being written and differs after. A reader copies
// what it wants, looks at the word again, and throws the copy away if it moved. `serial` names the use of a slot: a
// thread that remembers (slot, serial) for a path knows that the slot still speaks of that path while the serial is the
// same, so no path is ever compared or hashed here. Serial 0: empty.
//
// A slot is believed when its generation (names, or names and absences) is the current one and its expiry, in
// milliseconds of the machine's monotonic clock (process.hrtime, the same in all threads), is not past.

import { KiB, MiB } from '../../base/bytes.ts'

/** Words (Int32) of the head. */
export const head = {
  /** Counted up when a name that may be part of any path changed its meaning: everything cached is void. */
  names: 0,
  /** Counted up when a name came into being: every cached absence is void. */
  absences: 1,
} as const

const headBytes = 64

/** Words (Int32) at the start of every slot. */
export const slotWords = {
  sequence: 0,
  serial: 1,
  generation: 2,
  /** See `kinds`. */
  kind: 3,
  /** Contents: length in bytes. Attributes: index of the file type. */
  length: 4,
  /** Set by readers, cleared by the engine: a second chance before the slot is used for something else. */
  used: 5,
} as const

export const kinds = { attributes: 1, missing: 2, file: 3, listing: 4 } as const

/** Float64 index of the expiry, in every slot. */
export const expiryDouble = 3

/** Attributes, after the words: doubles, then 64-bit integers, then words. */
export const attributesDoubles = { ino: 4, size: 5, rdev: 6 } as const
export const attributesInts = { atimeNs: 7, mtimeNs: 8, ctimeNs: 9, birthtimeNs: 10 } as const
export const attributesWords = { mode: 22, nlink: 23, uid: 24, gid: 25 } as const

export const attributesSlotBytes = 128
export const attributesSlotCount = 32_768
/** Words and expiry before the bytes of a contents slot. */
export const contentsHeadBytes = 32

export interface SizeClass {
  readonly bytes: number
  readonly count: number
}

/** Most files and listings are small; the largest is what one read of a large file asks for at a time. 16 MiB in all. */
export const sizeClasses: readonly SizeClass[] = [
  { bytes: 4 * KiB, count: 1536 },
  { bytes: 16 * KiB, count: 256 },
  { bytes: 48 * KiB, count: 64 },
  { bytes: 128 * KiB, count: 24 },
]

export const contentsBytesMax: number = 128 * KiB

export interface ContentsRegion extends SizeClass {
  /** Byte offset of its first slot. */
  readonly start: number
  /** Number of its first slot among all contents slots. */
  readonly firstSlot: number
  readonly slotBytes: number
}

export const attributesStart: number = headBytes
const contentsStart = attributesStart + attributesSlotBytes * attributesSlotCount

export const contentsRegions: readonly ContentsRegion[] = placeRegions()

export const cacheBytes: number = endOfRegions()
if (cacheBytes > 20 * MiB + 512 * KiB) throw new RangeError('the shared cache has outgrown its bound')

export interface CacheMemory {
  readonly memory: SharedArrayBuffer
  readonly words: Int32Array
  readonly doubles: Float64Array
  readonly ints: BigInt64Array
  readonly bytes: Buffer
}

export function createCacheMemory(): CacheMemory {
  return openCacheMemory(new SharedArrayBuffer(cacheBytes))
}

export function openCacheMemory(memory: SharedArrayBuffer): CacheMemory {
  return {
    memory,
    words: new Int32Array(memory),
    doubles: new Float64Array(memory),
    ints: new BigInt64Array(memory),
    bytes: Buffer.from(memory),
  }
}

/** Byte offset of a contents slot. */
export function contentsOffset(slot: number): number {
  for (const region of contentsRegions)
    if (slot < region.firstSlot + region.count) return region.start + (slot - region.firstSlot) * region.slotBytes
  throw new RangeError(`no contents slot ${slot}`)
}

/** Milliseconds that `performance.now()` of this thread lags behind the machine's monotonic clock. */
export function monotonicOffsetMs(): number {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now()
}

function placeRegions(): ContentsRegion[] {
  const regions: ContentsRegion[] = []
  let start = contentsStart
  let firstSlot = 0
  for (const { bytes, count } of sizeClasses) {
    const slotBytes = contentsHeadBytes + bytes
    regions.push({ bytes, count, start, firstSlot, slotBytes })
    start += slotBytes * count
    firstSlot += count
  }
  return regions
}

function endOfRegions(): number {
  const last = contentsRegions.at(-1) as ContentsRegion
  return last.start + last.slotBytes * last.count
}
