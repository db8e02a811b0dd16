// The uncommon calls, through the AWS SDK. It is loaded with the first of them: a tenth of a second that a program which
// only reads and writes does not pay. The SDK makes one try; patience is `withRetry`'s for both halves.

import type { S3Client } from '@aws-sdk/client-s3'
import { StoreError } from '../../base/errors.ts'
import { errnoOf } from '../foreign-error.ts'
import type { CallOptions, ListedUpload } from '../store.ts'
import type { Channel } from './channel.ts'
import { decodeUrl } from './documents.ts'
import { s3Error } from './error-kinds.ts'
import { s3Defaults, type S3StoreOptions } from './options.ts'

/** 1,000 uploads a page. */
const uploadPagesMax = 1000

export class SdkHalf {
  readonly #channel: Channel
  readonly #options: S3StoreOptions
  #client: Promise<S3Client> | undefined
  #region = ''

  constructor(channel: Channel, options: S3StoreOptions) {
    this.#channel = channel
    this.#options = options
  }

  async listUploads(prefix: string, { signal }: CallOptions): Promise<readonly ListedUpload[]> {
    const { ListMultipartUploadsCommand } = await import('@aws-sdk/client-s3')
    const uploads: ListedUpload[] = []
    let markers: { KeyMarker?: string; UploadIdMarker?: string } = {}
    for (let page = 0; page < uploadPagesMax; page++) {
      const input = {
        Bucket: this.#options.bucket,
        EncodingType: 'url' as const,
        ...(prefix === '' ? {} : { Prefix: prefix }),
        ...markers,
      }
      const reply = await this.#run('listUploads', prefix, async (client) =>
        client.send(new ListMultipartUploadsCommand(input), signal ? { abortSignal: signal } : {}),
      )
      const keyOf = (text: string): string => (reply.EncodingType === 'url' ? decodeUrl(text) : text)
      for (const { Initiated, Key, UploadId } of reply.Uploads ?? []) {
        if (Key === undefined || !UploadId || !Initiated)
          throw this.#damaged(prefix, 'an upload without key, id or date')
        uploads.push({ key: keyOf(Key), uploadId: UploadId, initiated: Initiated.getTime() })
      }
      if (!reply.IsTruncated) return uploads.sort((a, b) => (a.key === b.key ? a.initiated - b.initiated : 0))
      if (!reply.NextKeyMarker) throw this.#damaged(prefix, 'a page without a marker to the next')
      markers = {
        KeyMarker: keyOf(reply.NextKeyMarker),
        ...(reply.NextUploadIdMarker ? { UploadIdMarker: reply.NextUploadIdMarker } : {}),
      }
    }
    throw this.#damaged(prefix, `more than ${uploadPagesMax} pages of uploads`)
  }

  async close(): Promise<void> {
    const client = await this.#client
    client?.destroy()
  }

  async #run<T>(operation: 'listUploads', key: string, call: (client: S3Client) => Promise<T>): Promise<T> {
    this.#channel.checkOpen({ operation, key })
    try {
      return await call(await this.#connect())
    } catch (error) {
      throw sdkError(operation, key, error)
    }
  }

  /** A client for the region known by now. */
  async #connect(): Promise<S3Client> {
    const { credentials, region } = this.#channel
    if (this.#client && this.#region === region) return this.#client
    const before = this.#client
    this.#region = region
    this.#client = create(this.#options, region, () => credentials.get())
    await before?.then((client) => client.destroy())
    return this.#client
  }

  #damaged(key: string, message: string): StoreError {
    return new StoreError({ kind: 'corrupt', operation: 'listUploads', key, message })
  }
}

async function create(
  options: S3StoreOptions,
  region: string,
  credentials: () => Promise<{ accessKeyId: string; secretAccessKey: string }>,
): Promise<S3Client> {
  const { S3Client: Client } = await import('@aws-sdk/client-s3')
  const { Agent } = await import('node:https')
  const tls = {
    keepAlive: true,
    rejectUnauthorized: options.insecureTls !== true,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  }
  return new Client({
    region,
    credentials,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    forcePathStyle: options.forcePathStyle ?? (options.endpoint !== undefined || options.bucket.includes('.')),
    followRegionRedirects: true,
    maxAttempts: 1,
    expectContinueHeader: false,
    cacheMiddleware: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: options.connectMs ?? s3Defaults.connectMs,
      socketTimeout: options.idleMs ?? s3Defaults.idleMs,
      httpsAgent: new Agent(tls),
    },
  })
}

/** The SDK's errors have the service's code as their name. */
function sdkError(operation: string, key: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const { $metadata, message, name } = error as {
    $metadata?: { httpStatusCode?: number }
    message?: string
    name?: string
  }
  if (name === 'AbortError') return new StoreError({ kind: 'aborted', operation, key, cause: error })
  const status = $metadata?.httpStatusCode
  if (status !== undefined && status >= 300)
    return s3Error({ operation, key, status, code: name, message, mutating: false, cause: error })
  const kind = name === 'TimeoutError' ? 'timeout' : name === 'CredentialsProviderError' ? 'credentials' : 'unavailable'
  return new StoreError({ kind, operation, key, code: errnoOf(error), message, cause: error })
}
