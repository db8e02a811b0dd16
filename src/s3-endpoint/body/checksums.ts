// The digests a sender may announce for a body, taken while the body passes: Content-MD5, `x-amz-checksum-*` (in a
// header or in the trailer) and the SHA-256 that the signature covers.

import { createHash } from 'node:crypto'
import { crc32, crc32Base64 } from '../../base/bytes.ts'
import type { ObjectChecksum } from '../../store/store.ts'
import { S3Error } from '../errors.ts'
import type { RequestHeaders } from '../request-headers.ts'
import { crc32c, crc64nvme, type Crc64 } from './crc-tables.ts'

export type ChecksumAlgorithm = ObjectChecksum['algorithm']

export interface Digest {
  update(bytes: Uint8Array): void
  /** In base64; ends it. */
  value(): string
}

const digestBytes: Readonly<Record<ChecksumAlgorithm, number>> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
}
const prefix = 'x-amz-checksum-'
/** `x-amz-checksum-...` headers that name no digest. */
const notDigests: ReadonlySet<string> = new Set(['algorithm', 'mode', 'type'])

export function createDigest(algorithm: ChecksumAlgorithm | 'md5'): Digest {
  if (algorithm === 'crc32') {
    let crc = 0
    return { update: (bytes) => void (crc = crc32(bytes, crc)), value: () => crc32Base64(crc) }
  }
  if (algorithm === 'crc32c') {
    let crc = 0
    return { update: (bytes) => void (crc = crc32c(bytes, crc)), value: () => crc32Base64(crc) }
  }
  if (algorithm === 'crc64nvme') {
    let crc: Crc64 = [0, 0]
    return { update: (bytes) => void (crc = crc64nvme(bytes, crc)), value: () => base64OfHalves(crc) }
  }
  const hash = createHash(algorithm)
  return { update: (bytes) => void hash.update(bytes), value: () => hash.digest('base64') }
}

/** The algorithm named by a header or trailer `x-amz-checksum-NAME`. */
export function algorithmOf(headerName: string): ChecksumAlgorithm {
  const name = headerName.slice(prefix.length)
  if (headerName.startsWith(prefix) && Object.hasOwn(digestBytes, name)) return name as ChecksumAlgorithm
  throw new S3Error('InvalidRequest', { message: `The checksum ${headerName} is not supported.` })
}

/** The one checksum sent as a header. */
export function headerChecksum(headers: RequestHeaders): { algorithm: ChecksumAlgorithm; value: string } | undefined {
  const found = headers.startingWith(prefix).filter(([name]) => !notDigests.has(name.slice(prefix.length)))
  if (found.length > 1) {
    throw new S3Error('InvalidRequest', { message: 'Expecting a single x-amz-checksum- header. Multiple were given.' })
  }
  const [name, value] = found[0] ?? []
  if (name === undefined || value === undefined) return undefined
  return { algorithm: algorithmOf(name), value: checkForm(name, value) }
}

/** Refuses what cannot be a value of that checksum. */
export function checkForm(headerName: string, value: string): string {
  const bytes = Buffer.from(value, 'base64')
  if (bytes.byteLength === digestBytes[algorithmOf(headerName)] && bytes.toString('base64') === value) return value
  throw new S3Error('InvalidRequest', { message: `Value for ${headerName} header is invalid.` })
}

export function contentMd5(headers: RequestHeaders): string | undefined {
  const value = headers.get('content-md5')
  if (value === undefined) return undefined
  const bytes = Buffer.from(value, 'base64')
  if (bytes.byteLength !== 16 || bytes.toString('base64') !== value) throw new S3Error('InvalidDigest')
  return value
}

function base64OfHalves([high, low]: Crc64): string {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(high, 0)
  bytes.writeUInt32BE(low, 4)
  return bytes.toString('base64')
}
