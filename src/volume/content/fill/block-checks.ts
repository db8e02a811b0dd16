// Checksums per block of a large object of ours (DESIGN P8): made while it is written, kept beside it under its ETag, read back
// once per version and applied to every ranged read. The unit does not depend on this volume's block size.

import { crc32 } from '../../../base/bytes.ts'
import type { BlockChecksums } from '../../../format/block-checksums.ts'

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

/** What small random reads fetch, so that those can be verified too. */
const unitBytes = 64 * KiB
/** Larger files: 64 KiB units of a TiB would be 16 million checksums. */
const unitBytesLarge = MiB
const unitsMax = (16 * GiB) / unitBytes

/** Takes the bytes of an object as they are sent, and ends with its checksums. */
export class BlockChecksumBuilder {
  readonly #fine = new Map<number, number>()
  readonly #coarse = new Map<number, number>()

  /** `offset` is a multiple of 1 MiB, `bytes` too unless they are the last. Parts may come in any order, and again. */
  add(offset: number, bytes: Uint8Array): void {
    if (offset % unitBytesLarge !== 0) throw new Error(`checksums of parts begin at whole MiB, not at ${offset}`)
    if (offset / unitBytes < unitsMax) addUnits(this.#fine, unitBytes, offset, bytes)
    addUnits(this.#coarse, unitBytesLarge, offset, bytes)
  }

  /** Null when some bytes were never seen. */
  build(key: string, etag: string, size: number): BlockChecksums | null {
    const fine = Math.ceil(size / unitBytes) <= unitsMax
    const units = fine ? this.#fine : this.#coarse
    const blockBytes = fine ? unitBytes : unitBytesLarge
    const checksums = new Uint32Array(Math.ceil(size / blockBytes))
    for (let i = 0; i < checksums.length; i++) {
      const crc = units.get(i)
      if (crc === undefined) return null
      checksums[i] = crc
    }
    return { key, etag, size, blockBytes, checksums }
  }
}

/** Whether `bytes` at `offset` are right as far as whole units of them go; undefined when some belong to no whole unit. */
export function verifyBlocks(bytes: Uint8Array, offset: number, checks: BlockChecksums): boolean | undefined {
  const { blockBytes, checksums, size } = checks
  const end = offset + bytes.byteLength
  let covered = offset % blockBytes === 0 && (end % blockBytes === 0 || end === size)
  for (let i = Math.ceil(offset / blockBytes); i < checksums.length; i++) {
    const start = i * blockBytes
    const stop = Math.min(start + blockBytes, size)
    if (stop > end) break
    if (crc32(bytes.subarray(start - offset, stop - offset)) !== checksums[i]) return false
    if (start === offset && stop === end) covered = true
  }
  return covered ? true : undefined
}

function addUnits(units: Map<number, number>, unit: number, offset: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength; at += unit)
    units.set((offset + at) / unit, crc32(bytes.subarray(at, at + unit)))
}
