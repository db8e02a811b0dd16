import { VolumeError } from '../../base/errors.ts'
import type { Caller } from '../types.ts'
import { S_IFDIR, S_IFLNK, S_IFMT } from '../types.ts'

// Permission as the Linux kernel decides it (generic_permission, may_delete): the first class that matches the caller
// (owner, group, others) decides alone; uid 0 overrides all but execution of a file without any x bit.

/** access(2) masks; also the bits of one class of a mode. */
export const mayRead = 4
export const mayWrite = 2
export const mayExecute = 1

export interface Owned {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

const sticky = 0o1000

/** Whether `caller` is in `gid`, by its own group or a supplementary one. */
export function isInGroup(caller: Caller, gid: number): boolean {
  return caller.gid === gid || caller.groups.includes(gid)
}

/** Whether `caller` has every right of `mask` on what `attributes` describe. */
export function hasAccess(attributes: Owned, caller: Caller, mask: number): boolean {
  const { mode, uid, gid } = attributes
  const type = mode & S_IFMT
  if (type === S_IFLNK) return true
  if (caller.uid === 0) return (mask & mayExecute) === 0 || type === S_IFDIR || (mode & 0o111) !== 0
  const shift = caller.uid === uid ? 6 : isInGroup(caller, gid) ? 3 : 0
  return (mask & ~(mode >> shift) & 7) === 0
}

/** Throws EACCES unless `hasAccess`. */
export function checkAccess(attributes: Owned, caller: Caller, mask: number): void {
  if (!hasAccess(attributes, caller, mask)) throw new VolumeError('EACCES')
}

/**
 * Throws unless `caller` may remove or rename away `victim` in `directory`: EACCES without write and search permission,
 * EPERM in a sticky directory that is neither the caller's nor holds the caller's own file. See unlink(2).
 */
export function mayDelete(directory: Owned, victim: Owned, caller: Caller): void {
  checkAccess(directory, caller, mayWrite | mayExecute)
  if ((directory.mode & sticky) === 0 || caller.uid === 0) return
  if (caller.uid !== victim.uid && caller.uid !== directory.uid) throw new VolumeError('EPERM')
}
