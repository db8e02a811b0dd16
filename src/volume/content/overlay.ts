// A file as it is now: its changed pieces over its base version.

import type { Inode, Version } from '../inode.ts'
import type { Piece } from './extents.ts'
import type { ContentReader, ReadOptions } from './reader.ts'

/**
 * Bytes [offset, offset + length) of the file, cut to its size; the result belongs to the caller and is alone in its buffer
 * (it may be transferred). What it looks like is fixed at the call: writes meanwhile are not seen. Fails as `ContentReader.read`.
 */
export function readFile(
  reader: ContentReader,
  inode: Inode,
  offset: number,
  length: number,
  options: ReadOptions = {},
): Promise<Uint8Array> {
  const { content, base } = inode
  if (content) return readPieces(reader, content.base, content.pieces(offset, length), options)
  if (!base) return Promise.resolve(new Uint8Array(0))
  const now = reader.readNow(base, offset, length, options.window)
  return now ? Promise.resolve(now.slice()) : reader.read(base, offset, length, options).then(copyOf)
}

/** The bytes of consecutive `pieces` over `base`; the result belongs to the caller. */
async function readPieces(
  reader: ContentReader,
  base: Version | null,
  pieces: readonly Piece[],
  options: ReadOptions = {},
): Promise<Uint8Array> {
  const [first] = pieces
  if (!first) return new Uint8Array(0)
  const last = pieces[pieces.length - 1] as Piece
  const result = new Uint8Array(last.offset + last.length - first.offset)
  const held = pieces.filter((piece) => piece.kind === 'dirty')
  for (const piece of held) piece.bytes.retain()
  try {
    const waits: Promise<void>[] = []
    for (const piece of pieces) {
      const wait = copyPiece(reader, base, piece, result, piece.offset - first.offset, options)
      if (wait) waits.push(wait)
    }
    if (waits.length > 0) await settled(waits)
  } finally {
    for (const piece of held) piece.bytes.release()
  }
  return result
}

/** Copies what is in memory at once; a promise when it is not. */
function copyPiece(
  reader: ContentReader,
  base: Version | null,
  piece: Piece,
  result: Uint8Array,
  at: number,
  options: ReadOptions,
): Promise<void> | undefined {
  if (piece.kind === 'zero') return undefined
  const put = (bytes: Uint8Array): void => result.set(bytes, at)
  if (piece.kind === 'dirty') {
    const view = piece.bytes.view(piece.start, piece.length)
    if (!view) return piece.bytes.read(piece.start, piece.length).then(put)
    put(view)
    return undefined
  }
  if (!base) throw new Error('a piece of a base that is not there')
  return reader.read(base, piece.offset, piece.length, options).then(put)
}

/** All of them have ended, so that nothing is written into a result already refused; the first failure is thrown. */
async function settled(waits: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(waits))
    if (outcome.status === 'rejected') throw outcome.reason as Error
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return bytes.slice()
}
