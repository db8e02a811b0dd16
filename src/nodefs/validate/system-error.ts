// Node's SystemError: what rm and cp fail with when the reason is theirs, not the kernel's.

import type { CodedError } from './node-error.ts'

export interface SystemErrorInfo {
  /** The errno name, such as 'EISDIR'. */
  readonly code: string
  readonly message: string
  readonly syscall: string
  readonly errno: number
  readonly path?: string | undefined
  readonly dest?: string | undefined
}

/** `prefix` is the sentence Node has for `key`. */
export function systemError(key: string, prefix: string, info: SystemErrorInfo): CodedError {
  let message = `${prefix}: ${info.syscall} returned ${info.code} (${info.message})`
  if (info.path !== undefined) message += ` ${info.path}`
  if (info.dest !== undefined) message += ` => ${info.dest}`
  const error = new Error(message) as CodedError
  Error.captureStackTrace(error, systemError)
  Object.defineProperty(error, 'name', { value: 'SystemError', configurable: true, writable: true })
  error.code = key
  const { errno, syscall, path, dest } = info
  Object.assign(error, { info, errno, syscall })
  if (path !== undefined) Object.assign(error, { path })
  if (dest !== undefined) Object.assign(error, { dest })
  Object.defineProperty(error, 'toString', {
    value: () => `SystemError [${key}]: ${error.message}`,
    configurable: true,
    writable: true,
  })
  return error
}
