// From the volume's codes to the errors of node:fs: own `errno`, `code`, `syscall`, `path`, `dest` and the message form
// "CODE: text, syscall 'path' -> 'dest'". One table, exhaustive by type; nothing else in this tier names an errno.

import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { isVolumeError } from '../base/errors.ts'
import type { ErrnoCode, VolumeError } from '../base/errors.ts'

/** What was called, for the error's message and properties. */
export interface Where {
  readonly syscall: string
  readonly path?: string | undefined
  readonly dest?: string | undefined
}

/** An error as node:fs throws it. */
export interface FsError extends NodeJS.ErrnoException {
  dest?: string
  /** For ESTALE after a lost race: where the local bytes were kept, as a path of the volume. */
  conflictPath?: string
}

/** Texts for the codes libuv has none for; '' takes libuv's. */
const texts: Readonly<Record<ErrnoCode, string>> = {
  E2BIG: '',
  EACCES: '',
  EAGAIN: '',
  EBADF: '',
  EBUSY: '',
  ECANCELED: '',
  EEXIST: '',
  EFBIG: '',
  EINTR: '',
  EINVAL: '',
  EIO: '',
  EISDIR: '',
  ELOOP: '',
  EMFILE: '',
  EMLINK: '',
  ENAMETOOLONG: '',
  ENODATA: '',
  ENODEV: '',
  ENOENT: '',
  ENOMEM: '',
  ENOSPC: '',
  ENOSYS: '',
  ENOTDIR: '',
  ENOTEMPTY: '',
  ENOTSUP: '',
  ENXIO: '',
  EOVERFLOW: '',
  EPERM: '',
  ERANGE: '',
  EROFS: '',
  EXDEV: '',
  ETIMEDOUT: '',
  ESTALE: 'stale file handle',
}

interface Errno {
  readonly errno: number
  readonly text: string
}

const errnos: ReadonlyMap<string, Errno> = buildErrnos()

/** A new node:fs error for a code. */
export function fsError(code: ErrnoCode, where: Where, from?: VolumeError): FsError {
  const { errno, text } = errnos.get(code) as Errno
  let message = `${code}: ${text}, ${where.syscall}`
  if (where.path !== undefined) message += ` '${where.path}'`
  if (where.dest !== undefined) message += ` -> '${where.dest}'`
  const error: FsError = from?.cause === undefined ? new Error(message) : new Error(message, { cause: from.cause })
  error.errno = errno
  error.code = code
  error.syscall = where.syscall
  if (where.path !== undefined) error.path = where.path
  if (where.dest !== undefined) error.dest = where.dest
  if (from?.conflictPath !== undefined) error.conflictPath = from.conflictPath
  return error
}

/** What a failed call of the volume becomes for the caller; what is no VolumeError passes unchanged. */
export function toFsError(error: unknown, where: Where): unknown {
  return isVolumeError(error) ? fsError(error.code, where, error) : error
}

/** Whether `error` carries one of `codes`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes((error as FsError).code ?? '')
}

/** The operation's own failure, and close's as well when both failed. */
export function bothErrors(first: unknown, second: unknown): unknown {
  const both = new AggregateError([first, second], (first as Error).message)
  const code = (first as FsError).code
  return code === undefined ? both : Object.assign(both, { code })
}

function buildErrnos(): ReadonlyMap<string, Errno> {
  const known = new Map([...getSystemErrorMap()].map(([errno, [code, text]]) => [code, { errno, text }]))
  const result = new Map<string, Errno>()
  for (const [code, text] of Object.entries(texts)) {
    const libuv = known.get(code)
    const errno = libuv?.errno ?? -(constants.errno as Readonly<Record<string, number>>)[code]!
    result.set(code, { errno, text: text || (libuv?.text ?? code) })
  }
  return result
}
