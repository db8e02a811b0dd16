// Everything a sender claimed of a body, checked at its end: the SHA-256 under the signature, Content-MD5, and one
// checksum, from a header or from the trailer.

import { S3Error } from '../errors.ts'
import type { RequestHeaders } from '../request-headers.ts'
import {
  algorithmOf,
  checkForm,
  contentMd5,
  createDigest,
  headerChecksum,
  type ChecksumAlgorithm,
  type Digest,
} from './checksums.ts'

/** A checksum the sender gave and the body is held to. */
export interface SentChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly value: string
}

interface Claim {
  readonly name: string
  readonly digest: Digest
  readonly expected: string
}

export interface ClaimSources {
  /** In hex, where the signature covers the body. */
  readonly sha256: string | undefined
  /** Whether the body may end in trailers. */
  readonly trailers: boolean
  /** Whether a checksum in the headers is one of the body. */
  readonly checksum: boolean
}

export class BodyDigests {
  readonly #claims: Claim[] = []
  readonly #signed: Claim | undefined
  /** The checksum that the trailer will bring. */
  readonly #awaited:
    | { readonly header: string; readonly algorithm: ChecksumAlgorithm; readonly digest: Digest }
    | undefined
  #checksum: SentChecksum | undefined

  constructor(headers: RequestHeaders, { sha256, trailers, checksum }: ClaimSources) {
    if (sha256 !== undefined) {
      const expected = Buffer.from(sha256, 'hex').toString('base64')
      this.#signed = { name: 'sha256', digest: createDigest('sha256'), expected }
    }
    const md5 = contentMd5(headers)
    if (md5 !== undefined) this.#claims.push({ name: 'Content-MD5', digest: createDigest('md5'), expected: md5 })
    this.#checksum = checksum ? headerChecksum(headers) : undefined
    if (this.#checksum) {
      const { algorithm, value } = this.#checksum
      this.#claims.push({ name: algorithm, digest: createDigest(algorithm), expected: value })
    }
    const header = trailers ? headers.get('x-amz-trailer')?.toLowerCase() : undefined
    if (header === undefined) return
    if (this.#checksum) {
      throw new S3Error('InvalidRequest', { message: 'A checksum comes in a header or in the trailer, not in both.' })
    }
    const algorithm = algorithmOf(header)
    this.#awaited = { header, algorithm, digest: createDigest(algorithm) }
  }

  /** Known from the start when it came in a header; after `takeTrailers` when it came behind the body. */
  get checksum(): SentChecksum | undefined {
    return this.#checksum
  }

  update(bytes: Uint8Array): void {
    this.#signed?.digest.update(bytes)
    this.#awaited?.digest.update(bytes)
    for (const { digest } of this.#claims) digest.update(bytes)
  }

  takeTrailers(trailers: ReadonlyMap<string, string>): void {
    if (!this.#awaited) {
      if (trailers.size > 0) throw new S3Error('MalformedTrailerError')
      return
    }
    const { header, algorithm, digest } = this.#awaited
    const value = trailers.get(header)
    if (value === undefined || trailers.size !== 1) throw new S3Error('MalformedTrailerError')
    this.#checksum = { algorithm, value: checkForm(header, value) }
    this.#claims.push({ name: algorithm, digest, expected: value })
  }

  /** The body has ended. Refuses one that is not what was claimed. */
  check(): void {
    if (this.#signed && this.#signed.digest.value() !== this.#signed.expected) {
      throw new S3Error('XAmzContentSHA256Mismatch')
    }
    for (const { name, digest, expected } of this.#claims) {
      if (digest.value() === expected) continue
      throw new S3Error('BadDigest', { message: `The ${name} you specified did not match what we received.` })
    }
  }
}
