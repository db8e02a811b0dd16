// The calls a command makes, on a volume or on the local disk: one interface, so that `cp` knows neither. Failures carry
// a POSIX `code`, as VolumeError and as Node's own errors do.

import type { VolumeCalls } from '../../volume/calls.ts'

export type FileCalls = Pick<
  VolumeCalls,
  | 'stat'
  | 'readlink'
  | 'readdir'
  | 'readdirAttributes'
  | 'walk'
  | 'mkdir'
  | 'unlink'
  | 'remove'
  | 'rename'
  | 'symlink'
  | 'setAttributes'
  | 'copyFile'
  | 'open'
  | 'read'
  | 'write'
  | 'close'
  | 'readFile'
  | 'writeFile'
>

/** The POSIX code of a failure, or undefined for what is none. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}
