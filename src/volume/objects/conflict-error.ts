import { VolumeError } from '../../base/errors.ts'
import type { ObjectInfo } from '../../store/store.ts'

// The two ways in which the bucket is not what we believed. Both are ESTALE to the caller; the handler in between
// (write-back) re-reads, keeps the local bytes as a conflict copy, or applies its change to the new version.

/** The destination holds another version (or none) than the condition allows. Nothing of ours is there. */
export class ConflictError extends VolumeError {
  override readonly name: string = 'ConflictError'
  readonly key: string
  /** What HEAD showed there; null: nothing. */
  readonly found: ObjectInfo | null

  constructor(key: string, found: ObjectInfo | null, cause?: unknown) {
    super('ESTALE', { message: `another version is at ${JSON.stringify(key)}`, cause })
    this.key = key
    this.found = found
  }
}

/** The version a copy (or the clean part of a rewrite) was to be made of is gone. The destination is as it was. */
export class SourceChangedError extends VolumeError {
  override readonly name: string = 'SourceChangedError'
  readonly key: string
  /** What HEAD showed of the source; null: nothing. */
  readonly found: ObjectInfo | null

  constructor(key: string, found: ObjectInfo | null, cause?: unknown) {
    super('ESTALE', { message: `the source ${JSON.stringify(key)} has changed`, cause })
    this.key = key
    this.found = found
  }
}
