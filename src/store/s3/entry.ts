// What is checked before a request is made: a closed store, an aborted caller, and S3's limits, so that a provider that
// does not enforce them behaves no differently.

import { StoreError } from '../../base/errors.ts'
import { bodySize } from '../body.ts'
import { checkHeaders, checkKey, refusal } from '../local/refuse.ts'
import type { Body, CallOptions, ObjectHeaders, StoreLimits } from '../store.ts'
import type { Operation } from '../wrap.ts'
import type { Channel } from './channel.ts'

export class Entry {
  readonly #channel: Channel
  readonly #limits: StoreLimits

  constructor(channel: Channel, limits: StoreLimits) {
    this.#channel = channel
    this.#limits = limits
  }

  /** The first key is the one an error names. */
  check(operation: Operation, call: CallOptions, ...keys: readonly string[]): void {
    const [key] = keys
    const { signal } = call
    this.#channel.checkOpen({ operation, key })
    if (signal?.aborted) throw new StoreError({ kind: 'aborted', operation, key, cause: signal.reason })
    for (const each of keys) checkKey(each, operation, this.#limits)
  }

  checkBody(operation: 'put' | 'uploadPart', key: string, body: Body): void {
    const bytesMax = operation === 'put' ? this.#limits.putBytesMax : this.#limits.partBytesMax
    this.#checkSize(operation, key, bodySize(body), bytesMax)
  }

  checkObjectSize(operation: Operation, key: string, size: number | undefined): void {
    this.#checkSize(operation, key, size ?? 0, this.#limits.objectBytesMax)
  }

  checkPart(operation: Operation, key: string, partNumber: number): void {
    const { partCountMax } = this.#limits
    if (Number.isInteger(partNumber) && partNumber >= 1 && partNumber <= partCountMax) return
    throw refusal('InvalidArgument', operation, key, `part numbers are 1 to ${partCountMax}`)
  }

  /** `call` with its headers as they are sent. */
  headed<T extends { readonly headers?: ObjectHeaders | undefined }>(operation: Operation, key: string, call: T): T {
    return call.headers ? { ...call, headers: checkHeaders(call.headers, operation, key, this.#limits) } : call
  }

  #checkSize(operation: Operation, key: string, bytes: number, bytesMax: number): void {
    if (bytes > bytesMax) throw refusal('EntityTooLarge', operation, key, `${bytes} bytes, at most ${bytesMax}`)
  }
}
