// What a path is and may be: stat and its kin, access, chmod, chown, utimes.
//
// The folder: what each call of node:fs does, a file per noun, each call once for all of its forms. An operation takes
// the arguments as they came. It checks them at once, so that errors are thrown at the call, in Node's order; what it gives
// is a Task (../task.ts) of volume calls, each with the syscall and paths its failure is to name. `form` is looked at
// only where Node's own forms differ. Read next: names.ts, descriptors.ts, data.ts, whole-file.ts, readdir.ts.

import type { Door } from '../door.ts'
import { hasCode } from '../errors.ts'
import { shapeStatFs, shapeStats } from '../results/stats.ts'
import { call, mapped } from '../task.ts'
import type { Task } from '../task.ts'
import { checksAsNode20 } from '../validate/node-version.ts'
import { checkTime, looseOptions } from '../validate/options.ts'
import type { Options } from '../validate/options.ts'
import type { GivenPath } from '../validate/path.ts'
import { checkKernelMode, checkMode } from '../validate/values.ts'
import { ownerChanges } from './descriptors.ts'
import type { AttributeChanges } from '../../volume/types.ts'

type Args = readonly unknown[]

/** What `throwIfNoEntry: false` keeps quiet about; stat alone learned ENOTDIR. */
const absentCodes = ['ENOENT']
const absentCodesOfStat = checksAsNode20 ? absentCodes : ['ENOENT', 'ENOTDIR']

export function stat(door: Door, args: Args): Task<unknown> {
  return statAs(door, args, 'stat', true)
}

export function lstat(door: Door, args: Args): Task<unknown> {
  return statAs(door, args, 'lstat', false)
}

export function statfs(door: Door, [path, options]: Args): Task<unknown> {
  const { given, path: at } = door.path(path)
  const { bigint } = looseOptions(options)
  const asking = call({ syscall: 'statfs', path: given }, 'statfs', door.caller(), at)
  return mapped(asking, (info) => shapeStatFs(info, bigint))
}

/** R_OK | W_OK | X_OK, or 0 for "is there". */
export function access(door: Door, [path, mode]: Args): Task<void> {
  const { given, path: at } = door.path(path)
  const asked = checkKernelMode(mode)
  return call({ syscall: 'access', path: given }, 'access', door.caller(), at, asked)
}

export function chmod(door: Door, [path, mode]: Args): Task<void> {
  const at = door.path(path)
  return change(door, at, 'chmod', { mode: checkMode(mode, 'mode') & 0o7777 }, true)
}

export function chown(door: Door, [path, uid, gid]: Args): Task<void> {
  return change(door, door.path(path), 'chown', ownerChanges(uid, gid), true)
}

export function lchown(door: Door, [path, uid, gid]: Args): Task<void> {
  return change(door, door.path(path), 'lchown', ownerChanges(uid, gid), false)
}

export function utimes(door: Door, [path, atime, mtime]: Args): Task<void> {
  const at = door.path(path)
  return change(door, at, 'utime', { atimeNs: checkTime(atime), mtimeNs: checkTime(mtime) }, true)
}

export function lutimes(door: Door, [path, atime, mtime]: Args): Task<void> {
  const at = door.path(path)
  return change(door, at, 'lutime', { atimeNs: checkTime(atime), mtimeNs: checkTime(mtime) }, false)
}

function statAs(door: Door, [path, options]: Args, syscall: string, followLast: boolean): Task<unknown> {
  return statPath(door, door.path(path), looseOptions(options), syscall, followLast)
}

function* statPath(
  door: Door,
  { given, path }: GivenPath,
  { bigint, throwIfNoEntry }: Options,
  syscall: string,
  followLast: boolean,
): Task<unknown> {
  try {
    const attributes = yield* call({ syscall, path: given }, 'stat', door.caller(), path, followLast)
    return shapeStats(attributes, door.dev, bigint)
  } catch (error) {
    if (throwIfNoEntry === false && hasCode(error, ...(followLast ? absentCodesOfStat : absentCodes))) return undefined
    throw error
  }
}

function* change(
  door: Door,
  { given, path }: GivenPath,
  syscall: string,
  changes: AttributeChanges,
  followLast: boolean,
): Task<void> {
  yield* call({ syscall, path: given }, 'setAttributes', door.caller(), path, changes, followLast)
}
