// mkdtempDisposable: a temporary directory that removes itself when its scope ends.

import { posix } from 'node:path'
import type { Door } from '../door.ts'
import { call } from '../task.ts'
import type { Task } from '../task.ts'
import { mkdtemp } from './names.ts'

interface DisposableDirectory {
  readonly path: unknown
  remove(): void
  [Symbol.dispose](): void
}

interface AsyncDisposableDirectory {
  readonly path: unknown
  remove(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export function mkdtempDisposableSync(door: Door, args: readonly unknown[]): DisposableDirectory {
  const full = fullPath(door)
  const path = door.runSync(mkdtemp(door, args))
  const remove = (): void => door.runSync(removeTree(door, full(path)))
  return bare({ path, remove, [Symbol.dispose]: remove })
}

export async function mkdtempDisposable(door: Door, args: readonly unknown[]): Promise<AsyncDisposableDirectory> {
  const full = fullPath(door)
  const path = await door.runAsync(mkdtemp(door, args))
  const remove = (): Promise<void> => door.runAsync(removeTree(door, full(path)))
  return bare({ path, remove, [Symbol.asyncDispose]: remove })
}

/** Relative to where we are now, not to where the process will be when it removes. */
function fullPath(door: Door): (path: unknown) => string {
  const cwd = door.cwd()
  return (path) => posix.resolve(cwd, String(path))
}

function removeTree(door: Door, path: string): Task<void> {
  return call({ syscall: 'rm', path }, 'remove', door.caller(), path, { recursive: true, force: true })
}

function bare<T extends object>(value: T): T {
  return Object.assign(Object.create(null) as object, value) as T
}
