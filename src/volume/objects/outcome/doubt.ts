import { isStoreError, StoreError } from '../../../base/errors.ts'
import { writeIdHeader } from '../../../format/metadata.ts'
import type { CallOptions, ObjectHeaders, ObjectInfo, WriteCondition } from '../../../store/store.ts'
import { ConflictError } from '../conflict-error.ts'
import { sendDelayMsFirst, sendsMax, type ObjectDeps } from '../object-deps.ts'

// What happened to a conditional change that did not plainly succeed. A 412 may be the echo of our own first try, whose
// reply was lost; a reset may be before or after the effect; a 409 says only that somebody else was there too. One HEAD
// decides: our write id means it was us, a condition that still holds means nothing happened and the change may be sent
// again, everything else is a conflict. Equal bytes prove nothing: two clients create the same empty lock file.

export interface Change {
  readonly key: string
  readonly condition: WriteCondition
  /** In the metadata of what is written. Undefined when there was no room for one: success can then not be recognised. */
  readonly writeId: string | undefined
  readonly call: CallOptions
}

/** The store's own reply, or what HEAD showed when the reply was lost. */
export type Settled<T> = { readonly reply: T } | { readonly reply?: undefined; readonly found: ObjectInfo }

export interface SettleOptions {
  /** Runs when nothing has happened, before `send` is called again; may throw to end it. */
  readonly beforeResend?: ((error: unknown) => Promise<void>) | undefined
}

/** Sends until it has succeeded, or is found to have. ConflictError when the condition no longer holds. */
export async function settle<T>(
  deps: ObjectDeps,
  change: Change,
  send: () => Promise<T>,
  options: SettleOptions = {},
): Promise<Settled<T>> {
  for (let sends = 1; ; sends++) {
    try {
      return { reply: await send() }
    } catch (error) {
      if (!isDoubtful(error)) throw error
      const found = await lookAfter(deps, change, error)
      if (found && isOurs(found, change.writeId)) {
        deps.metrics.count('lostReplies')
        return { found }
      }
      if (!conditionHolds(change.condition, found)) throw new ConflictError(change.key, found, error)
      await options.beforeResend?.(error)
      if (sends >= sendsMax) throw isUnknownOutcome(error) ? error : new ConflictError(change.key, found, error)
      await pauseBeforeSend(deps, sends, change.call.signal)
    }
  }
}

/** Whether the bucket may hold the change although the call failed. */
export function isUnknownOutcome(error: unknown): boolean {
  return isStoreError(error) && (error.ambiguous || error.kind === 'aborted' || error.kind === 'timeout')
}

/** Whether only a look at the bucket can tell what the failure means. An abort is the caller's own wish: no look. */
export function isDoubtful(error: unknown): boolean {
  if (!isStoreError(error) || error.kind === 'aborted') return false
  return isUnknownOutcome(error) || ['precondition', 'conflict', 'not-found'].includes(error.kind)
}

/** Whether the same upload may be completed by a later call. */
export function mayBeResumed(error: unknown): boolean {
  return isUnknownOutcome(error) || (isStoreError(error) && error.retry && error.kind !== 'corrupt')
}

export function isOurs(info: ObjectInfo, writeId: string | undefined): boolean {
  return writeId !== undefined && info.headers.metadata[writeIdHeader] === writeId
}

export function conditionHolds(condition: WriteCondition, found: ObjectInfo | null): boolean {
  if (condition.ifNoneMatch !== undefined) return found === null
  return condition.ifMatch === undefined || found?.etag === condition.ifMatch
}

/** `headers` with the write id in them. */
export function withWriteId(headers: ObjectHeaders, writeId: string | undefined): ObjectHeaders {
  if (writeId === undefined || headers.metadata[writeIdHeader] === writeId) return headers
  return { ...headers, metadata: { ...headers.metadata, [writeIdHeader]: writeId } }
}

/** What is at `key` now, or null. */
export async function look(deps: ObjectDeps, key: string, call: CallOptions): Promise<ObjectInfo | null> {
  try {
    return await deps.store.head(key, call)
  } catch (error) {
    if (isStoreError(error, 'not-found')) return null
    throw error
  }
}

export async function pauseBeforeSend(deps: ObjectDeps, sends: number, signal: AbortSignal | undefined): Promise<void> {
  await deps.clock.sleep(deps.random.float() * sendDelayMsFirst * 2 ** (sends - 1), signal)
}

/** A look that failed leaves the outcome unknown, whatever the first error was. */
async function lookAfter(deps: ObjectDeps, change: Change, error: unknown): Promise<ObjectInfo | null> {
  try {
    return await look(deps, change.key, change.call)
  } catch (lookError) {
    const kind = isStoreError(lookError) ? lookError.kind : 'unavailable'
    const operation = isStoreError(error) ? error.operation : 'head'
    const message = 'nobody knows whether it took effect'
    throw new StoreError({ kind, operation, key: change.key, message, ambiguous: true, cause: lookError })
  }
}
