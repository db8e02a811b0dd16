// Checksums per block of a large object of ours (DESIGN P8): made while it is written, kept beside it under its ETag,
// read back once per version and applied to every ranged read. The unit does not depend on this volume's block size.

import { crc32 } from '../../../base/bytes.ts'
import type { BlockChecksums } from '../../../format/block-checksums.ts'

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

/** What small random reads fetch, so that those can be verified too. */
const unitBytes: number = 64 * KiB
/** Units of files above `fineBytesMax`: 64 KiB ones of a TiB would be 16 million checksums. */
const unitBytesLarge: number = MiB
/** Largest file of which small blocks can be verified. */
export const fineBytesMax: number = 16 * GiB

/** Of a block that nobody saw. One in four billion that was seen has it too, and goes unchecked. */
const unknownChecksum = 0

/** Takes the bytes of an object as they are sent, and ends with its checksums. */
export class BlockChecksumBuilder {
  readonly #fine = new Units(unitBytes)
  readonly #coarse = new Units(unitBytesLarge)

  /** `offset` is a multiple of 1 MiB, `bytes` too unless they are the last. Parts may come in any order, and again. */
  add(offset: number, bytes: Uint8Array): void {
    if (offset % unitBytesLarge !== 0) throw new Error(`checksums of parts begin at whole MiB, not at ${offset}`)
    if (offset < fineBytesMax) this.#fine.add(offset, bytes)
    this.#coarse.add(offset, bytes)
  }

  /** Other bytes come there now. */
  forget(offset: number, length: number): void {
    for (const units of [this.#fine, this.#coarse]) units.forget(offset, offset + length)
  }

  /** What is known of blocks that were copied whole from `from`, at the same offset. `size`: of the object being made. */
  inherit(offset: number, length: number, from: BlockChecksums, size: number): void {
    for (const units of [this.#fine, this.#coarse])
      if (units.bytes === from.blockBytes) units.inherit(offset, offset + length, from, size)
  }

  /** Null when most bytes were never seen; a block that was not has the checksum 0. */
  build(key: string, etag: string, size: number): BlockChecksums | null {
    const units = size <= fineBytesMax ? this.#fine : this.#coarse
    const checksums = units.checksums(size)
    return checksums && { key, etag, size, blockBytes: units.bytes, checksums }
  }
}

/**
 * Whether `bytes` at `offset` are right as far as whole units of them go; undefined when some belong to no whole unit, or
 * to one without a checksum.
 */
export function verifyBlocks(bytes: Uint8Array, offset: number, checks: BlockChecksums): boolean | undefined {
  const { blockBytes, checksums, size } = checks
  const end = offset + bytes.byteLength
  let whole = offset % blockBytes === 0 && (end % blockBytes === 0 || end === size)
  for (let i = Math.ceil(offset / blockBytes); i < checksums.length; i++) {
    const start = i * blockBytes
    const stop = Math.min(start + blockBytes, size)
    if (stop > end) break
    if (checksums[i] === unknownChecksum) whole = false
    else if (crc32(bytes.subarray(start - offset, stop - offset)) !== checksums[i]) return false
  }
  return whole ? true : undefined
}

/** A growing table of checksums, five bytes each: a file of terabytes has millions. */
class Units {
  readonly bytes: number
  #checksums = new Uint32Array(64)
  #seen = new Uint8Array(64)

  constructor(bytes: number) {
    this.bytes = bytes
  }

  add(offset: number, bytes: Uint8Array): void {
    const first = offset / this.bytes
    this.#grow(first + Math.ceil(bytes.byteLength / this.bytes))
    for (let at = 0, i = first; at < bytes.byteLength; at += this.bytes, i++) {
      this.#checksums[i] = crc32(bytes.subarray(at, at + this.bytes))
      this.#seen[i] = 1
    }
  }

  forget(start: number, end: number): void {
    this.#seen.fill(0, Math.floor(start / this.bytes), Math.ceil(end / this.bytes))
  }

  inherit(start: number, end: number, from: BlockChecksums, size: number): void {
    for (let i = Math.ceil(start / this.bytes); i < from.checksums.length; i++) {
      const stop = Math.min((i + 1) * this.bytes, from.size)
      // The short block at its end is another one where the new object goes on.
      if (stop > end || (stop % this.bytes !== 0 && from.size !== size)) break
      const checksum = from.checksums[i] as number
      this.#grow(i + 1)
      this.#checksums[i] = checksum
      this.#seen[i] = checksum === unknownChecksum ? 0 : 1
    }
  }

  checksums(size: number): Uint32Array | null {
    const count = Math.ceil(size / this.bytes)
    this.#grow(count)
    let seenCount = 0
    for (let i = 0; i < count; i++) {
      if (this.#seen[i]) seenCount++
      else this.#checksums[i] = unknownChecksum
    }
    return seenCount * 2 > count ? this.#checksums.slice(0, count) : null
  }

  #grow(count: number): void {
    const length = this.#seen.length
    if (count <= length) return
    const checksums = new Uint32Array(Math.max(count, 2 * length))
    const seen = new Uint8Array(checksums.length)
    checksums.set(this.#checksums)
    seen.set(this.#seen)
    this.#checksums = checksums
    this.#seen = seen
  }
}
