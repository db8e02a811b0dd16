// Signed requests to one bucket, one after another until one is answered for good. What the service itself corrects is
// done over once per request and remembered for the next: the region, another host, the clock, keys that ended, a body
// that must be hashed. Everything else that fails is a StoreError; retries with patience are `withRetry`'s.

import type { Agent } from 'node:http'
import { wallMs, type Clock } from '../../base/clock.ts'
import { StoreError } from '../../base/errors.ts'
import { silentLogger, type Logger } from '../../base/log.ts'
import { systemClock } from '../../base/system.ts'
import { isReplayable } from '../body.ts'
import type { Body } from '../store.ts'
import { mutations, type Operation } from '../wrap.ts'
import { CredentialSource, type S3Credentials } from './credentials.ts'
import { s3Error } from './error-kinds.ts'
import { s3Defaults, type S3StoreOptions } from './options.ts'
import { hashed } from './payload-hash.ts'
import { refusalOf, refusedError, refusesUnsigned, unreadable, type Refusal } from './refusal.ts'
import { addressOf, redirected, type Address } from './wire/address.ts'
import { createAgent, dropFreeSockets } from './wire/agent.ts'
import {
  emptyPayloadHash,
  encodePath,
  encodeQuery,
  unsignedPayload,
  type HeaderPairs,
  type QueryPairs,
} from './wire/canonical.ts'
import { exchange, WireFailure, type Deadlines, type WireReply } from './wire/exchange.ts'
import { Signer } from './wire/signer.ts'
import { childText, parseXml, XmlError, type XmlElement } from './wire/xml.ts'

export interface S3Request {
  readonly operation: Operation
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Absent: a request about the bucket. */
  readonly key?: string | undefined
  readonly query?: QueryPairs | undefined
  readonly headers?: HeaderPairs | undefined
  readonly body?: Body | undefined
  /** Object bytes are covered by a CRC-32 and not hashed a second time; documents are hashed. */
  readonly unsigned?: boolean | undefined
  readonly replyBytesMax: number
  /** The service may work for minutes before it answers. */
  readonly slow?: boolean | undefined
  /** Sent twice it has the effect of once. */
  readonly idempotent: boolean
  readonly signal?: AbortSignal | undefined
}

type Correction = 'region' | 'redirect' | 'skew' | 'credentials' | 'payload'

const noHeaders: HeaderPairs = []
/** Past this the clock is the likely reason of a 403 that gives none. */
const skewMsMin = 4 * 60 * 1000
const credentialCodes: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidToken',
  'TokenRefreshRequired',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'RequestExpired',
])

export class Channel {
  readonly credentials: CredentialSource
  readonly clock: Clock
  readonly #logger: Logger
  readonly #options: S3StoreOptions
  readonly #agent: Agent
  readonly #signer = new Signer()
  readonly #deadlines: Deadlines
  readonly #slowDeadlines: Deadlines
  #region: string
  #address: Address
  /** The server's clock minus ours. */
  #skewMs = 0
  #signedPayload: boolean
  #closed = false
  #lastHeaders: WireReply['headers'] | undefined
  #dateText: string | undefined
  #dateMs = 0

  constructor(options: S3StoreOptions) {
    this.#options = options
    this.clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.credentials = new CredentialSource(options.credentials ?? 'default', this.clock)
    this.#region = options.region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'us-east-1'
    this.#address = addressOf({ ...options, region: this.#region })
    this.#signedPayload = options.signedPayload ?? false
    const { connectMs = s3Defaults.connectMs, idleMs = s3Defaults.idleMs, requestMs = s3Defaults.requestMs } = options
    const slowMs = options.slowRequestMs ?? s3Defaults.slowRequestMs
    const { bytesPerSecondMin } = s3Defaults
    this.#deadlines = { connectMs, idleMs, requestMs, bytesPerSecondMin }
    this.#slowDeadlines = { connectMs, idleMs: slowMs, requestMs: slowMs, bytesPerSecondMin }
    this.#agent = createAgent({
      tls: this.#address.protocol === 'https:',
      socketCountMax: options.socketCountMax ?? s3Defaults.socketCountMax,
      freeSocketMs: s3Defaults.freeSocketMs,
      clock: this.clock,
      ca: options.ca,
      insecureTls: options.insecureTls,
    })
    if (options.insecureTls)
      this.#logger.warn('TLS certificates are not verified (insecureTls)', { host: this.#address.host })
  }

  get region(): string {
    return this.#region
  }

  /** The Server header of the last reply. */
  get serverName(): string {
    return this.#lastHeaders?.get('server') ?? ''
  }

  /** The server's date in a reply, whole seconds as epoch milliseconds. */
  dateOf(reply: WireReply): number {
    const text = reply.headers.get('date')
    if (text !== undefined && text === this.#dateText) return this.#dateMs
    const ms = Date.parse(text ?? '')
    // Without a readable date our own clock has to do, as far as it is known to be right.
    if (text === undefined || Number.isNaN(ms)) return Math.floor((wallMs(this.clock) + this.#skewMs) / 1000) * 1000
    this.#dateText = text
    this.#dateMs = ms
    return ms
  }

  /** The reply of a request that succeeded, its body whole. */
  async send(request: S3Request): Promise<WireReply> {
    let corrected: Set<Correction> | undefined
    for (let replayed = false; ;) {
      this.checkOpen(request)
      const credentials = this.credentials.current() ?? (await this.credentials.get())
      let reply: WireReply
      try {
        reply = await this.#once(request, credentials)
      } catch (error) {
        const raced = error instanceof WireFailure && error.raced && request.idempotent && isSentAgain(request)
        if (!raced || replayed || this.#closed) throw this.#failed(request, error)
        replayed = true
        // Sockets idle as long as this one are likely closed as well: the replay opens its own.
        dropFreeSockets(this.#agent)
        continue
      }
      this.#lastHeaders = reply.headers
      if (reply.status >= 200 && reply.status < 300) return reply
      const refusal = refusalOf(reply)
      const correction = isSentAgain(request)
        ? await this.#correct(request, refusal, credentials, (corrected ??= new Set()))
        : undefined
      if (!correction) throw refusedError(request, refusal)
      corrected?.add(correction)
    }
  }

  /** The document in a reply. A 200 that carries an `<Error>`, or no such document at all, has failed. */
  document(request: S3Request, reply: WireReply, root: string): XmlElement {
    const mutating = mutations.has(request.operation)
    let document: XmlElement
    try {
      document = parseXml(reply.body)
    } catch (error) {
      if (!(error instanceof XmlError)) throw error
      throw unreadable(request, `the reply is no ${root} document: ${error.message}`, error)
    }
    if (document.name === 'Error') {
      const { operation, key } = request
      const [code, message] = [childText(document, 'Code'), childText(document, 'Message')]
      throw s3Error({ operation, key, status: reply.status, code, message, mutating })
    }
    if (document.name !== root) throw unreadable(request, `the reply is no ${root} but a ${document.name} document`)
    return document
  }

  checkOpen({ operation, key }: Pick<S3Request, 'operation' | 'key'>): void {
    if (this.#closed) throw new StoreError({ kind: 'aborted', operation, key, message: 'the store is closed' })
  }

  close(): void {
    this.#closed = true
    this.#agent.destroy()
  }

  #once(request: S3Request, credentials: S3Credentials): Promise<WireReply> {
    const { body } = request
    if (body === undefined) return this.#exchange(request, credentials, emptyPayloadHash, undefined)
    if (request.unsigned && !this.#signedPayload) return this.#exchange(request, credentials, unsignedPayload, body)
    return hashed(request, body).then(([hash, sent]) => this.#exchange(request, credentials, hash, sent))
  }

  #exchange(
    request: S3Request,
    credentials: S3Credentials,
    payloadHash: string,
    body: Body | undefined,
  ): Promise<WireReply> {
    const { headers = noHeaders, method, query: pairs, replyBytesMax, signal } = request
    const address = this.#address
    const { basePath, host } = address
    const path = request.key === undefined ? basePath || '/' : `${basePath}/${encodePath(request.key)}`
    const query = pairs ? encodeQuery(pairs) : ''
    const nowMs = wallMs(this.clock) + this.#skewMs
    const region = this.#region
    return exchange(this.#agent, this.clock, {
      address,
      method,
      target: query === '' ? path : `${path}?${query}`,
      headers: this.#signer.sign({ method, path, query, host, headers, payloadHash, credentials, region, nowMs }),
      body: body ?? (method === 'PUT' || method === 'POST' ? [] : undefined),
      replyBytesMax,
      deadlines: request.slow ? this.#slowDeadlines : this.#deadlines,
      signal,
    })
  }

  /** What the refusal teaches, or undefined when sending again would be no different. */
  async #correct(
    request: S3Request,
    refusal: Refusal,
    credentials: S3Credentials,
    corrected: ReadonlySet<Correction>,
  ): Promise<Correction | undefined> {
    if (!corrected.has('region') && this.#learnRegion(refusal)) return 'region'
    if (!corrected.has('redirect') && this.#learnAddress(refusal)) return 'redirect'
    if (!corrected.has('skew') && this.#learnSkew(refusal)) return 'skew'
    if (!corrected.has('credentials') && (await this.#renewCredentials(request, refusal, credentials)))
      return 'credentials'
    if (corrected.has('payload') || !request.unsigned || this.#signedPayload || !refusesUnsigned(refusal))
      return undefined
    this.#logger.info('the service refuses unsigned payloads: bodies are hashed from now on', {
      bucket: this.#options.bucket,
    })
    this.#signedPayload = true
    return 'payload'
  }

  #learnRegion({ status, region }: Refusal): boolean {
    const possible = status === 301 || status === 307 || status === 400 || status === 403
    if (!possible || region === undefined || region === this.#region || !/^[a-z0-9-]{1,40}$/.test(region)) return false
    this.#logger.info('the bucket is in another region', { bucket: this.#options.bucket, region })
    this.#region = region
    if (this.#address.followsRegion) this.#address = addressOf({ ...this.#options, region })
    return true
  }

  #learnAddress({ status, location }: Refusal): boolean {
    const moved = status === 301 || status === 302 || status === 307 || status === 308
    const address = moved && location !== undefined ? redirected(this.#address, location) : undefined
    if (!address || address.host === this.#address.host) return false
    this.#address = address
    return true
  }

  #learnSkew({ status, code, reply }: Refusal): boolean {
    if (code !== 'RequestTimeTooSkewed' && !(status === 403 && code === undefined)) return false
    const serverMs = Date.parse(reply.headers.get('date') ?? '')
    const skewMs = serverMs - wallMs(this.clock)
    if (Number.isNaN(skewMs) || Math.abs(skewMs - this.#skewMs) < skewMsMin) return false
    this.#logger.warn('this clock is off; requests are signed with the time of the service', { skewMs })
    this.#skewMs = skewMs
    return true
  }

  async #renewCredentials({ method }: S3Request, { status, code }: Refusal, refused: S3Credentials): Promise<boolean> {
    // A HEAD has no body to say why: a token that ended shows as a bare 400 or 403.
    const bare = method === 'HEAD' && code === undefined && (status === 400 || status === 403)
    const likely = code === undefined ? bare && refused.sessionToken !== undefined : credentialCodes.has(code)
    if (!this.credentials.renewable || !likely) return false
    const next = await this.credentials.get(refused)
    return (
      next.accessKeyId !== refused.accessKeyId ||
      next.secretAccessKey !== refused.secretAccessKey ||
      next.sessionToken !== refused.sessionToken
    )
  }

  #failed({ operation, key }: S3Request, error: unknown): unknown {
    if (!(error instanceof WireFailure)) return error
    const { code, sent, message } = error
    const ambiguous = sent && mutations.has(operation)
    const place = { operation, key, code, message, cause: error }
    if (this.#closed) return new StoreError({ ...place, kind: 'aborted', message: 'the store is closed', ambiguous })
    switch (error.kind) {
      case 'aborted':
        return new StoreError({ ...place, kind: 'aborted', ambiguous })
      case 'deadline':
        return new StoreError({ ...place, kind: 'timeout', ambiguous })
      case 'body-size':
        return new StoreError({ ...place, kind: 'corrupt', code: 'IncompleteBody' })
      case 'oversized':
        return new StoreError({ ...place, kind: 'corrupt', ambiguous })
      case 'network':
      case 'truncated':
        return new StoreError({ ...place, kind: 'unavailable', ambiguous })
    }
  }
}

function isSentAgain({ body }: S3Request): boolean {
  return body === undefined || isReplayable(body)
}
