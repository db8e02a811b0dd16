import type { Version } from '../inode.ts'
import type { ObjectDeps } from './object-deps.ts'
import type { StreamUpload } from './stream-upload.ts'
import { writeFrozen, type ContentJob } from './write-frozen.ts'

// A file's contents into the bucket, by the cheapest way that is safe: what a stream has sent already, one PUT, or parts.

export interface WriteJob extends ContentJob {
  /** The upload that went on while the file was written, if there is one. */
  readonly stream?: StreamUpload | undefined
}

/**
 * Returns the version that is in the bucket, proven. ConflictError: another version is at `key`, nothing of ours is.
 * SourceChangedError: clean bytes of the base, under another key, are gone. A StoreError for which `isUnknownOutcome`
 * (outcome/doubt.ts) holds: call again with the same frozen content and write id.
 */
export async function writeObject(deps: ObjectDeps, job: WriteJob): Promise<Version> {
  return job.stream ? job.stream.finish(job) : writeFrozen(deps, job)
}
