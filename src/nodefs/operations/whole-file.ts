// Whole files: readFile, writeFile, appendFile, truncate. Where Node opens, reads and closes, one call of the volume
// does it all; unusual flags and descriptors take the long way.

import { Buffer } from 'node:buffer'
import type { Door, Form } from '../door.ts'
import { bothErrors, fsError, hasCode } from '../errors.ts'
import type { OpenFile } from '../fd-table.ts'
import { closeFile, readBytes, writeBytes } from '../file-io.ts'
import { call } from '../task.ts'
import type { Task } from '../task.ts'
import { bytesOfView, checkData, isView } from '../validate/buffers.ts'
import { abortError, invalidArgType, invalidArgValue, nodeError } from '../validate/node-error.ts'
import { checkFlags, readOptions } from '../validate/options.ts'
import type { Options } from '../validate/options.ts'
import type { GivenPath } from '../validate/path.ts'
import { checkBoolean, checkInteger, checkMode } from '../validate/values.ts'
import * as volume from '../../volume/types.ts'
import { ftruncate, modeDefault, openFile } from './descriptors.ts'

type Args = readonly unknown[]

/** Node's largest readFile: 2 GiB - 1. */
const fileBytesMax = 2 ** 31 - 1
/** Read this much at a time where the size is unknown or wrong. */
const unknownSizeBytes = 512 * 1024

/** Codes that say the contents failed, not the name. */
const contentCodes = ['EIO', 'ESTALE', 'ENOSPC', 'EFBIG', 'ETIMEDOUT']

export function readFile(door: Door, [path, value]: Args, form: Form = 'sync'): Task<string | Buffer> {
  const options = readOptions(value)
  checkBufferOption(options)
  if (isFd(path)) return readOpened(door, () => door.files.get(path, 'fstat'), options)
  const signal = signalOf(options)
  if (signal?.aborted) return aborted(signal)
  const { flag } = options
  const flags = checkFlags(
    form === 'promise' ? flag || undefined : flag,
    form === 'callback' ? 'options.flag' : 'flags',
  )
  return readPath(door, door.path(path), flags, options)
}

/** Reads from the file's position to its end; for descriptors and FileHandles. */
export function* readOpened(door: Door, find: () => OpenFile, options: Options): Task<string | Buffer> {
  const file = find()
  const { size } = yield* call({ syscall: 'fstat' }, 'fstat', file.handle)
  if (size > fileBytesMax) throw tooLarge(size)
  const parts: Uint8Array[] = []
  let total = 0
  for (;;) {
    const signal = signalOf(options)
    if (signal?.aborted) throw abortError(signal.reason)
    const part = yield* readBytes(file, size > total ? size - total : unknownSizeBytes, undefined)
    if (part.byteLength === 0) break
    parts.push(part)
    total += part.byteLength
    if (total > fileBytesMax) throw tooLarge(total)
    if (size > 0 && total >= size) break
  }
  const whole = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts, total)
  return shapeContents(whole, options)
}

/** As a Buffer, as text, or in the caller's own buffer. */
export function shapeContents(bytes: Uint8Array, options: Options): string | Buffer {
  const own = ownBuffer(options, bytes.byteLength)
  const buffer = own ? own.subarray(0, bytes.byteLength) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (own) buffer.set(bytes)
  const encoding = options['encoding']
  return encoding ? buffer.toString(encoding as BufferEncoding) : buffer
}

export function writeFile(door: Door, args: Args): Task<void> {
  return write(door, args, 'w')
}

export function appendFile(door: Door, args: Args): Task<void> {
  return write(door, args, 'a')
}

export function truncate(door: Door, [path, length]: Args, form: Form): Task<void> {
  if (typeof path === 'number' && form !== 'promise') return ftruncate(door, [path, length ?? 0], form)
  if (form === 'callback' && length !== undefined) checkInteger(length, 'len')
  return truncatePath(door, door.path(path), length === undefined ? 0 : length)
}

function* truncatePath(door: Door, { given, path }: GivenPath, length: unknown): Task<void> {
  const where = { syscall: 'open', path: given }
  if (typeof length !== 'number' || !Number.isInteger(length)) {
    // Node opens before it looks at the length here.
    yield* call(where, 'access', door.caller(), path, 2)
    checkInteger(length, 'len')
  }
  yield* call(where, 'setAttributes', door.caller(), path, { size: Math.max(0, length as number) }, true)
}

/** Whether Node takes a value for a descriptor where a path may stand too. */
function isFd(value: unknown): value is number {
  return typeof value === 'number' && value === (value | 0)
}

function* readPath(door: Door, at: GivenPath, flags: number, options: Options): Task<string | Buffer> {
  if (flags !== volume.O_RDONLY) {
    const file = yield* openFile(door, at, flags, modeDefault)
    return yield* thenClose(
      door,
      file,
      readOpened(door, () => file, options),
    )
  }
  const signal = signalOf(options)
  let bytes: Uint8Array
  try {
    bytes = yield* call({ syscall: 'open', path: at.given }, 'readFile', door.caller(signal), at.path)
  } catch (error) {
    if (signal?.aborted) throw abortError(signal.reason)
    if (hasCode(error, 'EFBIG'))
      throw tooLarge((yield* call({ syscall: 'stat' }, 'stat', door.caller(), at.path, true)).size)
    if (hasCode(error, 'EISDIR')) throw fsError('EISDIR', { syscall: 'read' })
    throw error
  }
  if (signal?.aborted) throw abortError(signal.reason)
  return shapeContents(bytes, options)
}

function write(door: Door, [path, data, value]: Args, flagDefault: string): Task<void> {
  const options = readOptions(value)
  const flush = checkBoolean(options['flush'] ?? false, 'options.flush')
  const bytes = checkData(data, 'data', options['encoding'])
  const signal = signalOf(options)
  if (isFd(path)) return writeOpened(door, () => door.files.get(path, 'write'), bytes, flush, signal)
  if (signal?.aborted) return aborted(signal)
  const at = door.path(path)
  const flags = checkFlags(options['flag'] || flagDefault)
  const mode = checkMode(options['mode'], 'mode', modeDefault) & 0o7777
  return writePath(door, at, bytes, { flags, mode, flush }, signal)
}

interface WritePlan {
  readonly flags: number
  readonly mode: number
  readonly flush: boolean
}

function* writePath(
  door: Door,
  at: GivenPath,
  bytes: Uint8Array,
  { flags, mode, flush }: WritePlan,
  signal: AbortSignal | undefined,
): Task<void> {
  const replaces = (flags & (volume.O_TRUNC | volume.O_APPEND)) !== 0 && (flags & volume.O_ACCMODE) !== volume.O_RDONLY
  if (!replaces) {
    const file = yield* openFile(door, at, flags, mode)
    return yield* thenClose(
      door,
      file,
      writeOpened(door, () => file, bytes, flush, signal),
    )
  }
  const plan = { flags: (flags & ~volume.O_ACCMODE) | volume.O_WRONLY, mode, flush }
  try {
    yield* call({ syscall: 'open', path: at.given }, 'writeFile', door.caller(signal), at.path, bytes, plan)
  } catch (error) {
    if (signal?.aborted) throw abortError(signal.reason)
    if (hasCode(error, ...contentCodes)) Object.assign(error as Error, { syscall: 'write' })
    throw error
  }
}

/** Writes at the file's position; syncs when asked. */
export function* writeOpened(
  door: Door,
  find: () => OpenFile,
  bytes: Uint8Array,
  flush: boolean,
  signal?: AbortSignal,
): Task<void> {
  if (signal?.aborted) throw abortError(signal.reason)
  const file = find()
  yield* writeBytes(file, bytes, undefined)
  if (flush) yield* call({ syscall: 'fsync' }, 'fsync', file.handle)
}

/** Runs `task`, then closes, whatever came of it; both failures when both fail. */
function* thenClose<T>(door: Door, file: OpenFile, task: Task<T>): Task<T> {
  let result: T
  try {
    result = yield* task
  } catch (error) {
    try {
      yield* closeFile(door, file)
    } catch (closeError) {
      throw bothErrors(error, closeError)
    }
    throw error
  }
  yield* closeFile(door, file)
  return result
}

export function signalOf(options: Options): AbortSignal | undefined {
  return options['signal'] as AbortSignal | undefined
}

function* aborted(signal: AbortSignal): Task<never> {
  throw abortError(signal.reason)
}

function tooLarge(size: number): Error {
  return nodeError(RangeError, 'ERR_FS_FILE_TOO_LARGE', `File size (${size}) is greater than 2 GiB`)
}

function checkBufferOption({ buffer }: Options): void {
  if (buffer === undefined || typeof buffer === 'function' || isView(buffer)) return
  throw invalidArgType('options.buffer', 'of type function or an instance of Buffer, TypedArray, or DataView', buffer)
}

/** The buffer the caller wants filled, if any; it must hold the whole file. */
function ownBuffer({ buffer }: Options, size: number): Buffer | undefined {
  if (buffer === undefined) return undefined
  const made = typeof buffer === 'function' ? (buffer as (size: number) => unknown)(size) : buffer
  if (!isView(made)) throw invalidArgType('options.buffer()', 'an instance of Buffer, TypedArray, or DataView', made)
  const { byteLength } = made
  const name = typeof buffer === 'function' ? 'options.buffer().byteLength' : 'options.buffer.byteLength'
  if (size > byteLength) throw invalidArgValue(name, byteLength, `is smaller than the file size of ${size} bytes`)
  const bytes = bytesOfView(made)
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, byteLength)
}
