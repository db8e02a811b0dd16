import { isStoreError, isVolumeError } from '../../base/errors.ts'
import type { CallOptions, ObjectHeaders, UploadedPart, WriteCondition } from '../../store/store.ts'
import type { FrozenContent } from '../content/file-content.ts'
import type { Version } from '../inode.ts'
import { forEachBounded } from '../tree/concurrency.ts'
import { ConflictError, SourceChangedError } from './conflict-error.ts'
import { conditionHolds, isOurs, look } from './outcome/doubt.ts'
import { bytesToTake, withBytes } from './parts/frozen-bytes.ts'
import { callOptions, partsInFlightMax, type JobOptions, type ObjectDeps } from './object-deps.ts'
import { planParts, type PlannedPart, type PlanOptions } from './parts/part-plan.ts'
import { putObject } from './put-object.ts'
import { UploadLostError } from './parts/part-sender.ts'
import { Upload } from './parts/upload.ts'
import { versionRead } from './outcome/written-version.ts'
import { zeroPartBytesMax } from './parts/zero-object.ts'

// A frozen content as one new version of an object: by one PUT while it is small, else in parts, of which those the base
// already has are copied inside the bucket.

/** Uploads begun for one write before it is given up for now. */
const uploadsMax = 3

export interface ContentJob extends JobOptions {
  readonly key: string
  readonly condition: WriteCondition
  readonly frozen: FrozenContent
  /** All there are to be; the write id is added when it is missing. */
  readonly headers: ObjectHeaders
  /** Undefined only where the headers have no room for one. */
  readonly writeId: string | undefined
  /** As a query string. Absent: those of `replaces`, which are asked for if it has any. */
  readonly tags?: string | undefined
  /** The version that this one takes the place of. Default: the base of the content. */
  readonly replaces?: Version | null | undefined
  /** Never as one PUT. */
  readonly inParts?: boolean | undefined
  /** Clean runs are read and sent, never copied inside the bucket. */
  readonly withoutCopies?: boolean | undefined
  /** Runs when all bytes have been read, before the object can be seen. */
  readonly beforePublish?: (() => Promise<void>) | undefined
}

/** ConflictError: another version is there. SourceChangedError: the base, under another key, is gone. */
export async function writeFrozen(deps: ObjectDeps, job: ContentJob): Promise<Version> {
  const call = callOptions(job)
  const tagged: ContentJob = { ...job, tags: await tagsToKeep(deps, job, call) }
  try {
    if (!job.inParts && isSmall(deps, job.frozen)) return await putFrozen(deps, tagged, call)
    return await uploadFrozen(deps, tagged, call)
  } catch (error) {
    if (!isVolumeError(error, 'ESTALE') || error instanceof ConflictError) throw error
    return afterBaseLost(deps, job, call, error)
  }
}

/** The parts of `pieces` for this store; undefined when there is no way to do it in `partCountMax` parts. */
export function planFor(
  deps: ObjectDeps,
  pieces: FrozenContent['pieces'],
  options: Partial<Pick<PlanOptions, 'partBytes' | 'partCountMax' | 'withoutCopies'>> = {},
): readonly PlannedPart[] | undefined {
  const { limits, uniformParts: uniform } = deps.store.capabilities
  let holeBytes = 0
  for (const { kind, length } of pieces) if (kind === 'zero') holeBytes += length
  const { partBytes } = deps.settings
  return planParts(pieces, {
    partBytes,
    ...options,
    limits,
    uniform,
    zeroPartBytesMax: zeroPartBytesMax(limits, holeBytes),
  })
}

/** Whether one PUT may carry it, and memory hold what of it is not there yet. */
function isSmall(deps: ObjectDeps, frozen: FrozenContent): boolean {
  const most = Math.min(deps.settings.putBytesMax, deps.store.capabilities.limits.putBytesMax)
  return frozen.size <= most && bytesToTake(frozen.pieces) <= deps.budget.flightBytesMax / 2
}

function putFrozen(deps: ObjectDeps, job: ContentJob, call: CallOptions): Promise<Version> {
  const { key, condition, frozen, headers, writeId, tags, signal, waiting } = job
  return withBytes(deps, frozen, 0, frozen.size, call, async (body) => {
    await job.beforePublish?.()
    return putObject(deps, { key, condition, body, headers, writeId, tags, signal, waiting })
  })
}

async function uploadFrozen(deps: ObjectDeps, job: ContentJob, call: CallOptions): Promise<Version> {
  const { key, frozen, headers, writeId, tags } = job
  const parts = planFor(deps, frozen.pieces, { withoutCopies: job.withoutCopies })
  if (!parts) throw new Error(`no plan for ${frozen.size} bytes in the parts this store allows`)
  for (let uploads = 1; ; uploads++) {
    const upload = await Upload.create(deps, { key, headers, writeId, tags }, call)
    try {
      const sent = await sendParts(upload, parts, frozen, call)
      await job.beforePublish?.()
      return await upload.complete(sent, job.condition, frozen.size, call)
    } catch (error) {
      await upload.abort()
      if (!(error instanceof UploadLostError) || uploads >= uploadsMax) throw error
      deps.log.warn('an upload was lost and starts again', { key, uploads, error })
    }
  }
}

/** All parts, several at once; `firstPartNumber` on. Settles only when none is under way any more. */
async function sendParts(
  upload: Upload,
  parts: readonly PlannedPart[],
  frozen: FrozenContent,
  call: CallOptions,
  firstPartNumber = 1,
): Promise<readonly UploadedPart[]> {
  const sent: UploadedPart[] = []
  await forEachBounded([...parts.entries()], partsInFlightMax, async ([i, part]) => {
    sent[i] = await upload.sendPart(firstPartNumber + i, part, frozen, call)
  })
  return sent
}

/** Of the version replaced, as far as it is known to have any. */
async function tagsToKeep(deps: ObjectDeps, job: ContentJob, call: CallOptions): Promise<string | undefined> {
  const replaced = job.replaces === undefined ? job.frozen.base : job.replaces
  if (job.tags !== undefined || !replaced?.tagCount) return job.tags
  try {
    return await deps.store.getTags(replaced.key, call)
  } catch (error) {
    // The write's own condition will say that it is gone.
    if (isStoreError(error, 'not-found')) return undefined
    throw error
  }
}

/** Clean bytes cannot be had any more: because this very write was done before, because of a conflict, or else. */
async function afterBaseLost(deps: ObjectDeps, job: ContentJob, call: CallOptions, error: unknown): Promise<Version> {
  const { base, size } = job.frozen
  const found = await look(deps, job.key, call)
  if (found && isOurs(found, job.writeId) && found.size === size) {
    deps.metrics.count('lostReplies')
    return versionRead(found, undefined)
  }
  if (!base || base.key === job.key || !conditionHolds(job.condition, found))
    throw new ConflictError(job.key, found, error)
  if (error instanceof SourceChangedError) throw error
  throw new SourceChangedError(base.key, await look(deps, base.key, call), error)
}
