// What an S3 store is told, and what it assumes otherwise.

import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { StoreCapabilities, StoreLimits } from '../store.ts'
import type { CredentialsOption } from './credentials.ts'

export interface S3StoreOptions {
  readonly bucket: string
  /** `http(s)://host[:port][/path]`. Default: AWS, by region. */
  readonly endpoint?: string | undefined
  /** Default: AWS_REGION, AWS_DEFAULT_REGION, 'us-east-1'. A wrong one is corrected by the service's own answer. */
  readonly region?: string | undefined
  /** Default 'default': the AWS SDK's provider chain. */
  readonly credentials?: CredentialsOption | undefined
  /** Default: true with an endpoint or a dot in the bucket's name. */
  readonly forcePathStyle?: boolean | undefined
  /** Sockets to the endpoint at most. */
  readonly socketCountMax?: number | undefined
  readonly connectMs?: number | undefined
  /** Silence on a connection, in either direction. */
  readonly idleMs?: number | undefined
  /** A whole request, plus the time its bytes need at 64 KiB/s. */
  readonly requestMs?: number | undefined
  /** Copy and Complete, which a service may work on for minutes without a word. */
  readonly slowRequestMs?: number | undefined
  /** Certificates trusted instead of the system's, PEM. */
  readonly ca?: string | undefined
  /** Accepts any certificate. Logged as a warning at open; never the case by itself or by environment. */
  readonly insecureTls?: boolean | undefined
  /** Sign the hash of every body, for services that refuse UNSIGNED-PAYLOAD. Found out by itself when refused in words. */
  readonly signedPayload?: boolean | undefined
  /** What the bucket can do, when it is known already; else nothing is assumed until `adopt`. */
  readonly capabilities?: StoreCapabilities | undefined
  readonly limits?: Partial<StoreLimits> | undefined
  readonly clock?: Clock | undefined
  readonly logger?: Logger | undefined
}

export const s3Defaults: {
  readonly socketCountMax: number
  readonly connectMs: number
  readonly idleMs: number
  readonly requestMs: number
  readonly slowRequestMs: number
  readonly bytesPerSecondMin: number
  readonly freeSocketMs: number
} = {
  // The most that the adaptive limit lets go at once (`withLimit`).
  socketCountMax: 256,
  connectMs: 5000,
  idleMs: 30_000,
  requestMs: 60_000,
  // "Several minutes" in the words of CompleteMultipartUpload's page.
  slowRequestMs: 600_000,
  // Below this a connection is as good as dead.
  bytesPerSecondMin: 64 * 1024,
  // Servers close idle connections after 5 s (Node) to 60 s (nginx); a race at the end costs a replay.
  freeSocketMs: 4000,
}
