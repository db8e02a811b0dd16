// What a program may say when it opens a volume. Settings are plain data (volume/settings.ts); the rest says where the
// bucket is, who asks, where local folders are, and which parts are brought along.

import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { CredentialsOption } from '../../store/s3/credentials.ts'
import type { ObjectStore } from '../../store/store.ts'
import type { VolumeSettings } from '../../volume/settings.ts'

/**
 * A part loaded in the engine's thread: `module` (a file: URL or a package name) exports a function named after the
 * option — createStore, createClock, createLogger, createCredentials — which is called with `data` (plain data) and gives
 * the part or a promise of it.
 */
export interface ModuleOption {
  readonly module: string | URL
  readonly data?: unknown
}

export interface OpenVolumeOptions extends Partial<VolumeSettings> {
  /** `http(s)://host[:port]` of an S3-compatible service; else that of the URL, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or AWS itself. */
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  /** Default: the AWS SDK's provider chain. A function needs `engine: 'inline'`; a worker takes `{ module, data }`. */
  readonly credentials?: CredentialsOption | ModuleOption | undefined
  /** Bucket in the path instead of the host name. Default: true with an endpoint or a dot in the bucket's name. */
  readonly forcePathStyle?: boolean | undefined
  /** Certificates trusted instead of the system's, PEM. */
  readonly ca?: string | undefined
  /** Accepts any certificate; for tests. */
  readonly insecureTls?: boolean | undefined
  /** 'worker' (default): a thread of its own, synchronous calls work. 'inline': on this thread, asynchronous calls only. */
  readonly engine?: 'worker' | 'inline' | undefined
  /** Folder of journal and spool. Default: a slot of this process's own below XDG_STATE_HOME (~/.local/state). */
  readonly journalDir?: string | undefined
  /** Folder of the disk block cache. Default: below XDG_CACHE_HOME (~/.cache). */
  readonly cacheDir?: string | undefined
  /** The bucket itself, instead of what the URL names (the URL still names the volume). */
  readonly store?: ObjectStore | ModuleOption | undefined
  readonly clock?: Clock | ModuleOption | undefined
  /** Default: warnings and errors on stderr. */
  readonly logger?: Logger | ModuleOption | undefined
  /** Where relative paths start; default `process.cwd()` at each call. */
  readonly cwd?: string | undefined
}

/** Options that may be code. */
export const codeOptions = ['store', 'clock', 'logger', 'credentials'] as const

export type CodeOption = (typeof codeOptions)[number]

export const optionNames: readonly string[] = [
  'endpoint',
  'region',
  'credentials',
  'forcePathStyle',
  'ca',
  'insecureTls',
  'engine',
  'journalDir',
  'cacheDir',
  'store',
  'clock',
  'logger',
  'cwd',
]

export function isModuleOption(value: unknown): value is ModuleOption {
  return (
    typeof value === 'object' &&
    value !== null &&
    'module' in value &&
    (typeof value.module === 'string' || value.module instanceof URL)
  )
}

/** Whether a value can be posted to another thread: no function anywhere in it. */
export function isPlainData(value: unknown, depth = 0): boolean {
  if (typeof value === 'function' || typeof value === 'symbol' || depth > 32) return false
  if (typeof value !== 'object' || value === null || value instanceof Date || ArrayBuffer.isView(value)) return true
  const prototype = Object.getPrototypeOf(value) as unknown
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return false
  return Object.values(value).every((each) => isPlainData(each, depth + 1))
}
