// What an operation is given and what it gives back. An operation never sees Node's request or response: it reads
// headers, query and payload, calls the store, and answers with a value that `reply.ts` writes out.

import type { Clock } from '../base/clock.ts'
import type { ObjectStore, StoreLimits } from '../store/store.ts'
import type { Buckets, Caller } from './buckets.ts'
import type { Payload } from './body/payload.ts'
import type { RequestHeaders } from './request-headers.ts'
import type { Target } from './routing.ts'

export interface Call {
  readonly target: Target
  readonly headers: RequestHeaders
  readonly payload: Payload
  readonly caller: Caller
  readonly buckets: Buckets
  /** The region answered to those who ask. */
  readonly region: string
  readonly clock: Clock
  /** Limits of a store, as this endpoint enforces them. */
  limitsOf(store: ObjectStore): StoreLimits
  /** Ends when the client goes away. Given to reads; a write whose bytes have arrived is finished. */
  readonly signal: AbortSignal
}

/** A call on a bucket that exists, or on an object of it. */
export interface BucketCall extends Call {
  readonly store: ObjectStore
}

export type ReplyHeaders = Readonly<Record<string, string | undefined>>

export interface Reply {
  readonly status: number
  readonly headers?: ReplyHeaders | undefined
  readonly body?: ReplyBody | undefined
}

type ReplyBody =
  | { readonly xml: string }
  /** Bytes of an object: `size` in all. HEAD has the size and no pieces. */
  | { readonly size: number; readonly pieces: AsyncIterable<Uint8Array> }

export type ServiceOperation = (call: Call) => Promise<Reply>
export type BucketOperation = (call: BucketCall) => Promise<Reply>
