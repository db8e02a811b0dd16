// realpath in its two shapes: `native` asks for the whole path at once; the plain one resolves '..' by text first and
// blames the component that fails, as Node's own JavaScript walk does.

import { Buffer } from 'node:buffer'
import { posix } from 'node:path'
import type { Door } from '../door.ts'
import { call, mapped } from '../task.ts'
import type { Task } from '../task.ts'
import { nameEncoding, readOptions } from '../validate/options.ts'
import { encodeName } from '../validate/path.ts'

type Args = readonly unknown[]

export function realpathNative(door: Door, [path, options]: Args): Task<unknown> {
  const encoding = nameEncoding(readOptions(options))
  const at = door.path(path)
  const resolving = call({ syscall: 'realpath', path: at.given }, 'realpath', door.caller(), at.path)
  return mapped(resolving, (real) => encodeName(real, encoding))
}

export function realpath(door: Door, [path, options]: Args): Task<unknown> {
  const encoding = nameEncoding(readOptions(options))
  const { path: at } = door.path(asText(path))
  // Resolving '' gives the working directory, as path.resolve does.
  const resolved = posix.resolve(door.cwd(), at)
  return mapped(walkPath(door, resolved), (real) => encodeName(real, encoding))
}

function* walkPath(door: Door, path: string): Task<string> {
  try {
    return yield* call({ syscall: 'realpath', path }, 'realpath', door.caller(), path)
  } catch (error) {
    yield* blame(door, path)
    throw error
  }
}

/** Throws the error of the first component that cannot be looked at, or whose link cannot be followed. */
function* blame(door: Door, path: string): Task<void> {
  for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
    const prefix = end < 0 ? path : path.slice(0, end)
    const { type } = yield* call({ syscall: 'lstat', path: prefix }, 'stat', door.caller(), prefix, false)
    if (type === 'symlink') yield* call({ syscall: 'stat', path: prefix }, 'stat', door.caller(), prefix, true)
    if (end < 0) return
  }
}

/** Node turns what is no string into one here: a Buffer is its UTF-8 text. */
function asText(path: unknown): unknown {
  return path instanceof Uint8Array ? Buffer.from(path).toString() : path
}
