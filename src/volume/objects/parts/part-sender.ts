import { isStoreError, StoreError } from '../../../base/errors.ts'
import type { CallOptions, ObjectHeaders, UploadedPart } from '../../../store/store.ts'
import type { FrozenContent } from '../../content/file-content.ts'
import type { Version } from '../../inode.ts'
import { SourceChangedError } from '../conflict-error.ts'
import { sendsMax, type ObjectDeps } from '../object-deps.ts'
import { look } from '../outcome/doubt.ts'
import { checkedBytes, inSteps } from '../outcome/checked-steps.ts'
import { Fingerprint, isMd5Etag } from '../outcome/proof.ts'
import { streamBytes, withBytes } from './frozen-bytes.ts'
import type { PlannedPart } from './part-plan.ts'
import { copyZeros } from './zero-object.ts'

// The parts of one upload: bytes are sent and proven one part at a time, clean runs and zeros are copied inside the
// bucket. Sending a part again under its number replaces it, so nothing here is in doubt for long.

/** The upload is gone or refused for good while its destination is untouched: start again with a new one. */
export class UploadLostError extends Error {
  override readonly name: string = 'UploadLostError'
}

export interface PartTarget {
  readonly key: string
  readonly uploadId: string
  readonly headers: ObjectHeaders
}

export class PartSender {
  readonly #deps: ObjectDeps
  readonly #target: PartTarget
  readonly #copied = new Map<number, { readonly base: Version; readonly part: PlannedPart }>()
  /** Of the bytes sent here; those of copied parts are added by `inheritChecks`. */
  readonly checks: ReturnType<ObjectDeps['reader']['checksumBuilder']>

  constructor(deps: ObjectDeps, target: PartTarget) {
    this.#deps = deps
    this.#target = target
    this.checks = deps.reader.checksumBuilder(deps.store.capabilities.limits.objectBytesMax)
  }

  /** One part of `frozen`, perhaps again. UploadLostError when the upload is gone, SourceChangedError when the base it copies from has changed. */
  async send(partNumber: number, part: PlannedPart, frozen: FrozenContent, call: CallOptions): Promise<UploadedPart> {
    this.#copied.delete(partNumber)
    this.checks?.forget(part.offset, part.length)
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

  /** To be called when all parts of an object of `size` are there. */
  async inheritChecks(size: number): Promise<void> {
    if (!this.checks) return
    for (const { base, part } of this.#copied.values())
      await this.#deps.reader.inheritChecksums(this.checks, base, part, size)
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
      const { key } = this.#target
      this.#deps.log.error('a part arrived as other bytes than were sent; sending it again', { key, partNumber, sends })
      this.#deps.metrics.count('corrupt')
      if (sends >= sendsMax) {
        throw new StoreError({ kind: 'corrupt', operation: 'uploadPart', key, message: `part ${partNumber}` })
      }
    }
  }

  /** Checksums per block for later reads. A block that began in another part, or goes on in the next one, has none. */
  #checkBlocks(offset: number, body: readonly Uint8Array[], size: number): void {
    if (!this.checks) return
    let at = offset
    for (const bytes of inSteps(body, checkedBytes, checkedBytes - (offset % checkedBytes))) {
      const isWhole = bytes.byteLength === checkedBytes || at + bytes.byteLength === size
      if (isWhole && at % checkedBytes === 0) this.checks.add(at, bytes)
      at += bytes.byteLength
    }
  }

  /** Undefined when the answer is not that of these bytes. */
  async #sendBody(
    partNumber: number,
    body: readonly Uint8Array[],
    call: CallOptions,
  ): Promise<UploadedPart | undefined> {
    const { key, headers } = this.#target
    const { store } = this.#deps
    const fingerprint = new Fingerprint(body)
    const { crc32 } = fingerprint
    const sent = await store.uploadPart(key, this.#target.uploadId, partNumber, body, { ...call, crc32 })
    // A checksum given back is proof enough, and a wrong ETag beside it makes `complete` fail: no MD5 for every byte.
    const isMd5 = isMd5Etag({ etag: sent.etag, sse: headers.sse }, store.capabilities)
    const isProven = sent.crc32 !== undefined ? sent.crc32 === crc32 : !isMd5 || sent.etag === fingerprint.md5
    return isProven ? { partNumber, etag: sent.etag, crc32 } : undefined
  }

  async #sendStream(
    partNumber: number,
    { body, crc32 }: ReturnType<typeof streamBytes>,
    call: CallOptions,
  ): Promise<UploadedPart | undefined> {
    const sent = await this.#deps.store.uploadPart(this.#target.key, this.#target.uploadId, partNumber, body, call)
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
      const range = { offset, length }
      const copied = await this.#copy(partNumber, base.key, { ...call, range, sourceIfMatch: base.etag })
      this.#copied.set(partNumber, { base, part })
      return copied
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
    const copied = await this.#deps.store.copyPart(
      this.#target.key,
      this.#target.uploadId,
      partNumber,
      sourceKey,
      options,
    )
    this.#deps.metrics.count('partCopies')
    return copied
  }
}
