// Failures in words: what could not be done, to which path, why, the code, and a way out where there is one. The words
// for a code are coreutils' (strerror), so that scripts and people recognise them.

import { StoreError, VolumeError, type StoreErrorKind } from '../../base/errors.ts'
import { codeOf } from '../places/file-calls.ts'

interface Reason {
  readonly why: string
  readonly wayOut?: string | undefined
}

const reasons: Readonly<Record<string, Reason>> = {
  EACCES: { why: 'Permission denied', wayOut: 'check the file mode, or run with --permissions ignore' },
  EBADF: { why: 'Bad file descriptor' },
  EBUSY: { why: 'Device or resource busy' },
  EEXIST: { why: 'File exists', wayOut: 'choose another name, or remove it first' },
  EFBIG: { why: 'File too large' },
  EINVAL: { why: 'Invalid argument' },
  EIO: { why: 'Input/output error', wayOut: 'run bucketfs doctor on the volume' },
  EISDIR: { why: 'Is a directory', wayOut: 'use -r for directories' },
  ELOOP: { why: 'Too many levels of symbolic links' },
  EMFILE: { why: 'Too many open files', wayOut: 'lower --jobs' },
  ENAMETOOLONG: { why: 'File name too long', wayOut: 'a name has at most 255 bytes' },
  ENOENT: { why: 'No such file or directory' },
  ENOSPC: { why: 'No space left on device', wayOut: 'free local disk space, or lower --spool-bytes-max' },
  ENOTDIR: { why: 'Not a directory' },
  ENOTEMPTY: { why: 'Directory not empty', wayOut: 'use -r' },
  ENOTSUP: { why: 'Operation not supported' },
  EPERM: { why: 'Operation not permitted' },
  EROFS: { why: 'Read-only file system', wayOut: 'open the volume without --read-only' },
  ESTALE: { why: 'Someone else changed it meanwhile', wayOut: 'nothing was overwritten; look at it and try again' },
  // What Node's own rm says on the local disk.
  ERR_FS_EISDIR: { why: 'Is a directory', wayOut: 'use -r for directories' },
  EXDEV: { why: 'Invalid cross-device link' },
}

const storeReasons: Readonly<Partial<Record<StoreErrorKind, Reason>>> = {
  'no-bucket': { why: 'No such bucket', wayOut: 'check the name, --endpoint and --region' },
  'not-found': { why: 'No such object' },
  denied: { why: 'The bucket refuses', wayOut: 'check what the key may do' },
  credentials: {
    why: 'No usable credentials',
    wayOut: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, and check the clock',
  },
  throttled: { why: 'The server asks to slow down', wayOut: 'try again later, or lower --jobs' },
  unavailable: { why: 'The server cannot be reached', wayOut: 'check --endpoint and the network' },
  timeout: { why: 'The server did not answer in time', wayOut: 'check --endpoint and the network' },
  corrupt: { why: 'The server sent wrong bytes', wayOut: 'run bucketfs doctor on the volume' },
  'read-only': { why: 'The bucket is read-only' },
  'no-space': { why: 'The bucket is full' },
}

/** `cannot stat 's3://b/x': No such file or directory (ENOENT)`, and `; WAY OUT` where there is one. */
export function describeFailure(action: string, shown: string, error: unknown): string {
  const { why, wayOut, code } = reasonOf(error)
  const kept = error instanceof VolumeError && error.conflictPath ? `; your bytes are in ${error.conflictPath}` : ''
  return `${action} '${shown}': ${why}${code ? ` (${code})` : ''}${kept}${wayOut ? `; ${wayOut}` : ''}`
}

function reasonOf(error: unknown): Reason & { code?: string | undefined } {
  const told = error instanceof VolumeError ? error.message.slice(`${error.code}: `.length) : ''
  // The volume itself said why and what to do.
  if (told !== '' && error instanceof VolumeError) return { why: told, code: error.code }
  const store = storeErrorIn(error)
  const storeReason = store && storeReasons[store.kind]
  if (store && storeReason) {
    const code = codeOf(error) ?? store.code ?? store.kind
    return { ...storeReason, why: `${storeReason.why}: ${store.message}`, code }
  }
  const code = codeOf(error)
  const reason = code === undefined ? undefined : reasons[code]
  if (reason) return { ...reason, code }
  return { why: error instanceof Error ? error.message : String(error), code }
}

/** The store's own failure behind an EIO or EACCES says more than the errno. */
function storeErrorIn(error: unknown): StoreError | undefined {
  let at = error
  for (let depth = 0; depth < 8 && at instanceof Error; depth++) {
    if (at instanceof StoreError) return at
    at = at.cause
  }
  return undefined
}
