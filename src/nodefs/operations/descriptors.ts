// Operations on file descriptors that carry no data: open, close, fsync, and the attributes by fd.

import type { Door, Form } from '../door.ts'
import { fsError } from '../errors.ts'
import type { OpenFile } from '../fd-table.ts'
import { closeFile } from '../file-io.ts'
import { shapeStats } from '../results/stats.ts'
import { call, mapped } from '../task.ts'
import type { Task } from '../task.ts'
import { checkFlags, checkTime, looseOptions } from '../validate/options.ts'
import type { GivenPath } from '../validate/path.ts'
import { checkFd, checkInteger, checkMode, checkOwner } from '../validate/values.ts'
import type { AttributeChanges } from '../../volume/types.ts'

type Args = readonly unknown[]

export const modeDefault = 0o666

/** Gives the fd number. */
export function open(door: Door, [path, flags, mode]: Args): Task<number> {
  const given = door.path(path)
  const bits = checkFlags(flags)
  const permissions = checkMode(mode, 'mode', modeDefault)
  return mapped(openFile(door, given, bits, permissions), (file) => file.fd)
}

export function* openFile(door: Door, { given, path }: GivenPath, flags: number, mode: number): Task<OpenFile> {
  door.files.checkRoom(given)
  const where = { syscall: 'open', path: given }
  const opened = yield* call(where, 'open', door.caller(), path, flags, mode & 0o7777)
  return door.files.add(opened.handle, flags, given)
}

export function close(door: Door, [fd]: Args): Task<void> {
  return closeNumber(door, checkFd(fd))
}

function* closeNumber(door: Door, fd: number): Task<void> {
  yield* closeFile(door, door.files.get(fd, 'close'))
}

export function fsync(door: Door, [fd]: Args): Task<void> {
  return sync(door, checkFd(fd), 'fsync')
}

export function fdatasync(door: Door, [fd]: Args): Task<void> {
  return sync(door, checkFd(fd), 'fdatasync')
}

function* sync(door: Door, fd: number, syscall: 'fsync' | 'fdatasync'): Task<void> {
  yield* call({ syscall }, 'fsync', door.files.get(fd, syscall).handle)
}

export function fstat(door: Door, [fd, options]: Args): Task<unknown> {
  return statNumber(door, checkFd(fd), looseOptions(options)['bigint'])
}

function* statNumber(door: Door, fd: number, bigint: unknown): Task<unknown> {
  const { handle } = door.files.get(fd, 'fstat')
  return shapeStats(yield* call({ syscall: 'fstat' }, 'fstat', handle), door.dev, bigint)
}

export function ftruncate(door: Door, [fd, length = 0]: Args, form: Form): Task<void> {
  if (form !== 'sync') checkInteger(length, 'len')
  const number = checkFd(fd)
  return truncateNumber(door, number, Math.max(0, checkInteger(length, 'len')))
}

function* truncateNumber(door: Door, fd: number, size: number): Task<void> {
  const file = door.files.get(fd, 'ftruncate')
  if (!file.writable) throw fsError('EINVAL', { syscall: 'ftruncate' })
  yield* change(door, file, 'ftruncate', { size })
}

export function fchmod(door: Door, [fd, mode]: Args): Task<void> {
  return changeFd(door, fd, 'fchmod', { mode: checkMode(mode, 'mode') & 0o7777 })
}

export function fchown(door: Door, [fd, uid, gid]: Args): Task<void> {
  return changeFd(door, fd, 'fchown', ownerChanges(uid, gid))
}

export function futimes(door: Door, [fd, atime, mtime]: Args): Task<void> {
  return changeFd(door, fd, 'futime', { atimeNs: checkTime(atime, 'atime'), mtimeNs: checkTime(mtime, 'mtime') })
}

/** -1 leaves an owner as it is. */
export function ownerChanges(uid: unknown, gid: unknown): AttributeChanges {
  const user = checkOwner(uid, 'uid')
  const group = checkOwner(gid, 'gid')
  return { ...(user === -1 ? {} : { uid: user }), ...(group === -1 ? {} : { gid: group }) }
}

function changeFd(door: Door, fd: unknown, syscall: string, changes: AttributeChanges): Task<void> {
  return changeNumber(door, checkFd(fd), syscall, changes)
}

function* changeNumber(door: Door, fd: number, syscall: string, changes: AttributeChanges): Task<void> {
  yield* change(door, door.files.get(fd, syscall), syscall, changes)
}

function* change(door: Door, file: OpenFile, syscall: string, changes: AttributeChanges): Task<void> {
  yield* call({ syscall }, 'setHandleAttributes', door.caller(), file.handle, changes)
}
