// The body of a request as a store may take it: framing removed, every claim about it checked while it passes. The form
// is chosen by `x-amz-content-sha256` alone, never by Content-Encoding, which some clients leave out.
//
// The last piece is held back until the whole body has been verified, so that a reader that has got `size` bytes has
// got true ones, and a store that counts never publishes a body that fails.

import type { IncomingMessage } from 'node:http'
import { concatBytes, KiB } from '../../base/bytes.ts'
import type { Body } from '../../store/store.ts'
import { S3Error } from '../errors.ts'
import type { RequestHeaders } from '../request-headers.ts'
import { FrameSignatures, type FrameSigner } from '../sigv4/frame-signatures.ts'
import { BodyDigests, type SentChecksum } from './body-digests.ts'
import { FrameDecoder } from './frame-decoder.ts'

export interface PayloadSource {
  readonly message: IncomingMessage
  readonly headers: RequestHeaders
  readonly payloadHash: string
  readonly signer: FrameSigner | undefined
  /** False where `x-amz-checksum-*` speaks of the object that comes about, not of this body. */
  readonly checksumIsOfBody: boolean
  /** Called before the first byte is asked for: the sender may be waiting for `100 Continue`. */
  readonly onStart: () => void
}

interface Form {
  readonly framed: boolean
  readonly signed: boolean
  readonly trailers: boolean
}

const plain: Form = { framed: false, signed: false, trailers: false }
const forms: Readonly<Record<string, Form>> = {
  'UNSIGNED-PAYLOAD': plain,
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { framed: true, signed: false, trailers: true },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { framed: true, signed: true, trailers: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { framed: true, signed: true, trailers: true },
}

/** Bodies up to this are taken whole: checked before the store is called, and sent again if the store must retry. */
const inHandBytesMax = 256 * KiB

export class Payload {
  readonly #source: PayloadSource
  readonly #form: Form
  readonly #digests: BodyDigests
  #failure: S3Error | undefined
  #started = false
  #bytesIn = 0

  constructor(source: PayloadSource) {
    const { headers, payloadHash } = source
    const sha256 = /^[0-9a-f]{64}$/.test(payloadHash) ? payloadHash : undefined
    const form = sha256 === undefined && Object.hasOwn(forms, payloadHash) ? forms[payloadHash] : undefined
    if (sha256 === undefined && (!form || (form.signed && !source.signer))) {
      throw new S3Error('InvalidArgument', {
        message: 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING form or a valid sha256 value.',
      })
    }
    this.#source = source
    this.#form = form ?? plain
    this.#digests = new BodyDigests(headers, {
      sha256,
      trailers: this.#form.trailers,
      checksum: source.checksumIsOfBody,
    })
  }

  /** Whether it has the aws-chunked framing, which only bodies of objects and parts may have. */
  get framed(): boolean {
    return this.#form.framed
  }

  /** The CRC-32 known before the body came; a store verifies it once more. */
  get crc32(): string | undefined {
    const { checksum } = this
    return checksum?.algorithm === 'crc32' ? checksum.value : undefined
  }

  /** The sender's checksum; one from a trailer is known when the body has been read. */
  get checksum(): SentChecksum | undefined {
    return this.#digests.checksum
  }

  /** Why reading ended early. A store may have wrapped the error; this is the one to answer with. */
  get failure(): S3Error | undefined {
    return this.#failure
  }

  /** Bytes read off the wire, framing included. */
  get bytesIn(): number {
    return this.#bytesIn
  }

  /** Bytes of the body without framing. */
  get size(): number {
    const { headers } = this.#source
    const text = this.#form.framed ? headers.get('x-amz-decoded-content-length') : headers.get('content-length')
    if (text === undefined && !this.#form.framed && !headers.has('transfer-encoding')) return 0
    if (text === undefined || !/^\d{1,15}$/.test(text)) throw new S3Error('MissingContentLength')
    return Number(text)
  }

  /** The body for a store. Can be called once. */
  async toBody(): Promise<Body> {
    const { size } = this
    if (size <= inHandBytesMax) return this.#collect(size)
    return { size, replayable: false, stream: () => this.#verified(size) }
  }

  /** The whole of a small document. */
  async document(bytesMax: number): Promise<Uint8Array> {
    const { headers } = this.#source
    if (headers.has('content-length') && this.size > bytesMax) throw new S3Error('MalformedXML')
    const pieces: Uint8Array[] = []
    let size = 0
    for await (const piece of this.#verified(undefined)) {
      size += piece.byteLength
      if (size > bytesMax) throw new S3Error('MalformedXML')
      pieces.push(piece)
    }
    return concatBytes(pieces)
  }

  async #collect(size: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for await (const piece of this.#verified(size)) pieces.push(piece)
    return concatBytes(pieces)
  }

  async *#verified(size: number | undefined): AsyncGenerator<Uint8Array, void, undefined> {
    let held: Uint8Array | undefined
    let seen = 0
    try {
      for await (const piece of this.#decoded()) {
        if (piece.byteLength === 0) continue
        seen += piece.byteLength
        if (size !== undefined && seen > size) throw new S3Error('IncompleteBody')
        this.#digests.update(piece)
        if (held) yield held
        held = piece
      }
      if (size !== undefined && seen !== size) throw new S3Error('IncompleteBody')
      this.#digests.check()
    } catch (error) {
      this.#failure = error instanceof S3Error ? error : new S3Error('IncompleteBody', { cause: error })
      throw this.#failure
    }
    if (held) yield held
  }

  async *#decoded(): AsyncGenerator<Uint8Array, void, undefined> {
    const { message, signer, onStart } = this.#source
    if (this.#started) throw new S3Error('InternalError', { message: 'The body was read twice.' })
    this.#started = true
    onStart()
    const signatures = this.#form.signed && signer ? new FrameSignatures(signer) : undefined
    const decoder = this.#form.framed ? new FrameDecoder({ signatures, trailers: this.#form.trailers }) : undefined
    // Ending early must leave the socket open for the answer.
    for await (const piece of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      this.#bytesIn += piece.byteLength
      if (decoder) yield* decoder.push(piece)
      else yield piece
    }
    if (!decoder) return
    decoder.finish()
    this.#digests.takeTrailers(decoder.trailers)
  }
}
