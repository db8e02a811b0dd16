import { cachePrefix } from './key.ts'
import { damaged, decodeSide, encodeSide } from './side-object.ts'
import type { SideDecoded, SideObject } from './side-object.ts'
import { keyHash } from './system-key.ts'

// CRC-32 of every block of one version of a large object, so that ranged reads can be verified. Filed under the version's
// key and ETag: a foreign rewrite has another ETag, and so none. Losing one costs only the check.

export interface BlockChecksums {
  readonly key: string
  readonly etag: string
  readonly size: number
  readonly blockBytes: number
  /** One per block in order; the last block may be short. 0: not known. */
  readonly checksums: Uint32Array
}

const format = 'bucketfs-block-checksums'
const formatVersion = 1
/** Rows hold this many checksums, so that lines stay short. */
const checksumsPerRow = 1024

/** Where the checksums of a version lie. */
export function blockChecksumsKey(key: string, etag: string): string {
  return `${blockChecksumsPrefix(key)}${keyHash(etag)}`
}

/** Where those of all versions of a key lie. */
function blockChecksumsPrefix(key: string): string {
  return `${cachePrefix}checksums/${keyHash(key)}/`
}

export function encodeBlockChecksums(blocks: BlockChecksums): SideObject {
  const { key, etag, size, blockBytes, checksums } = blocks
  const rows: string[] = []
  for (let i = 0; i < checksums.length; i += checksumsPerRow) {
    const row = checksums.subarray(i, i + checksumsPerRow)
    const bytes = Buffer.alloc(row.length * 4)
    row.forEach((crc, at) => bytes.writeUInt32BE(crc, at * 4))
    rows.push(bytes.toString('base64'))
  }
  return {
    key: blockChecksumsKey(key, etag),
    body: encodeSide(format, formatVersion, { key, etag, size, blockBytes }, rows),
  }
}

/** Only what belongs to the version asked for. */
export function decodeBlockChecksums(body: Uint8Array, key: string, etag: string): SideDecoded<BlockChecksums> {
  const decoded = decodeSide(format, formatVersion, body)
  if (!decoded.ok) return decoded
  const { fields, rows } = decoded.value
  const { size, blockBytes } = fields
  if (fields['key'] !== key || fields['etag'] !== etag || !isCount(size) || !isCount(blockBytes) || blockBytes === 0)
    return damaged
  const bytes = Buffer.concat(
    rows.map((row) => (typeof row === 'string' ? Buffer.from(row, 'base64') : Buffer.alloc(0))),
  )
  if (bytes.length !== Math.ceil(size / blockBytes) * 4) return damaged
  const checksums = new Uint32Array(bytes.length / 4)
  for (let i = 0; i < checksums.length; i++) checksums[i] = bytes.readUInt32BE(i * 4)
  return { ok: true, value: { key, etag, size, blockBytes, checksums } }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
