import { crc32, crc32Base64, md5Hex } from '../../../base/bytes.ts'
import type { ObjectChecksum, StoreCapabilities } from '../../../store/store.ts'

// What proves that the bucket holds the bytes that were sent (P3): the checksum it recorded, and, where ETags are MD5s
// (P8's test: no '-' in the ETag, no KMS key), the ETag. Both are compared where both are given: an answer whose ETag is
// not that of the bytes would make every later condition fail.

/** Checksums of bytes on their way; MD5 is computed only where it is asked for. */
export class Fingerprint {
  readonly size: number
  readonly crc32: string
  readonly #body: readonly Uint8Array[]
  #md5: string | undefined

  constructor(body: readonly Uint8Array[]) {
    let crc = 0
    let size = 0
    for (const piece of body) {
      crc = crc32(piece, crc)
      size += piece.byteLength
    }
    this.size = size
    this.crc32 = crc32Base64(crc)
    this.#body = body
  }

  get md5(): string {
    this.#md5 ??= md5Hex(this.#body)
    return this.#md5
  }

  get checksum(): ObjectChecksum {
    return { algorithm: 'crc32', value: this.crc32, type: 'full-object' }
  }
}

export interface Stored {
  readonly etag: string
  readonly checksum?: ObjectChecksum | undefined
  readonly size?: number | undefined
  readonly sse?: string | undefined
}

/** Whether nothing the store said disagrees with what was sent. */
export function agrees(fingerprint: Fingerprint, stored: Stored, capabilities: StoreCapabilities): boolean {
  const { checksum } = stored
  if (stored.size !== undefined && stored.size !== fingerprint.size) return false
  if (checksum?.algorithm === 'crc32' && checksum.type === 'full-object' && checksum.value !== fingerprint.crc32)
    return false
  return !isMd5Etag(stored, capabilities) || stored.etag === fingerprint.md5
}

/** P8's test: whether this ETag is the MD5 of the bytes. */
export function isMd5Etag(stored: Stored, capabilities: StoreCapabilities): boolean {
  return capabilities.md5Etags && !stored.etag.includes('-') && !stored.sse?.startsWith('aws:kms')
}
