// What proves that the bytes of a whole object are those that were stored (DESIGN P8): the checksum of the full object
// that the store recorded, or the ETag where it is an MD5. The cheapest proof at hand is enough.

import { createHash } from 'node:crypto'
import { crc32, crc32Base64, md5Hex } from '../../../base/bytes.ts'
import type { ObjectChecksum, ObjectHeaders } from '../../../store/store.ts'
import { crc32cBase64, crc64NvmeBase64 } from './crc.ts'

export interface Proof {
  readonly etag: string
  readonly checksum?: ObjectChecksum | undefined
  readonly headers?: ObjectHeaders | undefined
}

/** Whether `bytes`, all of an object, are what `proof` says; undefined when it says nothing of them. */
export function verifyWhole(bytes: Uint8Array, proof: Proof, md5Etags: boolean): boolean | undefined {
  const { checksum } = proof
  const recorded = checksum?.type === 'full-object' ? checksum : undefined
  if (recorded && native.has(recorded.algorithm)) return checksumOf(bytes, recorded.algorithm) === recorded.value
  if (md5Etags && isMd5(proof)) return md5Hex([bytes]) === proof.etag
  return recorded && checksumOf(bytes, recorded.algorithm) === recorded.value
}

type Algorithm = ObjectChecksum['algorithm']

/** Faster than an MD5. */
const native: ReadonlySet<Algorithm> = new Set<Algorithm>(['crc32', 'sha1', 'sha256'])

function checksumOf(bytes: Uint8Array, algorithm: Algorithm): string {
  switch (algorithm) {
    case 'crc32':
      return crc32Base64(crc32(bytes))
    case 'crc32c':
      return crc32cBase64(bytes)
    case 'crc64nvme':
      return crc64NvmeBase64(bytes)
    case 'sha1':
    case 'sha256':
      return createHash(algorithm).update(bytes).digest('base64')
  }
}

/** Multipart ETags carry a '-'; those of objects under KMS keys are no MD5 at all. */
function isMd5({ etag, headers }: Proof): boolean {
  return /^[0-9a-f]{32}$/.test(etag) && !headers?.sse?.startsWith('aws:kms')
}
