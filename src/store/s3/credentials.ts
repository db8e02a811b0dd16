// Where signatures come from: fixed keys, a function, or the AWS SDK's default provider chain, which is loaded only when
// it is needed. What a provider gives is kept until shortly before it expires; one fetch serves all waiting requests.

import { wallMs, type Clock } from '../../base/clock.ts'
import { StoreError } from '../../base/errors.ts'
import type { SigningCredentials } from './wire/signer.ts'

export interface S3Credentials extends SigningCredentials {
  readonly expiration?: Date | undefined
}

/** `'default'` is the AWS SDK's chain: environment, shared files, SSO, web identity, container and instance roles. */
export type CredentialsOption = S3Credentials | (() => Promise<S3Credentials>) | 'default'

/** Fetched again this long before they end, so that no request is signed with keys that end on its way. */
const earlyMs = 5 * 60 * 1000
/** A provider that fails while the old keys are still good is not asked again for this long. */
const failurePauseMs = 10_000

export class CredentialSource {
  readonly #clock: Clock
  readonly #fetch: (() => Promise<S3Credentials>) | undefined
  #current: S3Credentials | undefined
  #refreshAtMs = Number.POSITIVE_INFINITY
  #pending: Promise<S3Credentials> | undefined

  constructor(option: CredentialsOption, clock: Clock) {
    this.#clock = clock
    if (option === 'default') this.#fetch = defaultProvider()
    else if (typeof option === 'function') this.#fetch = option
    else this.#current = checked(option)
  }

  /** Whether asking again could give other keys. */
  get renewable(): boolean {
    return this.#fetch !== undefined
  }

  /** Usable now, or undefined when they must be awaited. */
  current(): S3Credentials | undefined {
    if (this.#refreshAtMs === Number.POSITIVE_INFINITY || wallMs(this.#clock) < this.#refreshAtMs) return this.#current
    return undefined
  }

  /** `refused` are keys the service just rejected: others are wanted if there are any. */
  async get(refused?: S3Credentials): Promise<S3Credentials> {
    const current = this.current()
    if (current && current !== refused) return current
    this.#pending ??= this.#renew(refused !== undefined).finally(() => (this.#pending = undefined))
    return this.#pending
  }

  async #renew(refused: boolean): Promise<S3Credentials> {
    if (!this.#fetch) return this.#current as S3Credentials
    try {
      const fetched = checked(await this.#fetch())
      const endMs = fetched.expiration?.getTime()
      this.#current = fetched
      // Keys that end within the margin are used until they end, not fetched for every request.
      const nowMs = wallMs(this.#clock)
      this.#refreshAtMs =
        endMs === undefined
          ? Number.POSITIVE_INFINITY
          : Math.max(endMs - earlyMs, Math.min(endMs, nowMs + failurePauseMs))
      return fetched
    } catch (error) {
      const current = this.#current
      const endMs = current?.expiration?.getTime() ?? 0
      if (!refused && current && wallMs(this.#clock) < endMs) {
        this.#refreshAtMs = Math.min(endMs, wallMs(this.#clock) + failurePauseMs)
        return current
      }
      if (error instanceof StoreError) throw error
      const message = `no credentials: ${error instanceof Error ? error.message : String(error)}`
      throw new StoreError({ kind: 'credentials', operation: 'credentials', message, cause: error })
    }
  }
}

function defaultProvider(): () => Promise<S3Credentials> {
  let provider: (() => Promise<S3Credentials>) | undefined
  return async () => {
    if (!provider) {
      const { defaultProvider: create } = await import('@aws-sdk/credential-provider-node')
      provider = create()
    }
    return provider()
  }
}

function checked(credentials: S3Credentials): S3Credentials {
  const { accessKeyId, secretAccessKey } = credentials
  // A newline in a key file would end up in a header; the message must not show what is there.
  const plain = (text: unknown): boolean => typeof text === 'string' && text !== '' && !/[^\x21-\x7e]/.test(text)
  if (plain(accessKeyId) && plain(secretAccessKey)) return credentials
  const message = 'accessKeyId and secretAccessKey must be set and free of spaces'
  throw new StoreError({ kind: 'credentials', operation: 'credentials', message })
}
