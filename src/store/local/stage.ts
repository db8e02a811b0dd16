// Bytes on their way in: written to a private file, hashed and counted as they pass, made durable, and only then
// offered for publication. Whatever fails here leaves nothing behind and nothing visible.

import { createHash } from 'node:crypto'
import { crc32, crc32Base64 } from '../../base/bytes.ts'
import { randomId } from '../../base/random.ts'
import { bodyInHand, bodyPieces, bodySize } from '../body.ts'
import type { Body, CallOptions } from '../store.ts'
import { checkSignal, refusal } from './refuse.ts'
import type { LocalContext } from './shelf.ts'

export interface Staged {
  readonly path: string
  readonly size: number
  readonly md5: string
  readonly crc32: number
}

export interface StageOptions extends CallOptions {
  readonly operation: string
  readonly key: string
  readonly bytesMax: number
  /** Base64; a body with another CRC-32 is refused as corrupt. */
  readonly crc32?: string | undefined
}

/** Writes `body` into a fresh staged file. The caller publishes or drops it. */
export async function stageBody(context: LocalContext, body: Body, options: StageOptions): Promise<Staged> {
  const size = bodySize(body)
  const { operation, key } = options
  if (size > options.bytesMax) {
    throw refusal('EntityTooLarge', operation, key, `${size} bytes, at most ${options.bytesMax}`)
  }
  const staged = await stagePieces(context, bodyInHand(body) ?? bodyPieces(body), options)
  try {
    if (staged.size !== size) {
      throw refusal('IncompleteBody', operation, key, `${staged.size} bytes came of the ${size} announced`)
    }
    if (options.crc32 !== undefined && options.crc32 !== crc32Base64(staged.crc32)) {
      throw refusal('BadDigest', operation, key, `CRC-32 is ${crc32Base64(staged.crc32)}, not ${options.crc32}`)
    }
  } catch (error) {
    await dropStaged(context, staged.path)
    throw error
  }
  return staged
}

/** Writes pieces into a fresh staged file, whatever they come to. */
export async function stagePieces(
  context: LocalContext,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: StageOptions,
): Promise<Staged> {
  const { shelf } = context
  const path = `${shelf.stagingRoot}/${randomId(context.random)}`
  const md5 = createHash('md5')
  let size = 0
  let crc = 0
  const handle = await shelf.files.open(path, 'create')
  const take = async (piece: Uint8Array): Promise<void> => {
    checkSignal(options, options.operation, options.key)
    if (size + piece.byteLength > options.bytesMax) throw refusal('EntityTooLarge', options.operation, options.key)
    if (piece.byteLength === 0) return
    await handle.write(piece, size)
    md5.update(piece)
    crc = crc32(piece, crc)
    size += piece.byteLength
  }
  try {
    try {
      if (Symbol.iterator in pieces) for (const piece of pieces) await take(piece)
      else for await (const piece of pieces) await take(piece)
      // An aborted caller may already use its memory again.
      checkSignal(options, options.operation, options.key)
      if (shelf.durable) await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    await dropStaged(context, path)
    throw error
  }
  return { path, size, md5: md5.digest('hex'), crc32: crc }
}

/** Forgets staged bytes; those already taken over are gone from there, which is fine. */
export async function dropStaged(context: LocalContext, path: string): Promise<void> {
  await context.shelf.files.remove(path)
}
