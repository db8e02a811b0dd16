import { md5Hex, utf8 } from '../../../base/bytes.ts'
import type { DirtyBytes } from '../../content/dirty-bytes.ts'
import type { Piece } from '../../content/extents.ts'
import type { Version } from '../../inode.ts'

// Whether a range of a file still says what was sent of it, without holding on to the bytes: a digest of where they came
// from. Equal signatures are equal bytes, because dirty bytes never change and no two of them share a number; different
// ones may be equal bytes too, which costs sending them again.

const numbers = new WeakMap<DirtyBytes, number>()
let lastNumber = 0

export function signatureOf(pieces: readonly Piece[], base: Version | null): string {
  const runs: { readonly source: string; start: number; length: number }[] = []
  for (const piece of pieces) {
    const source = piece.kind === 'dirty' ? String(numberOf(piece.bytes)) : piece.kind
    const start = piece.kind === 'dirty' ? piece.start : piece.offset
    const last = runs[runs.length - 1]
    if (last && last.source === source && last.start + last.length === start) last.length += piece.length
    else runs.push({ source, start, length: piece.length })
  }
  const hasBase = pieces.some(({ kind }) => kind === 'base')
  return md5Hex([utf8(JSON.stringify([hasBase && base ? [base.key, base.etag] : [], runs]))])
}

function numberOf(bytes: DirtyBytes): number {
  let number = numbers.get(bytes)
  if (number === undefined) numbers.set(bytes, (number = ++lastNumber))
  return number
}
