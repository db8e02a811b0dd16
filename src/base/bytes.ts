// Byte helpers that several tiers share.

import { createHash } from 'node:crypto'
import { crc32 as zlibCrc32 } from 'node:zlib'

export const KiB: number = 1024
export const MiB: number = 1024 * KiB
export const GiB: number = 1024 * MiB
export const TiB: number = 1024 * GiB

export const noBytes: Uint8Array = new Uint8Array(0)

const encoder = new TextEncoder()

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** One contiguous array holding `parts` in order; returns the only part itself when there is one. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array
  let size = 0
  for (const part of parts) size += part.byteLength
  const whole = new Uint8Array(size)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.byteLength
  }
  return whole
}

/** CRC-32 (ISO-HDLC), continuing from `seed`. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  // zlib answers 0 for no bytes, whatever the seed.
  return bytes.byteLength === 0 ? seed : zlibCrc32(bytes, seed)
}

const crcBytes = Buffer.alloc(4)

/** The value of `x-amz-checksum-crc32`: four bytes, big-endian, in base64. */
export function crc32Base64(crc: number): string {
  crcBytes.writeUInt32BE(crc >>> 0)
  return crcBytes.toString('base64')
}

/** MD5 as lower-case hex, the form of a plain object's ETag. */
export function md5Hex(parts: readonly Uint8Array[]): string {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

/** Orders strings by their UTF-8 bytes, as S3 lists keys; `<` on strings would use UTF-16 units. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    // Surrogates (astral characters) sort after every other unit in UTF-8.
    const xs = x >= 0xd800 && x <= 0xdfff
    const ys = y >= 0xd800 && y <= 0xdfff
    if (xs !== ys) return xs ? 1 : -1
    return x - y
  }
  return a.length - b.length
}
