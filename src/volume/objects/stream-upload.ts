import { isVolumeError } from '../../base/errors.ts'
import { randomId } from '../../base/random.ts'
import { streamKey } from '../../format/system-key.ts'
import type { CallOptions, ObjectHeaders } from '../../store/store.ts'
import type { FileContent, FrozenContent } from '../content/file-content.ts'
import type { Version } from '../inode.ts'
import { ConflictError, SourceChangedError } from './conflict-error.ts'
import { copyObject } from './copy-object.ts'
import { isOurs, isUnknownOutcome, look, mayBeResumed } from './outcome/doubt.ts'
import { callOptions, type ObjectDeps } from './object-deps.ts'
import { signatureOf } from './parts/piece-signature.ts'
import { removeObject } from './remove-object.ts'
import { isAllOf, isWrittenInOrder } from './parts/content-shape.ts'
import { sameHeaders } from './outcome/same-headers.ts'
import { StreamParts } from './parts/stream-parts.ts'
import { UploadLostError } from './parts/part-sender.ts'
import type { UploadTarget } from './parts/upload.ts'
import { versionRead } from './outcome/written-version.ts'
import { writeFrozen, type ContentJob } from './write-frozen.ts'

// A large file that is written in order, uploaded while it is being written. Nothing can be seen under its key until
// `finish`; headers are fixed at the first part, and what differs at the end costs one copy onto itself.
//
// Where the local spool cannot keep all dirty bytes until then, `putAside` completes what there is under a key of its own,
// `.bucketfs/data/streams/ID`, and rebases the content on it: the local bytes are free, reads go on there, and the next
// upload starts with part copies of it. From then on the stream stays aside, and `finish` moves it to its key. The same is
// the way past the number of parts S3 allows (`wantsAside`).
//
// One StreamUpload serves an inode for as long as it likes: after `finish` or `abort` it starts anew. Its caller
// serialises `putAside`, `finish` and `abort` (the inode's remoteLock); `offer` may come at any time.

export interface StreamOptions {
  /** What an upload is created with; asked before its first part. Its write id may be met in the bucket from then on. */
  readonly describe: () => Promise<UploadTarget>
  /** There is no spool: every upload goes aside from the start. */
  readonly aside?: boolean | undefined
}

interface Finished {
  readonly version: Version
  readonly signature: string
  readonly headers: ObjectHeaders
  readonly tags: string | undefined
}

export class StreamUpload {
  readonly #deps: ObjectDeps
  readonly #options: StreamOptions
  readonly #call: CallOptions = { priority: 'background', purpose: 'data' }
  #parts: StreamParts | undefined
  #isAside: boolean
  /** What the last `putAside` made, and what the content is based on since. */
  #aside: Version | undefined
  /** Completed under its own key, while the copy that puts its headers right is still to be made. */
  #finished: Finished | undefined
  /** Signature of the contents of a completion of which nobody knows whether it happened. */
  #inDoubt: string | undefined
  /** Dirty bytes below which looking for a sequential writer is not worth while. */
  #lookAtBytes: number

  constructor(deps: ObjectDeps, options: StreamOptions) {
    this.#deps = deps
    this.#options = options
    this.#isAside = options.aside ?? false
    this.#lookAtBytes = deps.settings.putBytesMax
  }

  /** Whether an upload is under way. */
  get isStreaming(): boolean {
    return this.#parts !== undefined
  }

  /** Bytes of the file that are in parts, sent or under way. */
  get sentBytes(): number {
    return this.#parts?.frontier ?? 0
  }

  /** The upload has no part numbers left: only `putAside` makes room for more. */
  get wantsAside(): boolean {
    return this.#parts?.isFull ?? false
  }

  /** Headers and write id of the upload under way, as given by `describe`; undefined before the first part. */
  async target(): Promise<UploadTarget | undefined> {
    return this.#parts?.target()
  }

  /** To be called after writes: sends parts that have become full, once the file is large and written in order. */
  offer(content: FileContent): void {
    if (!this.#parts) {
      if (content.dirtyBytes < this.#lookAtBytes) return
      this.#lookAtBytes = content.dirtyBytes + this.#deps.settings.partBytes
      if (!isWrittenInOrder(content, this.#deps.settings.putBytesMax)) return
      this.#parts = new StreamParts(this.#deps, this.#call, () => this.#describe())
    }
    this.#parts.offer(content)
  }

  /** All parts offered so far have been sent, or will be at the end. */
  async settled(): Promise<void> {
    await this.#parts?.settled()
  }

  /**
   * Everything `content` has now goes to a key of its own; local memory and spool are free when it returns. The content
   * is rebased; the file's own key is untouched.
   */
  async putAside(content: FileContent): Promise<Version> {
    const frozen = content.freeze()
    try {
      const version = await this.#writeAside(frozen, this.#call)
      content.rebase(frozen, version)
      await this.#dropAside()
      this.#aside = version
      this.#lookAtBytes = this.#deps.settings.putBytesMax
      return version
    } catch (error) {
      content.thaw(frozen)
      throw error
    }
  }

  /** Writes `job.frozen` under its key with what has been sent already. As `writeObject`. */
  async finish(job: ContentJob): Promise<Version> {
    const finished = this.#finished
    if (finished && finished.version.key === job.key && finished.signature === this.#sign(job.frozen)) {
      return this.#putRight(job, finished)
    }
    this.#finished = undefined
    const version =
      this.#isAside && this.#parts?.hasStarted ? await this.#finishAside(job) : await this.#finishAtKey(job)
    await this.#dropAside()
    this.#reset()
    return version
  }

  /** Leaves nothing in the bucket but what `finish` has made. The content must not be based on an aside object any more. */
  async abort(): Promise<void> {
    await this.#abortParts()
    await this.#dropAside()
    this.#reset()
  }

  async #describe(): Promise<UploadTarget> {
    const target = await this.#options.describe()
    return this.#isAside ? { ...target, key: streamKey(randomId(this.#deps.random)), tags: undefined } : target
  }

  async #finishAtKey(job: ContentJob): Promise<Version> {
    const parts = this.#parts
    const target = await parts?.target()
    // A file that has been cut short, or renamed, is nothing its upload could be completed as.
    if (!parts || target?.key !== job.key || job.frozen.size <= this.#deps.settings.putBytesMax) {
      await this.#abortParts()
      if (this.#aside && isAllOf(job.frozen, this.#aside)) return this.#copy(job, this.#aside, job.condition)
      return writeFrozen(this.#deps, job)
    }
    let version: Version
    try {
      version =
        (await this.#completedBefore(job, target)) ??
        (await parts.complete(job.frozen, job.condition, callOptions(job)))
    } catch (error) {
      // What may have happened, or may succeed later, is completed by the next call.
      if (isUnknownOutcome(error)) this.#inDoubt = this.#sign(job.frozen)
      if (mayBeResumed(error)) throw error
      await this.#abortParts()
      if (!(error instanceof UploadLostError) && !isVolumeError(error, 'ESTALE')) throw error
      if (error instanceof ConflictError) throw error
      // A base that is gone, or parts that cannot be mended: writing it as a whole tells which.
      return writeFrozen(this.#deps, job)
    }
    this.#parts = undefined
    this.#deps.metrics.count('streamedFiles')
    const { headers, tags } = target
    return this.#putRight(job, { version, signature: this.#sign(job.frozen), headers, tags })
  }

  /** What a completion of unknown outcome has made, if it did. */
  async #completedBefore(job: ContentJob, target: UploadTarget): Promise<Version | undefined> {
    const signature = this.#inDoubt
    if (signature === undefined) return undefined
    const found = await look(this.#deps, job.key, callOptions(job))
    this.#inDoubt = undefined
    if (!found || !isOurs(found, target.writeId)) return undefined
    if (signature !== this.#sign(job.frozen)) throw new ConflictError(job.key, found)
    this.#deps.metrics.count('lostReplies')
    return versionRead(found, undefined)
  }

  /** One copy onto itself when the headers at the end are not those of the first part. */
  async #putRight(job: ContentJob, finished: Finished): Promise<Version> {
    const { version, headers, tags } = finished
    const hasTags = job.tags === undefined || job.tags === (tags ?? '')
    if (sameHeaders(headers, job.headers) && hasTags) {
      this.#finished = undefined
      return version
    }
    this.#finished = finished
    try {
      const right = await this.#copy(job, version, { ifMatch: version.etag })
      this.#finished = undefined
      return right
    } catch (error) {
      if (!(error instanceof SourceChangedError)) throw error
      this.#finished = undefined
      throw new ConflictError(job.key, error.found, error)
    }
  }

  async #finishAside(job: ContentJob): Promise<Version> {
    const call = callOptions(job)
    const version = await this.#writeAside(job.frozen, call)
    try {
      const moved = await this.#copy(job, version, job.condition)
      this.#deps.metrics.count('streamedFiles')
      return moved
    } finally {
      // The content is still based on the one before; this one is made again if need be.
      await this.#remove(version)
    }
  }

  async #copy(job: ContentJob, from: Version, condition: ContentJob['condition']): Promise<Version> {
    const { key, headers, writeId, tags, signal, waiting } = job
    const version = await copyObject(this.#deps, { from, key, condition, headers, writeId, tags, signal, waiting })
    this.#deps.reader.move(from, version)
    return version
  }

  /** `frozen` as an object under a key of its own. */
  async #writeAside(frozen: FrozenContent, call: CallOptions): Promise<Version> {
    const parts = this.#parts
    if (this.#isAside && parts?.hasStarted) {
      try {
        const version = await parts.complete(frozen, { ifNoneMatch: '*' }, call)
        this.#parts = undefined
        return version
      } catch (error) {
        if (mayBeResumed(error)) throw error
        if (!(error instanceof UploadLostError) && !isVolumeError(error, 'ESTALE')) throw error
      }
    }
    await this.#abortParts()
    this.#isAside = true
    const { headers, writeId } = await this.#options.describe()
    const { signal, priority } = call
    const waiting = priority !== 'background'
    const key = streamKey(randomId(this.#deps.random))
    const condition = { ifNoneMatch: '*' } as const
    return writeFrozen(this.#deps, { key, condition, frozen, headers, writeId, replaces: null, signal, waiting })
  }

  async #abortParts(): Promise<void> {
    const parts = this.#parts
    this.#parts = undefined
    this.#inDoubt = undefined
    await parts?.abort()
  }

  async #dropAside(): Promise<void> {
    const aside = this.#aside
    this.#aside = undefined
    if (aside) await this.#remove(aside)
  }

  /** Costs space only when it fails; `doctor` finds it. */
  async #remove(version: Version): Promise<void> {
    try {
      await removeObject(this.#deps, version, { waiting: false })
    } catch (error) {
      this.#deps.log.warn('an aside copy of a stream could not be deleted', { key: version.key, error })
    }
  }

  #sign({ pieces, base, size }: FrozenContent): string {
    return `${size} ${signatureOf(pieces, base)}`
  }

  #reset(): void {
    this.#isAside = this.#options.aside ?? false
    this.#lookAtBytes = this.#deps.settings.putBytesMax
  }
}
