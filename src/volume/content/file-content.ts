// The contents of one changed file: a piece table over a base version. Everything is synchronous; whoever reads or
// writes back works on `freeze()`, which nothing changes any more.
//
// Generations: `freeze` ends one. What is made later carries a higher number, so that after a write-back `rebase` knows
// which pieces the new version holds (same bytes at the same offsets: a piece never moves) and which are newer.
// References: one per dirty piece here, one per dirty piece of each frozen view until `rebase` or `thaw`.

import type { Version } from '../inode.ts'
import { clippedPieces, joinAll, replaceRange } from './extents.ts'
import type { Piece } from './extents.ts'
import type { DirtyBytes } from './dirty-bytes.ts'

/** A state of a file that nothing changes. Its 'base' pieces are bytes of `base`, which is then not null. */
export interface FrozenContent {
  readonly base: Version | null
  readonly size: number
  readonly pieces: readonly Piece[]
  readonly generation: number
}

export class FileContent {
  #base: Version | null
  #pieces: Piece[] = []
  #size: number
  #generation = 1
  /** Dirty and zero bytes; with `dirtyBytes` kept up to date by `#count`. */
  #dirtyBytes = 0
  #holeBytes = 0
  readonly #frozen = new Set<FrozenContent>()

  /** All of `base`, or its first `baseBytes`. */
  constructor(base: Version | null, baseBytes: number = base?.size ?? 0) {
    this.#base = base
    this.#size = Math.min(baseBytes, base?.size ?? 0)
    if (this.#size > 0) this.#pieces.push({ kind: 'base', offset: 0, length: this.#size, generation: 0 })
  }

  get size(): number {
    return this.#size
  }

  get base(): Version | null {
    return this.#base
  }

  /** Bytes that only this volume has. */
  get dirtyBytes(): number {
    return this.#dirtyBytes
  }

  get holeBytes(): number {
    return this.#holeBytes
  }

  /** Each dirty one is counted by the budget as some bytes more (memory-bytes.ts). */
  get pieceCount(): number {
    return this.#pieces.length
  }

  /** The generation changes carry now; one more than that of the last `freeze`. */
  get generation(): number {
    return this.#generation
  }

  /** Nothing to write back: exactly the base. */
  get isClean(): boolean {
    return this.#base !== null && this.#dirtyBytes === 0 && this.#holeBytes === 0 && this.#size === this.#base.size
  }

  /** Takes over one reference to `bytes`. A gap between the end and `offset` becomes a hole. */
  write(offset: number, bytes: DirtyBytes): void {
    const { length } = bytes
    if (length === 0) return bytes.release()
    if (offset > this.#size) this.truncate(offset)
    if (offset === this.#size && this.#extendLast(bytes, length)) return
    const piece: Piece = { kind: 'dirty', offset, length, generation: this.#generation, bytes, start: 0 }
    this.#replace(offset, offset + length, piece)
    this.#dirtyBytes += length
    this.#size = Math.max(this.#size, offset + length)
  }

  /** Growth is a hole. */
  truncate(size: number): void {
    if (size < this.#size) this.#replace(size, this.#size, null)
    else if (size > this.#size) this.#zero(this.#size, size)
    this.#size = size
  }

  /** Zeros within the file; the size stays. */
  punch(offset: number, length: number): void {
    const end = Math.min(offset + length, this.#size)
    if (offset < end) this.#zero(offset, end)
  }

  /** The pieces of [offset, offset + length), cut to the size. No reference is taken: use before the next await. */
  pieces(offset: number, length: number): readonly Piece[] {
    return clippedPieces(this.#pieces, offset, length)
  }

  /** The state of now, for a write-back. Ends in exactly one of `rebase` and `thaw`. */
  freeze(): FrozenContent {
    const pieces = this.#pieces.slice()
    for (const piece of pieces) if (piece.kind === 'dirty') piece.bytes.retain()
    const frozen = { base: this.#base, size: this.#size, pieces, generation: this.#generation++ }
    this.#frozen.add(frozen)
    return frozen
  }

  /** `version` holds exactly what `frozen` says: what is here and not newer is now its bytes. */
  rebase(frozen: FrozenContent, version: Version): void {
    this.#releaseFrozen(frozen)
    this.#base = version
    for (const [i, piece] of this.#pieces.entries()) {
      if (piece.generation > frozen.generation) continue
      const { offset, length, kind } = piece
      if (kind === 'dirty') {
        this.#dirtyBytes -= length
        piece.bytes.release()
      } else if (kind === 'zero') this.#holeBytes -= length
      this.#pieces[i] = { kind: 'base', offset, length, generation: 0 }
    }
    joinAll(this.#pieces)
  }

  /** The write-back of `frozen` failed or was given up: nothing changes here, its references go. */
  thaw(frozen: FrozenContent): void {
    this.#releaseFrozen(frozen)
  }

  /** The base has another key or ETag, and the same bytes. */
  moved(version: Version): void {
    this.#base = version
  }

  /** Drops everything. Frozen views stay good until their own end. */
  release(): void {
    this.#replace(0, this.#size, null)
    this.#size = 0
  }

  #zero(offset: number, end: number): void {
    this.#replace(offset, end, { kind: 'zero', offset, length: end - offset, generation: this.#generation })
    this.#holeBytes += end - offset
  }

  /** Takes [offset, end) out of the counts and the table. */
  #replace(offset: number, end: number, piece: Piece | null): void {
    for (const { kind, length } of clippedPieces(this.#pieces, offset, end - offset)) {
      if (kind === 'dirty') this.#dirtyBytes -= length
      else if (kind === 'zero') this.#holeBytes -= length
    }
    replaceRange(this.#pieces, offset, end, piece)
  }

  /** Small writes in order lie in one run of memory: they make one piece, not one each. */
  #extendLast(bytes: DirtyBytes, length: number): boolean {
    const last = this.#pieces[this.#pieces.length - 1]
    if (last?.kind !== 'dirty' || last.generation !== this.#generation) return false
    if (last.start + last.length !== last.bytes.length || !last.bytes.extend(bytes)) return false
    this.#pieces[this.#pieces.length - 1] = { ...last, length: last.length + length }
    this.#dirtyBytes += length
    this.#size += length
    return true
  }

  #releaseFrozen(frozen: FrozenContent): void {
    if (!this.#frozen.delete(frozen)) throw new Error('a frozen content ends once')
    for (const piece of frozen.pieces) if (piece.kind === 'dirty') piece.bytes.release()
  }
}
