import { crc32, crc32Base64 } from '../../../base/bytes.ts'
import type { BodyStream, CallOptions } from '../../../store/store.ts'
import { clippedPieces, type Piece } from '../../content/extents.ts'
import type { FrozenContent } from '../../content/file-content.ts'
import { forEachBounded } from '../../tree/concurrency.ts'
import type { ObjectDeps } from '../object-deps.ts'

// The bytes of a frozen content, assembled for a request: dirty ones from memory or spool, clean ones through the
// reader (cached blocks, else a GET of exactly the base version), holes as views of one zero page. What is not in memory
// anyway is taken from the budget for as long as the request lasts.

const zeroPage = new Uint8Array(64 * 1024)
/** Clean and spooled pieces read at once. */
const readsInFlightMax = 8

/** Runs `use` on the bytes of [offset, offset + length), which must lie within the content; they are good until it settles. */
export async function withBytes<T>(
  deps: ObjectDeps,
  frozen: FrozenContent,
  offset: number,
  length: number,
  call: CallOptions,
  use: (body: readonly Uint8Array[]) => Promise<T>,
): Promise<T> {
  const pieces = clippedPieces(frozen.pieces, offset, length)
  const taken = bytesToTake(pieces)
  if (taken > 0) await deps.budget.take(taken, call.signal)
  try {
    return await use(await assemble(deps, frozen, pieces, call))
  } finally {
    if (taken > 0) deps.budget.give(taken)
  }
}

/** Bytes assembled at a time for a body too long for memory. */
const streamStepBytes = 1024 * 1024

/** The same as a stream, for what is too long to be in memory at once, and the checksum of what was last streamed. */
export function streamBytes(
  deps: ObjectDeps,
  frozen: FrozenContent,
  offset: number,
  length: number,
  call: CallOptions,
): { readonly body: BodyStream; readonly crc32: () => string } {
  let crc = 0
  async function* stream(): AsyncGenerator<Uint8Array, void, undefined> {
    crc = 0
    for (let done = 0; done < length; done += streamStepBytes) {
      const step = clippedPieces(frozen.pieces, offset + done, Math.min(streamStepBytes, length - done))
      const taken = bytesToTake(step)
      if (taken > 0) await deps.budget.take(taken, call.signal)
      try {
        for (const bytes of await assemble(deps, frozen, step, call)) {
          crc = crc32(bytes, crc)
          yield bytes
        }
      } finally {
        if (taken > 0) deps.budget.give(taken)
      }
    }
  }
  return { body: { size: length, replayable: true, stream }, crc32: () => crc32Base64(crc) }
}

/** Memory that assembling `pieces` needs beyond what holds them now. */
export function bytesToTake(pieces: readonly Piece[]): number {
  let bytes = 0
  for (const piece of pieces) {
    if (piece.kind === 'base' || (piece.kind === 'dirty' && !piece.bytes.inMemory)) bytes += piece.length
  }
  return bytes
}

async function assemble(
  deps: ObjectDeps,
  frozen: FrozenContent,
  pieces: readonly Piece[],
  call: CallOptions,
): Promise<readonly Uint8Array[]> {
  const parts: (readonly Uint8Array[])[] = []
  const absent: number[] = []
  for (const [i, piece] of pieces.entries()) {
    const view = piece.kind === 'dirty' ? piece.bytes.view(piece.start, piece.length) : undefined
    if (view) parts[i] = [view]
    else if (piece.kind === 'zero') parts[i] = zeros(piece.length)
    else absent.push(i)
  }
  await forEachBounded(absent, readsInFlightMax, async (i) => {
    parts[i] = [await readPiece(deps, frozen, pieces[i] as Piece, call)]
  })
  return parts.flat()
}

async function readPiece(
  deps: ObjectDeps,
  frozen: FrozenContent,
  piece: Piece,
  call: CallOptions,
): Promise<Uint8Array> {
  const { offset, length } = piece
  if (piece.kind === 'dirty') return exactly(length, await piece.bytes.read(piece.start, length))
  if (!frozen.base) throw new Error('a clean piece without a base version')
  return exactly(length, await deps.reader.read(frozen.base, offset, length, { signal: call.signal }))
}

/** A short read here would write a file with bytes missing in the middle. */
function exactly(length: number, bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength !== length) throw new Error(`read ${bytes.byteLength} bytes of ${length} for a write-back`)
  return bytes
}

/** `length` zeros as views of one page. */
export function zeros(length: number): readonly Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let left = length; left > 0; left -= zeroPage.byteLength) {
    pieces.push(left >= zeroPage.byteLength ? zeroPage : zeroPage.subarray(0, left))
  }
  return pieces
}
