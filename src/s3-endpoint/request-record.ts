// What is told of each request: to hooks, logs and counters.

import type { OperationName } from './routing.ts'

/** What a request asks for. */
export interface RequestSummary {
  readonly operation: OperationName
  readonly bucket: string
  readonly key: string
  readonly accessKeyId: string | undefined
}

/** What became of a request. */
export interface RequestRecord extends RequestSummary {
  readonly requestId: string
  readonly status: number
  /** S3's error code. */
  readonly code: string | undefined
  /** Bytes of bodies, framing included, headers not. */
  readonly bytesIn: number
  readonly bytesOut: number
  readonly durationMs: number
}
