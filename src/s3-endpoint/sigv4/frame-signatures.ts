// Signatures inside a body (aws-chunked): each chunk is signed over the signature before it, starting from the one of
// the request, so that none can be changed, dropped, moved or taken from another request.

import { createHash } from 'node:crypto'
import { S3Error } from '../errors.ts'
import { sameSignature, sign } from './signing-key.ts'

const emptySha256 = createHash('sha256').digest('hex')

export interface FrameSigner {
  readonly key: Buffer
  readonly amzDate: string
  readonly scope: string
  /** Signature of the request's headers. */
  readonly seed: string
}

export class FrameSignatures {
  readonly #signer: FrameSigner
  #previous: string

  constructor(signer: FrameSigner) {
    this.#signer = signer
    this.#previous = signer.seed
  }

  /** Refuses a chunk whose bytes (by their SHA-256 in hex) were not signed as the next one. */
  checkFrame(sha256: string, signature: string | undefined): void {
    this.#check('AWS4-HMAC-SHA256-PAYLOAD', `${emptySha256}\n${sha256}`, signature)
  }

  /** `lines`: the trailer as `name:value\n` lines, without the signature itself. */
  checkTrailer(lines: string, signature: string | undefined): void {
    this.#check('AWS4-HMAC-SHA256-TRAILER', createHash('sha256').update(lines, 'latin1').digest('hex'), signature)
  }

  #check(kind: string, hashes: string, signature: string | undefined): void {
    const { key, amzDate, scope } = this.#signer
    const expected = sign(key, [kind, amzDate, scope, this.#previous, hashes].join('\n'))
    if (signature === undefined || !sameSignature(expected, signature)) {
      throw new S3Error('SignatureDoesNotMatch', { message: 'The signature of a chunk of the body does not match.' })
    }
    this.#previous = expected
  }
}
