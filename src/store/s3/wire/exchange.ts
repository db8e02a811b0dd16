// One request and its reply on a socket. It settles exactly once: with a whole reply, or with a WireFailure that says
// how far things got, because what may be repeated depends on that. A reply shorter than its Content-Length is a failure.
//
// Deadlines: connecting, silence in either direction, and the whole. One timer per exchange is set for the nearest of
// them and set again when it fires early, so that traffic costs no timer work.

import { request as httpRequest, type ClientRequest, type IncomingMessage, type Agent } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { Clock } from '../../../base/clock.ts'
import { concatBytes, noBytes } from '../../../base/bytes.ts'
import { bodyInHand, bodyPieces, bodySize } from '../../body.ts'
import type { Body } from '../../store.ts'
import type { Address } from './address.ts'

export interface WireRequest {
  readonly address: Address
  readonly method: string
  /** Path and query, encoded. */
  readonly target: string
  /** Name, value, name, value ... without Content-Length. */
  readonly headers: readonly string[]
  readonly body?: Body | undefined
  /** A longer body in a successful reply is not read. */
  readonly replyBytesMax: number
  readonly deadlines: Deadlines
  readonly signal?: AbortSignal | undefined
}

export interface Deadlines {
  readonly connectMs: number
  readonly idleMs: number
  /** For the whole, with time for the bytes added at `bytesPerSecondMin`. */
  readonly requestMs: number
  readonly bytesPerSecondMin: number
}

/** Names in lower case; values as on the wire, one character per byte, repeated ones joined. */
export type WireHeaders = ReadonlyMap<string, string>

export interface WireReply {
  readonly status: number
  readonly headers: WireHeaders
  readonly body: Uint8Array
}

export type WireFailureKind = 'network' | 'deadline' | 'aborted' | 'truncated' | 'oversized' | 'body-size'

/** How an exchange failed. The body source's own errors pass as they are. */
export class WireFailure extends Error {
  override readonly name: string = 'WireFailure'
  readonly kind: WireFailureKind
  readonly code: string | undefined
  /** Bytes of the request may have reached the server. */
  readonly sent: boolean
  /** The socket had served another request before and brought no byte of this reply: perhaps closed in between. */
  readonly raced: boolean

  constructor(
    kind: WireFailureKind,
    message: string,
    place: { sent: boolean; raced?: boolean; code?: string | undefined; cause?: unknown },
  ) {
    super(message, { cause: place.cause })
    this.kind = kind
    this.code = place.code
    this.sent = place.sent
    this.raced = place.raced ?? false
  }
}

const errorBytesMax = 1024 * 1024
/** A longer body goes in pieces, so that progress on a slow line is seen and not taken for silence. */
const sentAtOnceBytesMax = 512 * 1024

export function exchange(agent: Agent, clock: Clock, request: WireRequest): Promise<WireReply> {
  return new Promise((resolve, reject) => new Exchange(clock, request, resolve, reject).start(agent))
}

class Exchange {
  readonly #clock: Clock
  readonly #input: WireRequest
  readonly #resolve: (reply: WireReply) => void
  readonly #reject: (error: unknown) => void
  readonly #startMs: number
  #request: ClientRequest | undefined
  #reply: IncomingMessage | undefined
  #headers: WireHeaders = new Map()
  #settled = false
  #connecting = false
  #sent = false
  #bytesTotal: number
  #activeMs: number
  #cancelTimer: (() => void) | undefined
  #onAbort: (() => void) | undefined
  /** Of known length: one array, filled. */
  #whole: Uint8Array | undefined
  #pieces: Uint8Array[] = []
  #received = 0

  constructor(clock: Clock, input: WireRequest, resolve: (reply: WireReply) => void, reject: (error: unknown) => void) {
    this.#clock = clock
    this.#input = input
    this.#resolve = resolve
    this.#reject = reject
    this.#startMs = clock.monotonicMs()
    this.#activeMs = this.#startMs
    this.#bytesTotal = input.body === undefined ? 0 : bodySize(input.body)
  }

  start(agent: Agent): void {
    const { address, body, headers, method, signal, target } = this.#input
    if (signal?.aborted) return this.#fail('aborted', 'aborted')
    const { hostname, port, protocol } = address
    const flat = [...headers]
    if (body !== undefined) flat.push('content-length', String(this.#bytesTotal))
    const options = { agent, host: hostname, port, method, path: target, headers: flat, setHost: false }
    const request = protocol === 'https:' ? httpsRequest(options) : httpRequest(options)
    this.#request = request
    request.on('socket', (socket) => this.#onSocket(socket))
    request.on('response', (reply) => this.#onReply(reply))
    request.on('error', (error) => this.#onError(error))
    if (signal) {
      this.#onAbort = () => this.#fail('aborted', 'aborted')
      signal.addEventListener('abort', this.#onAbort, { once: true })
    }
    this.#arm()
    const pieces = body === undefined ? [] : bodyInHand(body)
    if (pieces !== undefined && this.#bytesTotal <= sentAtOnceBytesMax) sendAll(request, pieces)
    else void this.#stream(request, body as Body)
  }

  #onSocket(socket: Socket): void {
    this.#activeMs = this.#clock.monotonicMs()
    if (!socket.connecting) {
      this.#sent = true
      return
    }
    this.#connecting = true
    this.#arm()
    const event = this.#input.address.protocol === 'https:' ? 'secureConnect' : 'connect'
    socket.once(event, () => {
      this.#connecting = false
      this.#sent = true
      this.#activeMs = this.#clock.monotonicMs()
      if (!this.#settled) this.#arm()
    })
  }

  #onReply(reply: IncomingMessage): void {
    this.#reply = reply
    this.#activeMs = this.#clock.monotonicMs()
    const status = reply.statusCode as number
    const bytesMax = status < 300 ? this.#input.replyBytesMax : errorBytesMax
    const headers = readHeaders(reply.rawHeaders)
    this.#headers = headers
    const header = headers.get('content-length')
    const empty = this.#input.method === 'HEAD' || status === 204 || status === 304
    const length = empty ? 0 : header === undefined ? undefined : Number(header)
    if (length !== undefined && !(length <= bytesMax)) return this.#fail('oversized', `reply of ${header} bytes`)
    if (length !== undefined && length > 0) this.#whole = Buffer.allocUnsafeSlow(length)
    this.#bytesTotal += length ?? 0
    reply.on('data', (piece: Buffer) => this.#onData(piece, bytesMax))
    reply.on('end', () => this.#onEnd(length))
    reply.on('error', (error) => this.#onError(error))
  }

  #onData(piece: Buffer, bytesMax: number): void {
    this.#activeMs = this.#clock.monotonicMs()
    const offset = this.#received
    this.#received += piece.byteLength
    if (this.#received > (this.#whole?.byteLength ?? bytesMax)) return this.#fail('oversized', 'reply is too long')
    if (this.#whole) this.#whole.set(piece, offset)
    else {
      this.#bytesTotal += piece.byteLength
      this.#pieces.push(piece)
    }
  }

  #onEnd(length: number | undefined): void {
    if (this.#settled) return
    const reply = this.#reply as IncomingMessage
    if (!reply.complete || (length !== undefined && this.#received !== length)) {
      return this.#fail('truncated', `${this.#received} of ${length ?? 'unknown'} bytes`)
    }
    this.#settle()
    // An answer before the end of the body: the rest is not wanted, and the socket is of no more use.
    if (this.#request?.writableFinished === false) this.#request.destroy()
    this.#resolve({
      status: reply.statusCode as number,
      headers: this.#headers,
      body: this.#whole ?? joined(this.#pieces),
    })
  }

  #onError(error: Error): void {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
    if (this.#reply) this.#fail('truncated', 'connection lost within the reply', code, error)
    else this.#fail('network', error.message, code, error)
  }

  /** Sends a stream or a long body; it must have exactly the bytes it promised. */
  async #stream(request: ClientRequest, body: Body): Promise<void> {
    const promised = bodySize(body)
    let size = 0
    try {
      for await (const piece of bodyPieces(body)) {
        size += piece.byteLength
        if (size > promised) break
        for (let offset = 0; offset < piece.byteLength; offset += sentAtOnceBytesMax) {
          if (this.#settled) return
          if (!request.write(piece.subarray(offset, offset + sentAtOnceBytesMax))) await this.#drained(request)
          this.#activeMs = this.#clock.monotonicMs()
        }
      }
    } catch (error) {
      if (!this.#settle()) return
      request.destroy()
      this.#reject(error)
      return
    }
    if (size === promised) request.end()
    else this.#fail('body-size', `the body has ${size > promised ? 'more' : size} of ${promised} bytes`)
  }

  #drained(request: ClientRequest): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        request.off('drain', done)
        request.off('close', done)
        resolve()
      }
      request.on('drain', done)
      request.on('close', done)
      if (this.#settled) done()
    })
  }

  #arm(): void {
    this.#cancelTimer?.()
    const { connectMs, idleMs, requestMs, bytesPerSecondMin } = this.#input.deadlines
    const totalAtMs = this.#startMs + requestMs + (this.#bytesTotal / bytesPerSecondMin) * 1000
    const quietMs = this.#connecting ? connectMs : idleMs
    const quietAtMs = this.#activeMs + quietMs
    const nowMs = this.#clock.monotonicMs()
    if (nowMs >= quietAtMs) {
      const what = this.#connecting ? `no connection in ${quietMs} ms` : `silent for ${quietMs} ms`
      return this.#fail('deadline', what)
    }
    if (nowMs >= totalAtMs) return this.#fail('deadline', `not done in ${Math.round(totalAtMs - this.#startMs)} ms`)
    this.#cancelTimer = this.#clock.timer(Math.ceil(Math.min(quietAtMs, totalAtMs) - nowMs), () => this.#arm())
  }

  #fail(kind: WireFailureKind, message: string, code?: string, cause?: unknown): void {
    if (!this.#settle()) return
    const raced = kind === 'network' && this.#request?.reusedSocket === true
    this.#request?.destroy()
    this.#reject(new WireFailure(kind, message, { sent: this.#sent, raced, code, cause }))
  }

  /** True for the first caller only. */
  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    this.#cancelTimer?.()
    if (this.#onAbort) this.#input.signal?.removeEventListener('abort', this.#onAbort)
    return true
  }
}

/** By hand, in one pass: Node's `headers` makes a dictionary that is slow to build and to walk. */
function readHeaders(raw: readonly string[]): WireHeaders {
  const headers = new Map<string, string>()
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    const value = raw[i + 1] as string
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return headers
}

/** A copy: pieces are views of the socket's own buffers. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 0) return noBytes
  return pieces.length === 1 ? Uint8Array.prototype.slice.call(pieces[0]) : concatBytes(pieces)
}

function sendAll(request: ClientRequest, pieces: readonly Uint8Array[]): void {
  const last = pieces.length - 1
  for (let i = 0; i < last; i++) request.write(pieces[i])
  const piece = pieces[last]
  if (piece && piece.byteLength > 0) request.end(piece)
  else request.end()
}
