import { isStoreError } from '../../../base/errors.ts'
import type { CallOptions, UploadedPart, WriteCondition } from '../../../store/store.ts'
import { clippedPieces, type Piece } from '../../content/extents.ts'
import type { FileContent, FrozenContent } from '../../content/file-content.ts'
import type { Version } from '../../inode.ts'
import { forEachBounded } from '../../tree/concurrency.ts'
import { partsInFlightMax, type ObjectDeps } from '../object-deps.ts'
import type { PlannedPart } from './part-plan.ts'
import { signatureOf } from './piece-signature.ts'
import { UploadLostError } from './part-sender.ts'
import { Upload, type UploadTarget } from './upload.ts'
import { planFor } from '../write-frozen.ts'

// The parts of one upload that goes on while its file is being written. Parts leave in order of the file as soon as
// they are full. A part that failed for now, or whose range was written again, is sent again at the end under its own
// number; what cannot be mended so (the base has changed, the upload is gone) ends in UploadLostError, and the file is
// written as a whole instead.

interface StreamPart {
  readonly partNumber: number
  readonly planned: PlannedPart
  readonly signature: string
  /** Undefined while under way, and after a failure. */
  sent: UploadedPart | undefined
}

interface QueuedPart {
  readonly part: StreamPart
  readonly source: FrozenContent
}

/** Parts of the first size, before the late one (settings.partBytesLate). */
const earlyPartCount = 1000
/** Part numbers kept for the end of the file. */
const partCountKept = 16
/** Parts of one file under way; several files share the budget. */
const inFlightMax = 8

export class StreamParts {
  readonly #deps: ObjectDeps
  readonly #call: CallOptions
  readonly #describe: () => Promise<UploadTarget>
  readonly #parts: StreamPart[] = []
  readonly #queue: QueuedPart[] = []
  readonly #running = new Set<Promise<void>>()
  #upload: Promise<Upload> | undefined
  #frontier = 0
  #lost: unknown

  constructor(deps: ObjectDeps, call: CallOptions, describe: () => Promise<UploadTarget>) {
    this.#deps = deps
    this.#call = call
    this.#describe = describe
  }

  /** Bytes of the file that are in parts, sent or under way. */
  get frontier(): number {
    return this.#frontier
  }

  get hasStarted(): boolean {
    return this.#upload !== undefined
  }

  /** No part numbers are left but for the end of the file. */
  get isFull(): boolean {
    return this.#parts.length + partCountKept >= this.#deps.store.capabilities.limits.partCountMax
  }

  /** What the upload was created with; undefined before. */
  async target(): Promise<UploadTarget | undefined> {
    return (await this.#upload)?.target
  }

  /** Sends on what has become full. */
  offer(content: FileContent): void {
    const partBytes = this.#partBytes()
    if (this.#lost !== undefined || this.isFull || content.size - this.#frontier < partBytes) return
    const pieces = content.pieces(this.#frontier, content.size - this.#frontier)
    const plan = planFor(this.#deps, pieces, { partBytes }) ?? []
    for (const [index, planned] of plan.entries()) {
      const isLast = index === plan.length - 1
      const isFullPart = planned.kind === 'bytes' ? planned.length >= partBytes : !isLast
      if (!isFullPart || this.isFull || this.#partBytes() !== partBytes) break
      this.#enqueue(planned, content)
    }
    this.#pump()
  }

  /** All parts have been sent or have failed. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Sends what is missing of `frozen` and completes. After UploadLostError only `abort` is left. */
  async complete(frozen: FrozenContent, condition: WriteCondition, call: CallOptions): Promise<Version> {
    await this.settled()
    if (!this.#upload || this.#lost !== undefined) throw new UploadLostError('parts were lost', { cause: this.#lost })
    const upload = await this.#upload
    const { kept, again } = this.#compare(frozen)
    const from = Math.min(this.#frontier, frozen.size)
    const { partCountMax } = this.#deps.store.capabilities.limits
    const rest = planFor(this.#deps, clippedPieces(frozen.pieces, from, frozen.size - from), {
      partBytes: this.#partBytes(),
      partCountMax: partCountMax - kept.length,
    })
    if (!rest) throw new UploadLostError('more parts than numbers')
    for (const [index, planned] of rest.entries()) {
      again.push({
        part: { partNumber: kept.length + 1 + index, planned, signature: '', sent: undefined },
        source: frozen,
      })
    }
    const parts = kept.map(({ sent }) => sent)
    await forEachBounded(again, partsInFlightMax, async ({ part: { partNumber, planned }, source }) => {
      parts[partNumber - 1] = await upload.sendPart(partNumber, planned, source, call)
    })
    return upload.complete(parts as UploadedPart[], condition, frozen.size, call)
  }

  /** Leaves nothing in the bucket. */
  async abort(): Promise<void> {
    this.#lost ??= 'aborted'
    for (const { source } of this.#queue.splice(0)) release(source.pieces)
    await this.settled()
    const upload = await this.#upload
    await upload?.abort()
  }

  /** The parts that lie within `frozen`, and those of them that have to be sent (again) first. */
  #compare(frozen: FrozenContent): { readonly kept: readonly StreamPart[]; readonly again: QueuedPart[] } {
    const kept = this.#parts.filter(({ planned }) => planned.offset < frozen.size)
    const again: QueuedPart[] = []
    for (const part of kept) {
      const { planned, partNumber, signature, sent } = part
      const isSame =
        signatureOf(clippedPieces(frozen.pieces, planned.offset, planned.length), frozen.base) === signature
      if (isSame && sent) continue
      // A copied part may be longer than anybody wants to send.
      if (!isSame && planned.kind !== 'bytes')
        throw new UploadLostError(`part ${partNumber} was copied and has changed`)
      const length = Math.min(planned.length, frozen.size - planned.offset)
      again.push({ part: { ...part, planned: { ...planned, length } }, source: frozen })
    }
    return { kept, again }
  }

  #partBytes(): number {
    const { partBytes, partBytesLate } = this.#deps.settings
    if (this.#parts.length < earlyPartCount || this.#deps.store.capabilities.uniformParts) return partBytes
    return partBytesLate
  }

  #enqueue(planned: PlannedPart, content: FileContent): void {
    const pieces = content.pieces(planned.offset, planned.length)
    for (const piece of pieces) if (piece.kind === 'dirty') piece.bytes.retain()
    const { base } = content
    // The file goes on behind this part, wherever it ends now.
    const source: FrozenContent = { base, size: Number.MAX_SAFE_INTEGER, pieces, generation: 0 }
    const signature = signatureOf(pieces, base)
    const part: StreamPart = { partNumber: this.#parts.length + 1, planned, signature, sent: undefined }
    this.#parts.push(part)
    this.#queue.push({ part, source })
    this.#frontier = planned.offset + planned.length
  }

  #pump(): void {
    while (this.#running.size < inFlightMax) {
      const next = this.#queue.shift()
      if (!next) return
      const run = this.#send(next).finally(() => {
        this.#running.delete(run)
        this.#pump()
      })
      this.#running.add(run)
    }
  }

  /** Never rejects: what failed for now is sent again at the end. */
  async #send({ part, source }: QueuedPart): Promise<void> {
    try {
      const upload = await (this.#upload ??= this.#create())
      if (this.#lost === undefined) {
        part.sent = await upload.sendPart(part.partNumber, part.planned, source, this.#call)
      }
    } catch (error) {
      this.#deps.log.debug('a part of a stream was not sent', { partNumber: part.partNumber, error })
      if (!isStoreError(error) || !error.retry) this.#lost ??= error
    } finally {
      release(source.pieces)
    }
  }

  async #create(): Promise<Upload> {
    try {
      return await Upload.create(this.#deps, await this.#describe(), this.#call)
    } catch (error) {
      this.#upload = undefined
      throw error
    }
  }
}

function release(pieces: readonly Piece[]): void {
  for (const piece of pieces) if (piece.kind === 'dirty') piece.bytes.release()
}
