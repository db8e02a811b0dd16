// realpath in its two shapes: `native` asks for the whole path at once; the plain one resolves '..' by text first and
// blames the component that fails, as Node's own JavaScript walk does.

import { Buffer } from 'node:buffer'
import { posix } from 'node:path'
import type { Door } from '../door.ts'
import { call } from '../task.ts'
import type { Task } from '../task.ts'
import { nameEncoding, readOptions } from '../validate/options.ts'
import { encodeName } from '../validate/path.ts'

type Args = readonly unknown[]

export function realpathNative(door: Door, [path, options]: Args): Task<unknown> {
  const encoding = nameEncoding(readOptions(options))
  const at = door.path(path)
  return (function* () {
    return encodeName(
      yield* call({ syscall: 'realpath', path: at.given }, 'realpath', door.caller(), at.path),
      encoding,
    )
  })()
}

export function realpath(door: Door, [path, options]: Args): Task<unknown> {
  const encoding = nameEncoding(readOptions(options))
  const { path: at } = door.path(asText(path))
  // Resolving '' gives the working directory, as path.resolve does.
  const resolved = posix.resolve(door.cwd(), at)
  return (function* () {
    let real: string
    try {
      real = yield* call({ syscall: 'realpath', path: resolved }, 'realpath', door.caller(), resolved)
    } catch (error) {
      yield* blame(door, resolved)
      throw error
    }
    return encodeName(real, encoding)
  })()
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
