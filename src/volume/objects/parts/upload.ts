import { isStoreError, StoreError } from '../../../base/errors.ts'
import {
  type CallOptions,
  type ObjectHeaders,
  type ObjectInfo,
  type UploadedPart,
  type WriteCondition,
  type WriteReply,
} from '../../../store/store.ts'
import type { FrozenContent } from '../../content/file-content.ts'
import type { Version } from '../../inode.ts'
import { ConflictError } from '../conflict-error.ts'
import {
  conditionHolds,
  isOurs,
  isUnknownOutcome,
  look,
  pauseBeforeSend,
  settle,
  withWriteId,
} from '../outcome/doubt.ts'
import { sendsMax, type ObjectDeps } from '../object-deps.ts'
import type { PlannedPart } from './part-plan.ts'
import { versionRead } from '../outcome/written-version.ts'
import { PartSender, UploadLostError } from './part-sender.ts'

// One multipart upload from its creation to its completion or abort. Its headers, tags and write id are those of its
// creation; what it makes is visible only after `complete`, which reads it back.

export interface UploadTarget {
  readonly key: string
  readonly headers: ObjectHeaders
  readonly writeId: string | undefined
  readonly tags?: string | undefined
}

export class Upload {
  readonly target: UploadTarget
  readonly #deps: ObjectDeps
  readonly #uploadId: string
  readonly #sender: PartSender

  private constructor(deps: ObjectDeps, target: UploadTarget, uploadId: string) {
    this.#deps = deps
    this.target = target
    this.#uploadId = uploadId
    this.#sender = new PartSender(deps, { key: target.key, uploadId, headers: target.headers })
  }

  static async create(deps: ObjectDeps, target: UploadTarget, call: CallOptions): Promise<Upload> {
    const headers = withWriteId(target.headers, target.writeId)
    for (let sends = 1; ; sends++) {
      try {
        const uploadId = await deps.store.createUpload(target.key, { ...call, headers, tags: target.tags })
        return new Upload(deps, { ...target, headers }, uploadId)
      } catch (error) {
        // If it took effect, an upload without parts is left behind, which `doctor` removes.
        if (!isUnknownOutcome(error) || call.signal?.aborted || sends >= sendsMax) throw error
        await pauseBeforeSend(deps, sends, call.signal)
      }
    }
  }

  /** Sends (again) one part of `frozen`. Rejects as PartSender.send. */
  sendPart(partNumber: number, part: PlannedPart, frozen: FrozenContent, call: CallOptions): Promise<UploadedPart> {
    return this.#sender.send(partNumber, part, frozen, call)
  }

  /**
   * Makes the object, and reads back what is there. ConflictError when the condition does not hold, UploadLostError when
   * it has to be done again.
   */
  async complete(
    parts: readonly UploadedPart[],
    condition: WriteCondition,
    size: number,
    call: CallOptions,
  ): Promise<Version> {
    const { key, writeId } = this.target
    const settled = await settle(
      this.#deps,
      { key, condition, writeId, call },
      () => this.#sendComplete(parts, condition, size, call),
      {
        beforeResend: async (error) => {
          // S3 wants the parts sent again after a 409; one that is gone cannot be completed.
          if (isStoreError(error, 'conflict', 'not-found')) throw new UploadLostError('not completed', { cause: error })
        },
      },
    )
    const info = settled.reply ? await look(this.#deps, key, call) : settled.found
    this.#mustBeOurs(info, settled.reply?.etag, condition, size)
    const version = versionRead(info, undefined, settled.reply?.date)
    const { checks } = this.#sender
    if (checks) {
      await this.#sender.inheritChecks(size)
      this.#deps.reader.keepChecksums(version, checks)
    }
    return version
  }

  /** Leaves nothing behind. Only after every `sendPart` has settled: a part that arrives later would stay. */
  async abort(): Promise<void> {
    const { key } = this.target
    try {
      await this.#deps.store.abortUpload(key, this.#uploadId, { priority: 'background' })
    } catch (error) {
      this.#deps.log.warn('an upload could not be aborted; doctor removes it', { key, uploadId: this.#uploadId, error })
    }
  }

  async #sendComplete(
    parts: readonly UploadedPart[],
    condition: WriteCondition,
    size: number,
    call: CallOptions,
  ): Promise<WriteReply> {
    try {
      return await this.#deps.store.completeUpload(this.target.key, this.#uploadId, parts, {
        ...call,
        ...condition,
        size,
      })
    } catch (error) {
      // A part that was lost, or acknowledged with a wrong ETag.
      if (isStoreError(error, 'invalid')) throw new UploadLostError('the parts are not all there', { cause: error })
      throw error
    }
  }

  #mustBeOurs(
    info: ObjectInfo | null,
    etag: string | undefined,
    condition: WriteCondition,
    size: number,
  ): asserts info is ObjectInfo {
    const { key, writeId } = this.target
    const isMade = info && (writeId === undefined ? info.etag === etag : isOurs(info, writeId))
    if (!isMade) {
      if (conditionHolds(condition, info)) throw new UploadLostError('completed, but nothing is there')
      throw new ConflictError(key, info)
    }
    if (info.size === size) return
    this.#deps.metrics.count('corrupt')
    const message = `the object has ${info.size} bytes, not ${size}`
    throw new StoreError({ kind: 'corrupt', operation: 'completeUpload', key, message })
  }
}
