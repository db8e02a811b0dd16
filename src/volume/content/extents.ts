// The piece table of a dirty file as a plain sorted list: which run of bytes comes from where. Pieces are immutable,
// gapless from 0, never empty; a change replaces the run it covers. Neighbours that say the same are joined, so that a
// file written in order stays short. Each dirty piece in the list stands for one reference to its bytes.

import type { DirtyBytes } from './dirty-bytes.ts'

interface PieceRange {
  /** First byte in the file. */
  readonly offset: number
  /** ≥ 1. */
  readonly length: number
  /** The generation of the content in which it was made; 0 is what the file began with. */
  readonly generation: number
}

/** Same bytes at the same offset of the base version. */
export interface BasePiece extends PieceRange {
  readonly kind: 'base'
}

/** A hole. */
export interface ZeroPiece extends PieceRange {
  readonly kind: 'zero'
}

/** `length` bytes of `bytes` from `start`. */
export interface DirtyPiece extends PieceRange {
  readonly kind: 'dirty'
  readonly bytes: DirtyBytes
  readonly start: number
}

export type Piece = BasePiece | ZeroPiece | DirtyPiece

/** Index of the piece that holds `offset`; the length of the list at or past the end. */
function pieceIndexAt(pieces: readonly Piece[], offset: number): number {
  const last = pieces[pieces.length - 1]
  if (!last || offset >= last.offset + last.length) return pieces.length
  // Writers append and readers go on: the last piece is asked for most.
  if (offset >= last.offset) return pieces.length - 1
  let low = 0
  let high = pieces.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((pieces[middle] as Piece).offset <= offset) low = middle
    else high = middle - 1
  }
  return low
}

/** The pieces of [offset, offset + length), cut to it and to the list. */
export function clippedPieces(pieces: readonly Piece[], offset: number, length: number): Piece[] {
  const result: Piece[] = []
  const end = offset + length
  for (let i = pieceIndexAt(pieces, offset); i < pieces.length; i++) {
    const piece = pieces[i] as Piece
    if (piece.offset >= end) break
    result.push(clipPiece(piece, offset, end))
  }
  return result
}

/** Removes [offset, end) and puts `replacement` there, which covers it up to the end of the list, or nothing. */
export function replaceRange(pieces: Piece[], offset: number, end: number, replacement: Piece | null): void {
  const first = pieceIndexAt(pieces, offset)
  const inserted: Piece[] = []
  let tail: Piece | null = null
  let next = first
  for (; next < pieces.length; next++) {
    const piece = pieces[next] as Piece
    if (piece.offset >= end) break
    const pieceEnd = piece.offset + piece.length
    if (piece.offset < offset) inserted.push(retained(clipPiece(piece, piece.offset, offset)))
    if (pieceEnd > end) tail = retained(clipPiece(piece, end, pieceEnd))
    if (piece.kind === 'dirty') piece.bytes.release()
  }
  if (replacement) inserted.push(replacement)
  if (tail) inserted.push(tail)
  if (first === pieces.length) for (const piece of inserted) pieces.push(piece)
  else pieces.splice(first, next - first, ...inserted)
  joinAround(pieces, Math.max(0, first - 1), first + inserted.length)
}

/** Joins what can be joined in the whole list, in place. */
export function joinAll(pieces: Piece[]): void {
  let kept = 0
  for (const piece of pieces) {
    const left = kept > 0 ? (pieces[kept - 1] as Piece) : null
    const both = left && joined(left, piece)
    if (both) pieces[kept - 1] = both
    else pieces[kept++] = piece
  }
  pieces.length = kept
}

/** `piece` cut to [from, to), which must overlap it. No reference is taken. */
function clipPiece(piece: Piece, from: number, to: number): Piece {
  const end = piece.offset + piece.length
  if (piece.offset >= from && end <= to) return piece
  const { generation } = piece
  const offset = Math.max(piece.offset, from)
  const length = Math.min(end, to) - offset
  if (piece.kind !== 'dirty') return { kind: piece.kind, offset, length, generation }
  return { kind: 'dirty', offset, length, generation, bytes: piece.bytes, start: piece.start + offset - piece.offset }
}

function retained(piece: Piece): Piece {
  if (piece.kind === 'dirty') piece.bytes.retain()
  return piece
}

/** The one piece that says what `a` and `b` behind it say, or null. Of two references one is released. */
function joined(a: Piece, b: Piece): Piece | null {
  if (a.kind !== b.kind || a.generation !== b.generation) return null
  const length = a.length + b.length
  if (a.kind === 'dirty') {
    if (b.kind !== 'dirty' || a.bytes !== b.bytes || a.start + a.length !== b.start) return null
    b.bytes.release()
    return { ...a, length }
  }
  return { kind: a.kind, offset: a.offset, length, generation: a.generation }
}

function joinAround(pieces: Piece[], from: number, to: number): void {
  for (let i = Math.min(to, pieces.length - 1); i > from; i--) {
    const both = joined(pieces[i - 1] as Piece, pieces[i] as Piece)
    if (both) pieces.splice(i - 1, 2, both)
  }
}
