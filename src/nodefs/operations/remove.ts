// rm and rmdir.

import { constants } from 'node:os'
import type { Door, Form } from '../door.ts'
import { hasCode } from '../errors.ts'
import { call } from '../task.ts'
import type { Task } from '../task.ts'
import type { GivenPath } from '../validate/path.ts'
import { checksAsNode20 } from '../validate/node-version.ts'
import { systemError } from '../validate/system-error.ts'
import { checkBoolean, checkInt32, checkObject, checkUint32 } from '../validate/values.ts'

type Args = readonly unknown[]

interface RemovalOptions {
  readonly recursive: boolean
  readonly force: boolean
}

let warned = false

/** A directory needs `recursive`; a missing path needs `force`. Retries are the engine's own. */
export function rm(door: Door, [path, options]: Args, form: Form): Task<void> {
  const at = door.path(path)
  const how = removalOptions(options)
  return form === 'sync' && how.recursive && how.force ? forceTree(door, at) : removePath(door, at, how)
}

/** With the deprecated `recursive`, a whole tree; anything but a directory still gets rmdir's own error. */
export function rmdir(door: Door, [path, options]: Args, form: Form): Task<void> {
  const at = door.path(path)
  const { recursive } = removalOptions(options)
  if (!recursive) return removeDirectory(door, at)
  warnRecursive()
  return removeDirectoryTree(door, at, form)
}

function removeDirectory(door: Door, { given, path }: GivenPath): Task<void> {
  return call({ syscall: 'rmdir', path: given }, 'rmdir', door.caller(), path)
}

function* removeDirectoryTree(door: Door, at: GivenPath, form: Form): Task<void> {
  const follows = form === 'promise'
  const where = { syscall: follows ? 'stat' : 'lstat', path: at.given }
  const { type } = yield* call(where, 'stat', door.caller(), at.path, follows)
  if (type === 'directory') yield* removeTree(door, at, true, false)
  else yield* removeDirectory(door, at)
}

function* removePath(door: Door, at: GivenPath, { recursive, force }: RemovalOptions): Task<void> {
  try {
    const { type } = yield* call({ syscall: 'lstat', path: at.given }, 'stat', door.caller(), at.path, false)
    if (type === 'directory' && !recursive)
      throw systemError('ERR_FS_EISDIR', 'Path is a directory', {
        code: 'EISDIR',
        message: 'is a directory',
        path: at.given,
        syscall: 'rm',
        errno: constants.errno.EISDIR,
      })
  } catch (error) {
    if (force && hasCode(error, 'ENOENT')) return
    throw error
  }
  yield* removeTree(door, at, recursive, force)
}

/** rmSync looks at nothing first when nothing it could see would stop it. */
function* forceTree(door: Door, { given, path }: GivenPath): Task<void> {
  try {
    const where = { syscall: checksAsNode20 ? 'unlink' : 'rm', path: given }
    yield* call(where, 'remove', door.caller(), path, { recursive: true, force: true })
  } catch (error) {
    if (checksAsNode20 || !hasCode(error, 'ENOTDIR')) throw error
  }
}

function removeTree(door: Door, { given, path }: GivenPath, recursive: boolean, force: boolean): Task<void> {
  return call({ syscall: 'rm', path: given }, 'remove', door.caller(), path, { recursive, force })
}

function removalOptions(value: unknown): RemovalOptions {
  if (value === undefined) return { recursive: false, force: false }
  const { recursive = false, force = false, retryDelay = 100, maxRetries = 0 } = checkObject(value, 'options')
  checkBoolean(recursive, 'options.recursive')
  checkBoolean(force, 'options.force')
  checkInt32(retryDelay, 'options.retryDelay', 0)
  checkUint32(maxRetries, 'options.maxRetries')
  return { recursive: recursive as boolean, force: force as boolean }
}

function warnRecursive(): void {
  if (warned || process.noDeprecation) return
  warned = true
  process.emitWarning(
    'In future versions of Node.js, fs.rmdir(path, { recursive: true }) will be removed. ' +
      'Use fs.rm(path, { recursive: true }) instead',
    'DeprecationWarning',
    'DEP0147',
  )
}
