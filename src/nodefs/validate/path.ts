// Paths as callers give them: string, Buffer, Uint8Array or file: URL, relative or absolute; and names going back out
// in the encoding asked for. Inside, a path is an absolute byte-exact Name path; `given` stays as it came, for errors.

import { Buffer } from 'node:buffer'
import { fileURLToPath } from 'node:url'
import { types } from 'node:util'
import { bytesOfName, nameOfBytes } from '../../format/name.ts'
import type { Name } from '../../volume/types.ts'
import { invalidArgType, invalidArgValue } from './node-error.ts'

/** A checked path. */
export interface GivenPath {
  /** As the caller wrote it, decoded as UTF-8: what error messages and results show. */
  readonly given: string
  /** Absolute inside the volume; '' for the empty path. */
  readonly path: Name
}

/** String methods newer than the compiler's library, present since Node 20. */
interface WellFormed {
  isWellFormed(): boolean
  toWellFormed(): string
}

export type NameEncoding = BufferEncoding | 'buffer' | undefined

/** Checks a path argument and makes it absolute from `cwd`. */
export function checkPath(value: unknown, name: string, cwd: () => string): GivenPath {
  const plain = isUrl(value) ? fileURLToPath(value as unknown as URL) : value
  if (typeof plain === 'string') {
    if (plain.includes('\0')) throw nullByte(name, plain)
    const formed = wellFormed(plain)
    return { given: plain, path: absolute(formed, cwd) }
  }
  if (!types.isUint8Array(plain)) throw invalidArgType(name, 'of type string or an instance of Buffer or URL', plain)
  if (plain.includes(0)) throw nullByte(name, plain)
  return { given: Buffer.from(plain).toString(), path: absolute(nameOfBytes(plain), cwd) }
}

/** Whether a string is a path the volume takes as it is: absolute, no NUL, well-formed. The hot path's only question. */
export function isPlainAbsolute(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.charCodeAt(0) === 47 &&
    !value.includes('\0') &&
    (value as unknown as WellFormed).isWellFormed()
  )
}

/** A name for the caller: text as UTF-8 (bytes that are none become U+FFFD), a Buffer, or another text encoding. */
export function encodeName(name: Name, encoding: NameEncoding): string | Buffer {
  if (encoding === undefined || encoding === 'utf8' || encoding === 'utf-8') return showName(name)
  const bytes = Buffer.from(bytesOfName(name))
  return encoding === 'buffer' ? bytes : bytes.toString(encoding)
}

export function showName(name: Name): string {
  return (name as unknown as WellFormed).isWellFormed() ? name : Buffer.from(bytesOfName(name)).toString()
}

/** The byte-exact Name of a string or bytes that is not a path to resolve (a symlink target). */
export function nameOfGiven(value: string | Uint8Array): Name {
  return typeof value === 'string' ? wellFormed(value) : nameOfBytes(value)
}

function wellFormed(text: string): string {
  const same = text as unknown as WellFormed
  return same.isWellFormed() ? text : same.toWellFormed()
}

function absolute(path: string, cwd: () => string): string {
  if (path === '' || path.charCodeAt(0) === 47) return path
  const from = cwd()
  return from.endsWith('/') ? from + path : `${from}/${path}`
}

/** As Node: anything with `href` and `protocol` that is not a legacy url.parse() result. */
function isUrl(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { href, protocol, auth, path } = value as Record<string, unknown>
  return Boolean(href && protocol && auth === undefined && path === undefined)
}

function nullByte(name: string, value: unknown): Error {
  return invalidArgValue(name, value, `must be a string, Uint8Array, or URL without null bytes`)
}
