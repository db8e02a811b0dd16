import { concatBytes } from '../../../base/bytes.ts'
import { isStoreError, StoreError } from '../../../base/errors.ts'
import {
  type CallOptions,
  type ObjectHeaders,
  type ObjectInfo,
  type UploadedPart,
  type WriteCondition,
} from '../../../store/store.ts'
import type { FrozenContent } from '../../content/file-content.ts'
import type { Version } from '../../inode.ts'
import { ConflictError, SourceChangedError } from '../conflict-error.ts'
import {
  conditionHolds,
  isOurs,
  isUnknownOutcome,
  look,
  pauseBeforeSend,
  settle,
  withWriteId,
} from '../outcome/doubt.ts'
import { streamBytes, withBytes } from './frozen-bytes.ts'
import { sendsMax, type ObjectDeps } from '../object-deps.ts'
import type { PlannedPart } from './part-plan.ts'
import { Fingerprint, isMd5Etag } from '../outcome/proof.ts'
import { versionRead } from '../outcome/written-version.ts'
import { copyZeros } from './zero-object.ts'

// One multipart upload from its creation to its completion or abort. Its headers, tags and write id are those of its
// creation; what it makes is visible only after `complete`, which reads it back.

/** The upload is gone or refused for good while its destination is untouched: start again with a new one. */
export class UploadLostError extends Error {
  override readonly name: string = 'UploadLostError'
}

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
  /** Of the bytes sent here; useless, and then not kept, when parts were copied. */
  readonly #checks: ReturnType<ObjectDeps['reader']['checksumBuilder']>

  private constructor(deps: ObjectDeps, target: UploadTarget, uploadId: string) {
    this.#deps = deps
    this.target = target
    this.#uploadId = uploadId
    this.#checks = deps.reader.checksumBuilder(deps.store.capabilities.limits.objectBytesMax)
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

  /** Sends (again) one part of `frozen`. Rejects with SourceChangedError when the base it copies from has changed. */
  async sendPart(
    partNumber: number,
    part: PlannedPart,
    frozen: FrozenContent,
    call: CallOptions,
  ): Promise<UploadedPart> {
    try {
      if (part.kind === 'bytes') return await this.#sendBytes(partNumber, part, frozen, call)
      if (part.kind === 'copy') return await this.#copyBase(partNumber, part, frozen, call)
      return await copyZeros(this.#deps, part.length, call, (key, range, sourceIfMatch) =>
        this.#copy(partNumber, key, { ...call, range, sourceIfMatch }),
      )
    } catch (error) {
      if (isStoreError(error, 'not-found')) throw new UploadLostError('the upload is gone', { cause: error })
      throw error
    }
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
      () => this.#deps.store.completeUpload(key, this.#uploadId, parts, { ...call, ...condition, size }),
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
    if (this.#checks) this.#deps.reader.keepChecksums(version, this.#checks)
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

  async #sendBytes(
    partNumber: number,
    part: PlannedPart,
    frozen: FrozenContent,
    call: CallOptions,
  ): Promise<UploadedPart> {
    const { offset, length } = part
    for (let sends = 1; ; sends++) {
      const sent =
        length <= this.#deps.budget.flightBytesMax / 2
          ? await withBytes(this.#deps, frozen, offset, length, call, (body) => {
              this.#checkBlocks(offset, body, frozen.size)
              return this.#sendBody(partNumber, body, call)
            })
          : await this.#sendStream(partNumber, streamBytes(this.#deps, frozen, offset, length, call), call)
      if (sent) {
        this.#deps.metrics.count('bytesWritten', length)
        return sent
      }
      const { key } = this.target
      this.#deps.log.error('a part arrived as other bytes than were sent; sending it again', { key, partNumber, sends })
      this.#deps.metrics.count('corrupt')
      if (sends >= sendsMax) {
        throw new StoreError({ kind: 'corrupt', operation: 'uploadPart', key, message: `part ${partNumber}` })
      }
    }
  }

  /** Checksums per block for later reads; only parts that begin at whole blocks have any. */
  #checkBlocks(offset: number, body: readonly Uint8Array[], size: number): void {
    if (!this.#checks || offset % checkedBytes !== 0) return
    let at = offset
    for (const bytes of inSteps(body, checkedBytes)) {
      // A block that goes on in the next part has no checksum of its own here.
      if (bytes.byteLength === checkedBytes || at + bytes.byteLength === size) this.#checks.add(at, bytes)
      at += bytes.byteLength
    }
  }

  /** Undefined when the answer is not that of these bytes. */
  async #sendBody(
    partNumber: number,
    body: readonly Uint8Array[],
    call: CallOptions,
  ): Promise<UploadedPart | undefined> {
    const { key, headers } = this.target
    const { store } = this.#deps
    const fingerprint = new Fingerprint(body)
    const { crc32 } = fingerprint
    const sent = await store.uploadPart(key, this.#uploadId, partNumber, body, { ...call, crc32 })
    const isMd5 = isMd5Etag({ etag: sent.etag, sse: headers.sse }, store.capabilities)
    const isProven = (sent.crc32 ?? crc32) === crc32 && (!isMd5 || sent.etag === fingerprint.md5)
    return isProven ? { partNumber, etag: sent.etag, crc32 } : undefined
  }

  async #sendStream(
    partNumber: number,
    { body, crc32 }: ReturnType<typeof streamBytes>,
    call: CallOptions,
  ): Promise<UploadedPart | undefined> {
    const sent = await this.#deps.store.uploadPart(this.target.key, this.#uploadId, partNumber, body, call)
    return (sent.crc32 ?? crc32()) === crc32() ? { ...sent, partNumber } : undefined
  }

  async #copyBase(
    partNumber: number,
    part: PlannedPart,
    frozen: FrozenContent,
    call: CallOptions,
  ): Promise<UploadedPart> {
    const { base } = frozen
    if (!base) throw new Error('a clean piece without a base version')
    const { offset, length } = part
    try {
      return await this.#copy(partNumber, base.key, { ...call, range: { offset, length }, sourceIfMatch: base.etag })
    } catch (error) {
      if (!isStoreError(error, 'precondition', 'not-found', 'range')) throw error
      const info = await look(this.#deps, base.key, call)
      if (info?.etag !== base.etag) throw new SourceChangedError(base.key, info, error)
      throw error
    }
  }

  async #copy(
    partNumber: number,
    sourceKey: string,
    options: Parameters<ObjectDeps['store']['copyPart']>[4],
  ): Promise<UploadedPart> {
    const copied = await this.#deps.store.copyPart(this.target.key, this.#uploadId, partNumber, sourceKey, options)
    this.#deps.metrics.count('partCopies')
    return copied
  }
}

/** Parts are checked in steps of this; block checksums begin at multiples of it. */
const checkedBytes = 1024 * 1024

/** The bytes of `body` in runs of `step`, the last one shorter. */
function* inSteps(body: readonly Uint8Array[], step: number): Generator<Uint8Array, void, undefined> {
  let run: Uint8Array[] = []
  let missing = step
  for (const piece of body) {
    for (let at = 0; at < piece.byteLength;) {
      const taken = piece.subarray(at, at + missing)
      run.push(taken)
      at += taken.byteLength
      missing -= taken.byteLength
      if (missing > 0) continue
      yield concatBytes(run)
      run = []
      missing = step
    }
  }
  if (run.length > 0) yield concatBytes(run)
}
