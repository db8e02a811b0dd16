// What cp refuses, in Node's words.

import { constants } from 'node:os'
import type { CodedError } from '../validate/node-error.ts'
import { systemError } from '../validate/system-error.ts'

type Refusal =
  | 'ERR_FS_CP_DIR_TO_NON_DIR'
  | 'ERR_FS_CP_EEXIST'
  | 'ERR_FS_CP_EINVAL'
  | 'ERR_FS_CP_FIFO_PIPE'
  | 'ERR_FS_CP_NON_DIR_TO_DIR'
  | 'ERR_FS_CP_SOCKET'
  | 'ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY'
  | 'ERR_FS_CP_UNKNOWN'
  | 'ERR_FS_EISDIR'

interface Sentence {
  readonly text: string
  readonly code: 'EEXIST' | 'EINVAL' | 'EISDIR' | 'ENOTDIR'
}

const sentences: Readonly<Record<Refusal, Sentence>> = {
  ERR_FS_CP_DIR_TO_NON_DIR: { text: 'Cannot overwrite non-directory with directory', code: 'EISDIR' },
  ERR_FS_CP_EEXIST: { text: 'Target already exists', code: 'EEXIST' },
  ERR_FS_CP_EINVAL: { text: 'Invalid src or dest', code: 'EINVAL' },
  ERR_FS_CP_FIFO_PIPE: { text: 'Cannot copy a FIFO pipe', code: 'EINVAL' },
  ERR_FS_CP_NON_DIR_TO_DIR: { text: 'Cannot overwrite directory with non-directory', code: 'ENOTDIR' },
  ERR_FS_CP_SOCKET: { text: 'Cannot copy a socket file', code: 'EINVAL' },
  ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY: { text: 'Cannot overwrite symlink in subdirectory of self', code: 'EINVAL' },
  ERR_FS_CP_UNKNOWN: { text: 'Cannot copy an unknown file type', code: 'EINVAL' },
  ERR_FS_EISDIR: { text: 'Path is a directory', code: 'EISDIR' },
}

/** `path` is the one blamed. */
export function cpError(refusal: Refusal, message: string, path: string): CodedError {
  const { text, code } = sentences[refusal]
  return systemError(refusal, text, { code, message, path, syscall: 'cp', errno: constants.errno[code] })
}
