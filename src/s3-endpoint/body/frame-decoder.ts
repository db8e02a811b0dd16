// aws-chunked taken apart: `SIZE[;chunk-signature=HEX]CRLF DATA CRLF ... 0[;...]CRLF [TRAILERS]`. Boundaries may fall
// anywhere across reads. Data is handed on as it comes; whether a chunk's signature holds shows at its end, so nothing
// may be published before `finish` has returned.
// AWS calls a frame a chunk; here the word is kept for its own names only.

import { createHash, type Hash } from 'node:crypto'
import { S3Error } from '../errors.ts'
import type { FrameSignatures } from '../sigv4/frame-signatures.ts'

export interface FrameDecoderOptions {
  /** Present for the signed forms. */
  readonly signatures: FrameSignatures | undefined
  readonly trailers: boolean
}

/** A chunk header has a size and a signature; a trailer a checksum and a signature. */
const lineBytesMax = 4096
const trailerLinesMax = 32

export class FrameDecoder {
  readonly #signatures: FrameSignatures | undefined
  readonly #takesTrailers: boolean
  readonly #trailers = new Map<string, string>()
  #state: 'size' | 'data' | 'data-end' | 'trailers' = 'size'
  #line = ''
  #left = 0
  #hash: Hash | undefined
  #signature: string | undefined
  #signedLines = ''

  constructor(options: FrameDecoderOptions) {
    this.#signatures = options.signatures
    this.#takesTrailers = options.trailers
  }

  /** Trailer fields by lower-case name; complete after `finish`. */
  get trailers(): ReadonlyMap<string, string> {
    return this.#trailers
  }

  /** The data in `bytes`, as views of it. */
  *push(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
    let at = 0
    while (at < bytes.byteLength) {
      if (this.#state === 'data') {
        const piece = bytes.subarray(at, at + this.#left)
        at += piece.byteLength
        this.#left -= piece.byteLength
        this.#hash?.update(piece)
        yield piece
        if (this.#left === 0) this.#state = 'data-end'
        continue
      }
      const end = bytes.indexOf(10, at)
      const until = end < 0 ? bytes.byteLength : end + 1
      this.#line += Buffer.from(bytes.buffer, bytes.byteOffset + at, until - at).toString('latin1')
      at = until
      if (this.#line.length > lineBytesMax) throw malformed('a line of the chunked body is too long')
      if (end >= 0) this.#takeLine()
    }
  }

  /** The body has ended: refuses one that is cut off or whose trailer does not hold. */
  finish(): void {
    if (this.#state !== 'trailers') throw new S3Error('IncompleteBody', { message: 'The chunked body is cut off.' })
    if (this.#line !== '') this.#takeLine()
    if (!this.#signatures || !this.#takesTrailers) return
    this.#signatures.checkTrailer(this.#signedLines, this.#signature)
  }

  #takeLine(): void {
    const line = this.#line.trim()
    this.#line = ''
    if (this.#state === 'size') this.#startFrame(line)
    else if (this.#state === 'data-end') this.#endFrame(line)
    else if (line !== '') this.#takeTrailer(line)
  }

  #startFrame(line: string): void {
    const [size = '', ...extensions] = line.split(';')
    if (!/^[0-9a-fA-F]{1,12}$/.test(size.trim())) throw malformed('a chunk has no size')
    this.#left = Number.parseInt(size, 16)
    const named = extensions.map((extension) => extension.trim()).find((text) => text.startsWith('chunk-signature='))
    this.#signature = named?.slice('chunk-signature='.length)
    if (this.#signatures) this.#hash = createHash('sha256')
    if (this.#left > 0) {
      this.#state = 'data'
      return
    }
    this.#checkFrame()
    this.#state = 'trailers'
  }

  #endFrame(line: string): void {
    if (line !== '') throw malformed('a chunk is longer than its size')
    this.#checkFrame()
    this.#state = 'size'
  }

  #checkFrame(): void {
    if (this.#hash) this.#signatures?.checkFrame(this.#hash.digest('hex'), this.#signature)
    this.#hash = undefined
    this.#signature = undefined
  }

  #takeTrailer(line: string): void {
    const colon = line.indexOf(':')
    if (!this.#takesTrailers || colon < 1) throw new S3Error('MalformedTrailerError')
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (name === 'x-amz-trailer-signature') {
      this.#signature = value
      return
    }
    if (this.#trailers.has(name) || this.#trailers.size === trailerLinesMax) throw new S3Error('MalformedTrailerError')
    this.#trailers.set(name, value)
    this.#signedLines += `${name}:${value}\n`
  }
}

function malformed(why: string): S3Error {
  return new S3Error('InvalidRequest', { message: `The aws-chunked body is malformed: ${why}.` })
}
