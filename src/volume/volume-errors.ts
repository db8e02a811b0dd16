// From failures of the store and of the local disk to POSIX codes: the one table.

import { StoreError, VolumeError } from '../base/errors.ts'
import type { ErrnoCode, StoreErrorKind } from '../base/errors.ts'

const codeOfKind: Readonly<Record<StoreErrorKind, ErrnoCode>> = {
  'not-found': 'ENOENT',
  'no-bucket': 'EIO',
  precondition: 'ESTALE',
  conflict: 'EIO',
  denied: 'EACCES',
  credentials: 'EACCES',
  throttled: 'EIO',
  unavailable: 'EIO',
  timeout: 'EIO',
  corrupt: 'EIO',
  range: 'EIO',
  'too-large': 'EFBIG',
  invalid: 'EINVAL',
  unsupported: 'ENOTSUP',
  'read-only': 'EROFS',
  'no-space': 'ENOSPC',
  aborted: 'EINTR',
}

const localCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EROFS', 'EACCES', 'EMFILE', 'ENOMEM', 'EIO'])

/** `error` as the volume answers it. An abort by the caller's signal stays what it is. */
export function asVolumeError(error: unknown): VolumeError {
  if (error instanceof VolumeError) return error
  if (error instanceof StoreError)
    return new VolumeError(codeOfKind[error.kind], { message: error.message, cause: error })
  const code = (error as { readonly code?: unknown } | null)?.code
  if (typeof code === 'string' && localCodes.has(code))
    return new VolumeError(code as ErrnoCode, { message: (error as Error).message, cause: error })
  throw error
}
