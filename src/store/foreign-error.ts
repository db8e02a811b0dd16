// Errors that are not StoreError yet: fs errors of a directory store, aborts, and whatever else came through.

import { StoreError, type StoreErrorKind } from '../base/errors.ts'

const kinds: Readonly<Record<string, StoreErrorKind>> = {
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EROFS: 'read-only',
  EACCES: 'denied',
  EPERM: 'denied',
  EFBIG: 'too-large',
  ENAMETOOLONG: 'too-large',
}

export interface ErrorPlace {
  readonly operation: string
  readonly key?: string | undefined
  /** For calls that change the bucket: whether the effect is unknown after an I/O error. */
  readonly ambiguous?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** `error` itself if it is a StoreError, else one that says where it happened and has it as its cause. */
export function toStoreError(error: unknown, place: ErrorPlace): StoreError {
  if (error instanceof StoreError) return error
  const { operation, key, signal } = place
  const message = error instanceof Error ? error.message : String(error)
  if (signal?.aborted && (error === signal.reason || isAbort(error))) {
    return new StoreError({ kind: 'aborted', operation, key, message, cause: error, ambiguous: place.ambiguous })
  }
  const code = errnoOf(error)
  // What has no errno is a bug or the caller's own body failing: not worth a retry.
  const kind: StoreErrorKind = code === undefined ? 'invalid' : (kinds[code] ?? 'unavailable')
  return new StoreError({
    kind,
    operation,
    key,
    code,
    message,
    cause: error,
    ambiguous: code !== undefined && place.ambiguous,
  })
}

/** The errno name of a system error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
