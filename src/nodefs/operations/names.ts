// Names: rename, link, symlink, unlink, directories made and removed, what a link points at.

import { basename } from 'node:path'
import type { Door, Form } from '../door.ts'
import { call, mapped } from '../task.ts'
import type { Task } from '../task.ts'
import { nodeError } from '../validate/node-error.ts'
import { checksAsNode20 } from '../validate/node-version.ts'
import { nameEncoding, readOptions } from '../validate/options.ts'
import { encodeName, nameOfGiven } from '../validate/path.ts'
import { checkBoolean, checkKernelMode, checkMode, checkOneOf } from '../validate/values.ts'

type Args = readonly unknown[]

const directoryModeDefault = 0o777
const copyExclusive = 1
/** What mkdtemp adds, and shows in its errors. */
const mkdtempTemplate = 'XXXXXX'

export function rename(door: Door, [oldPath, newPath]: Args): Task<void> {
  const from = door.path(oldPath, 'oldPath')
  const to = door.path(newPath, 'newPath')
  const where = { syscall: 'rename', path: from.given, dest: to.given }
  return call(where, 'rename', door.caller(), from.path, to.path)
}

export function link(door: Door, [existingPath, newPath]: Args): Task<void> {
  const from = door.path(existingPath, 'existingPath')
  const to = door.path(newPath, 'newPath')
  return call({ syscall: 'link', path: from.given, dest: to.given }, 'link', door.caller(), from.path, to.path)
}

export function copyFile(door: Door, [src, dest, mode]: Args): Task<void> {
  const from = door.path(src, 'src')
  const to = door.path(dest, 'dest')
  const bits = checkKernelMode(mode)
  const where = { syscall: 'copyfile', path: from.given, dest: to.given }
  return call(where, 'copyFile', door.caller(), from.path, to.path, (bits & copyExclusive) !== 0)
}

/** The target is kept as it is given; `type` matters on Windows only. */
export function symlink(door: Door, [target, path, type]: Args): Task<void> {
  const { given } = door.path(target, 'target')
  const at = door.path(path)
  checkLinkType(type)
  const name = nameOfGiven(target instanceof Uint8Array ? target : given)
  return call({ syscall: 'symlink', path: given, dest: at.given }, 'symlink', door.caller(), name, at.path)
}

export function unlink(door: Door, [path]: Args): Task<void> {
  const at = door.path(path)
  return call({ syscall: 'unlink', path: at.given }, 'unlink', door.caller(), at.path)
}

export function readlink(door: Door, [path, options]: Args, form: Form): Task<unknown> {
  const encoding = nameEncoding(readOptions(options))
  const at = door.path(path, form === 'promise' || checksAsNode20 ? 'oldPath' : 'path')
  const reading = call({ syscall: 'readlink', path: at.given }, 'readlink', door.caller(), at.path)
  return mapped(reading, (target) => encodeName(target, encoding))
}

/** Gives the first directory made when recursive and any was. */
export function mkdir(door: Door, [path, options]: Args, form: Form): Task<string | undefined> {
  const { mode, recursive } = mkdirOptions(options, checksAsNode20 || form === 'promise' ? 'mode' : 'options.mode')
  const at = door.path(path)
  const where = { syscall: 'mkdir', path: at.given }
  const making = call(where, 'mkdir', door.caller(), at.path, mode & 0o7777, recursive)
  return mapped(making, (first) => (recursive ? (first ?? undefined) : undefined))
}

export function mkdtemp(door: Door, [prefix, options]: Args): Task<unknown> {
  const encoding = nameEncoding(readOptions(options))
  const at = door.path(prefix, 'prefix')
  const shown = prefix instanceof Uint8Array ? nameOfGiven(prefix) : at.given
  const where = { syscall: 'mkdtemp', path: at.given + mkdtempTemplate }
  return mapped(call(where, 'mkdtemp', door.caller(), at.path), (made) =>
    encodeName(shown + basename(made).slice(-mkdtempTemplate.length), encoding),
  )
}

function checkLinkType(type: unknown): void {
  const known = ['dir', 'file', 'junction']
  if (!checksAsNode20) checkOneOf(type, 'type', [...known, null, undefined])
  else if (typeof type === 'string' && !known.includes(type))
    throw nodeError(
      Error,
      'ERR_FS_INVALID_SYMLINK_TYPE',
      `Symlink type must be one of "dir", "file", or "junction". Received "${type}"`,
    )
}

function mkdirOptions(options: unknown, modeName: string): { mode: number; recursive: boolean } {
  if (typeof options === 'number' || typeof options === 'string')
    return { mode: checkMode(options, 'mode'), recursive: false }
  const { mode, recursive } = (options ?? {}) as { mode?: unknown; recursive?: unknown }
  return {
    recursive: recursive === undefined ? false : checkBoolean(recursive, 'options.recursive'),
    mode: mode === undefined ? directoryModeDefault : checkMode(mode, modeName),
  }
}
