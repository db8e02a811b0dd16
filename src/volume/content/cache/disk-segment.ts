// One file of the disk cache: records one behind the other, appended and never changed. A header tells where its record ends, so
// that an unfinished file can be read again; a finished one has its headers together in an index file beside it. Both are
// checked by CRC-32: what a crash, a bit or another version of the format left is no record.
//
//   header (40 bytes, little-endian): magic, CRC of the rest of the header and the id, CRC of the data, kind, unit,
//   data length, id length, index of the block (64 bits); then the id (UTF-8: ETag, newline, key), then the data.

import { concatBytes, crc32 } from '../../../base/bytes.ts'
import type { LocalFile } from '../../local-files.ts'

/** A block of a version, or the news that the bytes of version `id` are now those of the one named by the data. */
export type RecordKind = 'block' | 'move'

export interface RecordHeader {
  readonly kind: RecordKind
  readonly id: string
  /** Of the data. */
  readonly crc: number
  readonly length: number
  /** Block size in which `index` counts. */
  readonly unit: number
  readonly index: number
}

/** A record and where its data begins in the segment. */
export interface PlacedRecord extends RecordHeader {
  readonly offset: number
}

const magic = 0x31424642
const headerBytes = 40
/** Key and ETag; more is damage. */
const idBytesMax = 4096
const dataBytesMax: number = 64 * 1024 * 1024
const kinds: readonly RecordKind[] = ['block', 'move']
const decoder = new TextDecoder()

/** What stands before the data. */
export function encodeHeader(header: RecordHeader): Uint8Array {
  const id = Buffer.from(header.id, 'utf8')
  const bytes = Buffer.alloc(headerBytes + id.length)
  bytes.writeUInt32LE(magic, 0)
  bytes.writeUInt32LE(header.crc, 8)
  bytes.writeUInt32LE(kinds.indexOf(header.kind), 12)
  bytes.writeUInt32LE(header.unit, 16)
  bytes.writeUInt32LE(header.length, 20)
  bytes.writeUInt32LE(id.length, 24)
  bytes.writeBigUInt64LE(BigInt(header.index), 28)
  id.copy(bytes, headerBytes)
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4)
  return bytes
}

/** The header at `at`, or undefined when there is none. `size` is what it takes, without the data. */
function decodeHeader(
  bytes: Uint8Array,
  at: number,
): { readonly header: RecordHeader; readonly size: number } | undefined {
  if (at + headerBytes > bytes.byteLength) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.byteLength - at)
  const idLength = view.getUint32(24, true)
  const size = headerBytes + idLength
  const kind = kinds[view.getUint32(12, true)]
  if (view.getUint32(0, true) !== magic || idLength > idBytesMax || !kind || at + size > bytes.byteLength)
    return undefined
  if (crc32(bytes.subarray(at + 8, at + size)) !== view.getUint32(4, true)) return undefined
  const id = decoder.decode(bytes.subarray(at + headerBytes, at + size))
  const header: RecordHeader = {
    kind,
    id,
    crc: view.getUint32(8, true),
    unit: view.getUint32(16, true),
    length: view.getUint32(20, true),
    index: Number(view.getBigUint64(28, true)),
  }
  return header.length > dataBytesMax ? undefined : { header, size }
}

/** The index file of a segment: offset and header of each record, and a CRC of all of it. */
export function encodeIndex(records: readonly PlacedRecord[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const record of records) {
    const offset = Buffer.alloc(8)
    offset.writeBigUInt64LE(BigInt(record.offset))
    parts.push(offset, encodeHeader(record))
  }
  const body = concatBytes(parts)
  const check = Buffer.alloc(4)
  check.writeUInt32LE(crc32(body))
  return concatBytes([check, body])
}

/** Undefined when it is damaged. */
export function decodeIndex(bytes: Uint8Array): PlacedRecord[] | undefined {
  if (bytes.byteLength < 4) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (crc32(bytes.subarray(4)) !== view.getUint32(0, true)) return undefined
  const records: PlacedRecord[] = []
  for (let at = 4; at < bytes.byteLength;) {
    const decoded = at + 8 <= bytes.byteLength ? decodeHeader(bytes, at + 8) : undefined
    if (!decoded) return undefined
    records.push({ ...decoded.header, offset: Number(view.getBigUint64(at, true)) })
    at += 8 + decoded.size
  }
  return records
}

/** The records of a segment that has no index, up to the first that is not whole. */
export async function scanSegment(file: LocalFile): Promise<PlacedRecord[]> {
  const records: PlacedRecord[] = []
  const size = await file.size()
  for (let at = 0; at < size;) {
    const decoded = decodeHeader(await file.read(at, headerBytes + idBytesMax), 0)
    if (!decoded) break
    const offset = at + decoded.size
    at = offset + decoded.header.length
    if (at > size) break
    records.push({ ...decoded.header, offset })
  }
  return records
}
