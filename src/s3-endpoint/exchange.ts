// One request from its first byte to its last: parse, authenticate, find the bucket, carry out, answer, tell. Every
// operation passes here, and nothing that is thrown leaves it.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { wallMs, type Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { randomId, type Random } from '../base/random.ts'
import type { ObjectStore, StoreLimits } from '../store/store.ts'
import type { Buckets } from './buckets.ts'
import type { Call, Reply } from './call.ts'
import { Payload } from './body/payload.ts'
import { S3Error, toS3Error } from './errors.ts'
import { bucketOperations, serviceOperations } from './operations/table.ts'
import { errorReply, writeReply, type ReplyContext } from './reply.ts'
import { RequestHeaders } from './request-headers.ts'
import type { RequestRecord, RequestSummary } from './request-record.ts'
import { parseTarget, route, type Target } from './routing.ts'
import { authenticate, type CredentialLookup } from './sigv4/authenticate.ts'
import { SigningKeys } from './sigv4/signing-key.ts'
import { drainBody } from './unread-body.ts'

export interface ExchangeOptions {
  readonly buckets: Buckets
  readonly credentials: CredentialLookup
  readonly anonymous: boolean
  readonly region?: string | undefined
  readonly domain?: string | undefined
  readonly clock: Clock
  readonly random: Random
  readonly limits?: Partial<StoreLimits> | undefined
  readonly log: Logger
  readonly beforeRequest?: ((request: RequestSummary) => void | Promise<void>) | undefined
  readonly onRequest?: ((record: RequestRecord) => void) | undefined
}

export interface Exchanges {
  /** `awaitsContinue`: the client sends its body only after `100 Continue`. */
  run(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): Promise<void>
}

export function createExchanges(options: ExchangeOptions): Exchanges {
  const keys = new SigningKeys()
  return {
    run: async (request, response, awaitsContinue) => {
      await new Exchange(options, keys, request, response, awaitsContinue).run()
    },
  }
}

class Exchange {
  readonly #options: ExchangeOptions
  readonly #keys: SigningKeys
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #awaitsContinue: boolean
  readonly #headers: RequestHeaders
  readonly #requestId: string
  readonly #startMs: number
  readonly #gone = new AbortController()
  #summary: RequestSummary = { operation: 'Unsupported', bucket: '', key: '', accessKeyId: undefined }
  #payload: Payload | undefined
  #continued = false

  constructor(
    options: ExchangeOptions,
    keys: SigningKeys,
    request: IncomingMessage,
    response: ServerResponse,
    awaitsContinue: boolean,
  ) {
    this.#options = options
    this.#keys = keys
    this.#request = request
    this.#response = response
    this.#awaitsContinue = awaitsContinue
    this.#headers = new RequestHeaders(request.rawHeaders)
    this.#requestId = randomId(options.random).slice(0, 16).toUpperCase()
    this.#startMs = options.clock.monotonicMs()
    response.once('close', () => {
      if (!response.writableFinished) this.#gone.abort()
    })
  }

  async run(): Promise<void> {
    let bytesOut = 0
    let failure: S3Error | undefined
    try {
      const reply = await this.#carryOut()
      bytesOut = await writeReply(this.#response, reply, this.#context())
    } catch (error) {
      failure = this.#payload?.failure ?? toS3Error(error)
      bytesOut = await this.#refuse(failure)
    }
    this.#tell(bytesOut, failure)
  }

  async #carryOut(): Promise<Reply> {
    const call = await this.#admit()
    const { operation } = this.#summary
    await this.#options.beforeRequest?.(this.#summary)
    const service = serviceOperations[operation]
    if (service) return service(call)
    const { target, buckets, caller } = call
    const store = await buckets.find(target.bucket, caller)
    if (!store) throw new S3Error('NoSuchBucket', { fields: { BucketName: target.bucket } })
    checkKeySize(target, call.limitsOf(store))
    const run = bucketOperations[operation]
    if (!run) throw new S3Error('NotImplemented')
    return run({ ...call, store })
  }

  /** Nothing is read of the body, and nothing asked of a bucket, before this has returned. */
  async #admit(): Promise<Call> {
    const { credentials, anonymous, region, clock, buckets, domain, limits } = this.#options
    const sent = this.#headers
    const method = this.#request.method ?? ''
    const target = parseTarget(this.#request.url ?? '/', sent.get('host'), domain)
    const headers = sent.withHoisted(target.query)
    const operation = route(method, target, headers.get('x-amz-copy-source'))
    this.#summary = { operation, bucket: target.bucket, key: target.key, accessKeyId: undefined }
    const rules = { credentials, anonymous, region, clock, keys: this.#keys }
    const { accessKeyId, payloadHash, signer } = await authenticate({ method, target, headers: sent }, rules)
    this.#summary = { ...this.#summary, accessKeyId }
    const onStart = (): void => {
      if (this.#awaitsContinue) this.#response.writeContinue()
      this.#continued = true
    }
    const checksumIsOfBody = operation !== 'CompleteMultipartUpload'
    const payload = new Payload({ message: this.#request, headers, payloadHash, signer, checksumIsOfBody, onStart })
    this.#payload = payload
    if (payload.framed && operation !== 'PutObject' && operation !== 'UploadPart') {
      throw new S3Error('NotImplemented', {
        message: 'Only objects and parts may be sent with the aws-chunked framing.',
      })
    }
    return {
      target,
      headers,
      payload,
      caller: { accessKeyId },
      buckets,
      region: region ?? 'us-east-1',
      clock,
      limitsOf: (store: ObjectStore): StoreLimits => ({ ...store.capabilities.limits, ...limits }),
      signal: this.#gone.signal,
    }
  }

  /** Answers with the error, or breaks the connection where a reply is already under way. */
  async #refuse(failure: S3Error): Promise<number> {
    const { log } = this.#options
    if (failure.status >= 500 && failure.code !== 'NotImplemented') {
      log.error('s3 request failed', {
        ...this.#summary,
        requestId: this.#requestId,
        code: failure.code,
        error: failure.cause ?? failure,
      })
    }
    if (this.#response.headersSent || this.#response.destroyed) {
      this.#response.destroy()
      return 0
    }
    const context = this.#context()
    const reply = errorReply(failure, context)
    try {
      return await this.#writeRefusal(reply, context)
    } catch (error) {
      log.error('s3 reply failed', { requestId: this.#requestId, error })
      this.#response.destroy()
      return 0
    }
  }

  #writeRefusal(reply: Reply, context: ReplyContext): Promise<number> {
    const request = this.#request
    if (request.complete) return writeReply(this.#response, reply, context)
    if (this.#awaitsContinue && !this.#continued) {
      // Whether the body still comes is the client's choice, so nothing after it could be told apart.
      return writeReply(this.#response, { ...reply, headers: { ...reply.headers, connection: 'close' } }, context)
    }
    const { clock, log } = this.#options
    return writeReply(this.#response, reply, context, () => drainBody(request, clock, log))
  }

  #context(): ReplyContext {
    const [resource = '/'] = (this.#request.url ?? '/').split('?', 1)
    const nowMs = wallMs(this.#options.clock)
    return { requestId: this.#requestId, resource, head: this.#request.method === 'HEAD', nowMs }
  }

  #tell(bytesOut: number, failure: S3Error | undefined): void {
    const { onRequest, clock, log } = this.#options
    const record: RequestRecord = {
      ...this.#summary,
      requestId: this.#requestId,
      status: failure?.status ?? this.#response.statusCode,
      code: failure?.code,
      bytesIn: this.#payload?.bytesIn ?? 0,
      bytesOut,
      durationMs: clock.monotonicMs() - this.#startMs,
    }
    log.debug('s3 request', { ...record })
    try {
      onRequest?.(record)
    } catch (error) {
      log.error('s3 onRequest hook failed', { requestId: this.#requestId, error })
    }
  }
}

function checkKeySize(target: Target, limits: StoreLimits): void {
  const size = Buffer.byteLength(target.key)
  if (size <= limits.keyBytesMax) return
  throw new S3Error('KeyTooLongError', { fields: { Size: String(size), MaxSizeAllowed: String(limits.keyBytesMax) } })
}
