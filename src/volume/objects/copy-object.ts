import { utf8 } from '../../base/bytes.ts'
import { isStoreError, StoreError } from '../../base/errors.ts'
import { randomId } from '../../base/random.ts'
import { writeIdOf } from '../../format/metadata.ts'
import type { CallOptions, CopyReply, ObjectChecksum, ObjectHeaders, WriteCondition } from '../../store/store.ts'
import type { Version } from '../inode.ts'
import { ConflictError, SourceChangedError } from './conflict-error.ts'
import { copyByParts } from './copy-by-parts.ts'
import { isOurs, look, settle, withWriteId, type Settled } from './outcome/doubt.ts'
import { callOptions, sendsMax, type JobOptions, type ObjectDeps } from './object-deps.ts'
import { isMd5Etag } from './outcome/proof.ts'
import { tagCountOf, versionRead, writtenVersion } from './outcome/written-version.ts'

// A version under another key (rename) or with other headers (chmod, a copy onto itself), without its bytes passing
// here: one COPY, or part copies past what one COPY takes. Headers are always sent anew (REPLACE), because only a
// write id in them tells a lost reply from somebody else's copy; they are read first if nobody knows them.

export interface CopyJob extends JobOptions {
  readonly from: Version
  readonly key: string
  /** On the destination. For a copy onto itself it is always the source's ETag. */
  readonly condition: WriteCondition
  /** All there are to be. Absent: those of the source. */
  readonly headers?: ObjectHeaders | undefined
  /** Default: a fresh one. Give it again when an unknown outcome is tried again. */
  readonly writeId?: string | undefined
  /** The copy has the write id of its source, if that has one: who waits for news of a request finds it under either key. */
  readonly keepsWriteId?: boolean | undefined
  /** As a query string. Absent: those of the source. */
  readonly tags?: string | undefined
}

/** What one copy is made of, settled before the first send. */
export interface CopyPlan {
  readonly from: Version
  readonly key: string
  readonly condition: WriteCondition
  /** Undefined: everything as in the source, because its headers leave no room for a write id. */
  readonly headers: ObjectHeaders | undefined
  readonly writeId: string | undefined
  readonly tags: string | undefined
  /** Of the whole source, which holds for the copy too. */
  readonly checksum: ObjectChecksum | undefined
  readonly call: CallOptions
}

/**
 * Returns the version made. ConflictError: the destination is not as the condition says. SourceChangedError: the source
 * is not `from` any more (for a copy onto itself always this one). Nothing of ours is at the destination then.
 */
export async function copyObject(deps: ObjectDeps, job: CopyJob): Promise<Version> {
  const plan = await planCopy(deps, job)
  try {
    if (plan.from.size > deps.store.capabilities.limits.copyBytesMax) return await copyByParts(deps, plan)
    return await copyAtOnce(deps, plan)
  } catch (error) {
    if (!(error instanceof ConflictError) || plan.key !== plan.from.key) throw error
    throw new SourceChangedError(error.key, error.found, error)
  }
}

async function copyAtOnce(deps: ObjectDeps, plan: CopyPlan): Promise<Version> {
  const { from, key } = plan
  let { condition } = plan
  for (let copies = 1; ; copies++) {
    const settled = await sendCopy(deps, plan, condition)
    if (settled.reply && sameBytes(deps, plan, settled.reply)) return copiedVersion(plan, settled.reply)
    const info = settled.reply ? await look(deps, key, plan.call) : settled.found
    if (!info || (plan.writeId !== undefined && !isOurs(info, plan.writeId))) throw new ConflictError(key, info)
    const { etag, size, lastModified, headers } = info
    if (size === from.size && sameBytes(deps, plan, { etag, date: info.date, lastModified }, headers.sse)) {
      return versionRead(info, plan.checksum, settled.reply?.date)
    }
    deps.metrics.count('corrupt')
    deps.log.error('a copy does not hold the bytes of its source; copying again', { key, from: from.key, copies })
    // A copy onto itself has replaced its own source.
    if (copies >= sendsMax || key === from.key) {
      throw new StoreError({ kind: 'corrupt', operation: 'copy', key, message: 'the copy is not what the source was' })
    }
    condition = { ifMatch: etag }
  }
}

function sendCopy(deps: ObjectDeps, plan: CopyPlan, condition: WriteCondition): Promise<Settled<CopyReply>> {
  const { from, key, headers, writeId, tags, call } = plan
  const { ifMatch, ifNoneMatch } = condition
  const options = { ...call, ifMatch, ifNoneMatch, sourceIfMatch: from.etag, headers, tags }
  return settle(deps, { key, condition, writeId, call }, () => deps.store.copy(from.key, key, options), {
    beforeResend: (error) => checkSource(deps, from, key, call, error),
  })
}

async function planCopy(deps: ObjectDeps, job: CopyJob): Promise<CopyPlan> {
  const { key, tags } = job
  const call = callOptions(job)
  let { from } = job
  const isLarge = from.size > deps.store.capabilities.limits.copyBytesMax
  if (!(job.headers ?? from.headers) || (isLarge && from.tagCount === undefined)) {
    const info = await look(deps, from.key, call)
    if (!info || info.etag !== from.etag) throw new SourceChangedError(from.key, info)
    from = { ...from, headers: info.headers, tagCount: info.tagCount, checksum: from.checksum ?? info.checksum }
  }
  const headers = job.headers ?? from.headers ?? { metadata: {} }
  const condition = key === from.key ? { ifMatch: from.etag } : job.condition
  const kept = job.keepsWriteId ? writeIdOf(headers) : undefined
  const writeId = job.writeId ?? kept ?? randomId(deps.random)
  const marked = withWriteId(headers, writeId)
  const checksum = from.checksum?.type === 'full-object' ? from.checksum : undefined
  const plan = { from, key, condition, tags, checksum, call }
  if (job.headers || metadataBytes(marked) <= deps.store.capabilities.limits.metadataBytesMax) {
    return { ...plan, headers: marked, writeId }
  }
  return { ...plan, headers: undefined, writeId: undefined }
}

/** A 412 that is not the destination's is the source's. */
async function checkSource(
  deps: ObjectDeps,
  from: Version,
  key: string,
  call: CallOptions,
  error: unknown,
): Promise<void> {
  if (key === from.key || !isStoreError(error, 'precondition', 'not-found')) return
  const info = await look(deps, from.key, call)
  if (info?.etag !== from.etag) throw new SourceChangedError(from.key, info, error)
}

/** Whether the answer's ETag is that of the source's bytes, as far as ETags tell. */
function sameBytes(deps: ObjectDeps, plan: CopyPlan, reply: CopyReply, sse = plan.headers?.sse): boolean {
  const { capabilities } = deps.store
  const { from } = plan
  if (!isMd5Etag({ etag: from.etag, sse: from.headers?.sse }, capabilities)) return true
  return !isMd5Etag({ etag: reply.etag, sse }, capabilities) || reply.etag === from.etag
}

function copiedVersion(plan: CopyPlan, reply: CopyReply): Version {
  const { from, key, tags } = plan
  return writtenVersion({
    key,
    etag: reply.etag,
    size: from.size,
    lastModified: reply.lastModified,
    headers: plan.headers ?? from.headers ?? { metadata: {} },
    tagCount: tags === undefined ? from.tagCount : tagCountOf(tags),
    checksum: plan.checksum ?? reply.checksum,
    date: reply.date,
  })
}

function metadataBytes(headers: ObjectHeaders): number {
  let bytes = 0
  for (const [name, value] of Object.entries(headers.metadata)) bytes += utf8(name).byteLength + utf8(value).byteLength
  return bytes
}
