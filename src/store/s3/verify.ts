// Whether bytes that arrived are the bytes that were stored, by whatever the reply offers.

import { createHash } from 'node:crypto'
import { crc32, crc32Base64, md5Hex, MiB } from '../../base/bytes.ts'
import type { ObjectInfo } from '../store.ts'

/** MD5 costs ten times a CRC: past this size the ETag of a foreign object is not recomputed (DESIGN P8). */
const md5BytesMax = 8 * MiB

export type Verdict = 'verified' | 'unverified' | 'wrong'

/** `body` must be the whole object. `md5Etags`: the bucket's plain ETags are MD5. */
export function verifyWhole(info: ObjectInfo, body: Uint8Array, md5Etags: boolean): Verdict {
  const { checksum } = info
  if (checksum?.type === 'full-object') {
    const found = checksumOf(checksum.algorithm, body)
    if (found !== undefined) return found === checksum.value ? 'verified' : 'wrong'
  }
  if (!md5Etags || body.byteLength > md5BytesMax || !isMd5(info)) return 'unverified'
  return md5Hex([body]) === info.etag ? 'verified' : 'wrong'
}

function checksumOf(algorithm: string, body: Uint8Array): string | undefined {
  if (algorithm === 'crc32') return crc32Base64(crc32(body))
  if (algorithm === 'sha1' || algorithm === 'sha256') return createHash(algorithm).update(body).digest('base64')
  return undefined
}

function isMd5({ etag, headers }: ObjectInfo): boolean {
  return /^[0-9a-f]{32}$/.test(etag) && !(headers.sse?.startsWith('aws:kms') ?? false)
}
