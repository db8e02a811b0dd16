// Frames of a journal segment: how records lie in a file of which the end may be torn by a crash.
//
//   u32 LE  bytes that follow the eight of the prefix
//   u32 LE  CRC-32 of those bytes
//   u32 LE  bytes of the header
//   header  JSON, UTF-8
//   body    raw bytes of a write, mostly empty
//
// A frame that does not check is the torn end of what was never synced, unless a later frame says that the file had been
// synced beyond it: then it is damage, and nothing may be guessed.

import { concatBytes, crc32, utf8 } from '../../base/bytes.ts'

/** Largest header and body of one frame. A longer length field is no frame. */
const frameBytesMax: number = 32 * 1024 * 1024

const prefixBytes = 8
const headerPrefixBytes = 4

export interface Frame {
  readonly header: unknown
  /** Where the frame begins in the file. */
  readonly offset: number
  readonly bodyOffset: number
  readonly bodyLength: number
  /** Where the next frame begins. */
  readonly end: number
}

export function encodeFrame(header: object, body?: Uint8Array): Uint8Array {
  const text = utf8(JSON.stringify(header))
  const length = headerPrefixBytes + text.byteLength + (body?.byteLength ?? 0)
  const start = new Uint8Array(prefixBytes + headerPrefixBytes)
  const view = new DataView(start.buffer)
  view.setUint32(0, length, true)
  view.setUint32(prefixBytes, text.byteLength, true)
  let check = crc32(text, crc32(start.subarray(prefixBytes)))
  if (body) check = crc32(body, check)
  view.setUint32(4, check, true)
  return concatBytes(body ? [start, text, body] : [start, text])
}

/** Where the body of a frame with this header begins, from the frame's start. */
export function bodyOffsetOf(frame: Uint8Array): number {
  return prefixBytes + headerPrefixBytes + new DataView(frame.buffer, frame.byteOffset).getUint32(prefixBytes, true)
}

/** Bytes at an offset of the file; fewer only at its end. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>

export interface Scan {
  readonly frames: readonly Frame[]
  /** Bytes that are good: where the torn end begins, or the end of the file. */
  readonly goodBytes: number
  /** Offset of a frame that had been synced and does not check any more. */
  readonly damagedAt?: number | undefined
}

/**
 * All frames of a file. `syncedBytesOf` tells from a header up to where the file was synced when it was written;
 * undefined for every other record.
 */
export async function scanFrames(
  read: ReadAt,
  size: number,
  syncedBytesOf: (header: unknown) => number | undefined,
): Promise<Scan> {
  const frames: Frame[] = []
  let offset = 0
  while (offset < size) {
    const next = await readFrame(read, offset, size)
    if (next === null)
      return { frames, goodBytes: offset, damagedAt: await damageAt(read, offset, size, syncedBytesOf) }
    frames.push(next)
    offset = next.end
  }
  return { frames, goodBytes: offset }
}

/** The frame at `offset`; null when what is there does not check. */
async function readFrame(read: ReadAt, offset: number, size: number): Promise<Frame | null> {
  const prefix = await read(offset, prefixBytes + headerPrefixBytes)
  if (prefix.byteLength < prefixBytes + headerPrefixBytes) return null
  const view = new DataView(prefix.buffer, prefix.byteOffset)
  const length = view.getUint32(0, true)
  const headerLength = view.getUint32(prefixBytes, true)
  const end = offset + prefixBytes + length
  if (length > frameBytesMax || headerLength > length - headerPrefixBytes || end > size) return null
  const content = await read(offset + prefixBytes, length)
  if (content.byteLength < length || crc32(content) !== view.getUint32(4, true)) return null
  const bodyStart = headerPrefixBytes + headerLength
  const text = new TextDecoder().decode(content.subarray(headerPrefixBytes, bodyStart))
  const bodyOffset = offset + prefixBytes + bodyStart
  try {
    return { header: JSON.parse(text) as unknown, offset, bodyOffset, bodyLength: length - bodyStart, end }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** Bytes looked through behind a bad frame for proof that it had been synced. */
const searchBytesMax = 64 * 1024 * 1024

/** `offset`, if any frame behind it says that the file had been synced beyond `offset`. */
async function damageAt(
  read: ReadAt,
  offset: number,
  size: number,
  syncedBytesOf: (header: unknown) => number | undefined,
): Promise<number | undefined> {
  const end = Math.min(size, offset + searchBytesMax)
  const bytes = await read(offset, end - offset)
  const marker = Buffer.from('{"t":"synced"')
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = buffer.indexOf(marker); at >= 0; at = buffer.indexOf(marker, at + 1)) {
    const start = at - prefixBytes - headerPrefixBytes
    if (start < 0) continue
    const frame = await readFrame(read, offset + start, size)
    const synced = frame ? syncedBytesOf(frame.header) : undefined
    if (synced !== undefined && synced > offset) return offset
  }
  return undefined
}
