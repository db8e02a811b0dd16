// One file or one symlink of a cp.

import { posix } from 'node:path'
import type { Attributes } from '../../volume/types.ts'
import type { Door } from '../door.ts'
import { hasCode } from '../errors.ts'
import { typeBehind } from '../operations/readdir.ts'
import { call } from '../task.ts'
import type { Task } from '../task.ts'
import type { GivenPath } from '../validate/path.ts'
import { cpError } from './cp-errors.ts'
import type { CpOptions } from './cp-options.ts'
import { isInside } from './inside.ts'

/** What is copied where, and what both are now. */
export interface CopyPair {
  readonly source: GivenPath
  readonly dest: GivenPath
  readonly sourceIs: Attributes
  /** undefined: not there. */
  readonly destIs: Attributes | undefined
}

/** With `force` the destination is replaced, else kept, or refused with `errorOnExist`. */
export function* copyFileEntry(door: Door, pair: CopyPair, options: CpOptions): Task<void> {
  const { source, dest, sourceIs, destIs } = pair
  if (destIs && !options.force) {
    if (options.errorOnExist) throw cpError('ERR_FS_CP_EEXIST', `${dest.given} already exists`, dest.given)
    return
  }
  const caller = door.caller()
  const copy = (): Task<void> => {
    const where = { syscall: 'copyfile', path: source.given, dest: dest.given }
    return call(where, 'copyFile', caller, source.path, dest.path, options.exclusive)
  }
  // Node unlinks first; a plain file can be replaced in place at half the requests, anything else must go.
  if (destIs === undefined) yield* copy()
  else if (destIs.type !== 'file' || destIs.nlink > 1 || options.exclusive) {
    yield* unlink(door, pair)
    yield* copy()
  } else {
    try {
      yield* copy()
    } catch (error) {
      if (!hasCode(error, 'EACCES', 'EPERM')) throw error
      yield* unlink(door, pair)
      yield* copy()
    }
  }
  const made = yield* call({ syscall: 'stat', path: dest.given }, 'stat', caller, dest.path, true)
  const mode = sourceIs.mode & 0o7777
  const changes = {
    ...((made.mode & 0o7777) === mode ? {} : { mode }),
    ...(options.preserveTimestamps ? { atimeNs: sourceIs.atimeNs, mtimeNs: sourceIs.mtimeNs } : {}),
  }
  if (Object.keys(changes).length > 0)
    yield* call({ syscall: 'chmod', path: dest.given }, 'setAttributes', caller, dest.path, changes, true)
}

/** A relative target is made absolute unless `verbatimSymlinks`, so that the copy leads where the source does. */
export function* copyLinkEntry(door: Door, pair: CopyPair, options: CpOptions): Task<void> {
  const { source, dest, destIs } = pair
  const target = yield* readTarget(door, source.path, source.given, options.verbatimSymlinks)
  if (destIs === undefined) return yield* makeLink(door, target, pair)
  if (destIs.type !== 'symlink') return yield* makeLink(door, target, pair)
  const destTarget = yield* readTarget(door, dest.path, dest.given, false)
  const isDirectory = (yield* typeBehind(door, source.path)) === 'directory'
  if (isDirectory && isInside(target, destTarget))
    throw cpError('ERR_FS_CP_EINVAL', `cannot copy ${target} to a subdirectory of self ${destTarget}`, dest.given)
  // Unlinking the destination would then take the source's contents with it.
  if (isDirectory && isInside(destTarget, target))
    throw cpError('ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY', `cannot overwrite ${destTarget} with ${target}`, dest.given)
  yield* unlink(door, pair)
  yield* makeLink(door, target, pair)
}

function* readTarget(door: Door, path: string, given: string, verbatim: boolean): Task<string> {
  const target = yield* call({ syscall: 'readlink', path: given }, 'readlink', door.caller(), path)
  return verbatim || posix.isAbsolute(target) ? target : posix.resolve(posix.dirname(path), target)
}

function makeLink(door: Door, target: string, { dest }: CopyPair): Task<void> {
  const where = { syscall: 'symlink', path: target, dest: dest.given }
  return call(where, 'symlink', door.caller(), target, dest.path)
}

function unlink(door: Door, { dest }: CopyPair): Task<void> {
  return call({ syscall: 'unlink', path: dest.given }, 'unlink', door.caller(), dest.path)
}
