import { isStoreError } from '../../base/errors.ts'
import { writeIdHeader } from '../../format/metadata.ts'
import { deleteManyMax, type CallOptions, type DeleteFailure, type ObjectInfo } from '../../store/store.ts'
import type { Version } from '../inode.ts'
import { forEachBounded } from '../tree/concurrency.ts'
import { isDoubtful, isUnknownOutcome, look, pauseBeforeSend } from './outcome/doubt.ts'
import { callOptions, sendsMax, type JobOptions, type ObjectDeps } from './object-deps.ts'

// Removing exactly the version that was seen. Another one under the key stays and is reported: an acknowledged unlink
// never takes what its caller has not known.

/** 'absent': it was gone before. An ObjectInfo: another version is there and stays. */
export type RemoveResult = 'removed' | 'absent' | ObjectInfo

export async function removeObject(
  deps: ObjectDeps,
  version: Version,
  options: JobOptions = {},
): Promise<RemoveResult> {
  const call = callOptions(options)
  const { key, etag } = version
  for (let sends = 1; ; sends++) {
    try {
      await deps.store.delete(key, { ...call, ifMatch: etag })
      return 'removed'
    } catch (error) {
      if (!isDoubtful(error)) throw error
      if (isStoreError(error, 'not-found')) return sends === 1 ? 'absent' : 'removed'
      const found = await look(deps, key, call)
      if (!found) return isUnknownOutcome(error) || sends > 1 ? 'removed' : 'absent'
      if (isAnother(version, found)) return found
      if (sends >= sendsMax) throw error
      await pauseBeforeSend(deps, sends, call.signal)
    }
  }
}

/** Batches of DeleteObjects; one result per version, in order. A failure of one does not stop the others. */
export async function removeMany(
  deps: ObjectDeps,
  versions: readonly Version[],
  options: JobOptions = {},
): Promise<readonly (RemoveResult | Error)[]> {
  const call = callOptions(options)
  const results: (RemoveResult | Error)[] = versions.map(() => 'removed')
  const starts: number[] = []
  for (let start = 0; start < versions.length; start += deleteManyMax) starts.push(start)
  await forEachBounded(starts, batchesInFlightMax, async (start) => {
    const batch = versions.slice(start, start + deleteManyMax)
    const failures = new Map((await deleteBatch(deps, batch, call)).map(({ key, error }) => [key, error]))
    const open = [...batch.entries()].filter(([, { key }]) => failures.has(key))
    await forEachBounded(open, looksInFlightMax, async ([i, version]) => {
      const error = failures.get(version.key) as Error
      results[start + i] = await afterFailure(deps, version, error, options).catch((failed: Error) => failed)
    })
  })
  return results
}

const batchesInFlightMax = 4
const looksInFlightMax = 32

/** Sent again after a lost reply: what is gone already is as good as removed. */
async function deleteBatch(
  deps: ObjectDeps,
  batch: readonly Version[],
  call: CallOptions,
): Promise<readonly DeleteFailure[]> {
  const entries = batch.map(({ key, etag }) => ({ key, ifMatch: etag }))
  for (let sends = 1; ; sends++) {
    try {
      return await deps.store.deleteMany(entries, call)
    } catch (error) {
      if (!isUnknownOutcome(error) || call.signal?.aborted || sends >= sendsMax) throw error
      await pauseBeforeSend(deps, sends, call.signal)
    }
  }
}

async function afterFailure(
  deps: ObjectDeps,
  version: Version,
  error: Error,
  options: JobOptions,
): Promise<RemoveResult> {
  if (!isStoreError(error)) throw error
  if (error.kind === 'not-found') return 'absent'
  if (error.kind === 'precondition') {
    const found = await look(deps, version.key, callOptions(options))
    if (!found) return 'absent'
    if (isAnother(version, found)) return found
  } else if (!error.retry && !error.ambiguous) throw error
  return removeObject(deps, version, options)
}

/** Equal bytes written by somebody else have the same ETag; where both write ids are known they tell. */
function isAnother(version: Version, found: ObjectInfo): boolean {
  if (found.etag !== version.etag) return true
  const id = version.headers?.metadata[writeIdHeader]
  return id !== undefined && found.headers.metadata[writeIdHeader] !== id
}
