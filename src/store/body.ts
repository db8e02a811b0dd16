// The three shapes of a body, seen as one: its size, its pieces, whether it can be sent twice.

import { concatBytes } from '../base/bytes.ts'
import type { Body, BodyStream } from './store.ts'

export function isBodyStream(body: Body): body is BodyStream {
  return !(body instanceof Uint8Array) && !Array.isArray(body)
}

/** The bytes in hand, or undefined for a stream. */
export function bodyInHand(body: Body): readonly Uint8Array[] | undefined {
  if (body instanceof Uint8Array) return [body]
  return isBodyStream(body) ? undefined : body
}

export function bodySize(body: Body): number {
  if (body instanceof Uint8Array) return body.byteLength
  if (isBodyStream(body)) return body.size
  let size = 0
  for (const piece of body) size += piece.byteLength
  return size
}

export function isReplayable(body: Body): boolean {
  return isBodyStream(body) ? body.replayable : true
}

/** The pieces of any body, in order. */
export async function* bodyPieces(body: Body): AsyncGenerator<Uint8Array, void, undefined> {
  if (body instanceof Uint8Array) yield body
  else if (isBodyStream(body)) yield* body.stream()
  else yield* body
}

/** The whole body in one array: a copy, never the caller's own memory. */
export async function collectBody(body: Body): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of bodyPieces(body)) pieces.push(piece)
  return pieces.length === 1 ? (pieces[0] as Uint8Array).slice() : concatBytes(pieces)
}
