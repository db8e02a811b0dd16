// read, write, readv, writev: the many ways Node lets one say which bytes and where.

import { Buffer } from 'node:buffer'
import type { Door, Form } from '../door.ts'
import { readInto, readViews, writeBytes, writeViews } from '../file-io.ts'
import type { Task } from '../task.ts'
import * as buffers from '../validate/buffers.ts'
import type { View } from '../validate/buffers.ts'
import { checkFd, checkInteger, checkObject } from '../validate/values.ts'

type Args = readonly unknown[]

/** Size of the buffer Node makes when none is given. */
const readBytesDefault = 16_384

interface Window {
  readonly offset?: unknown
  readonly length?: unknown
  readonly position?: unknown
}

/** A checked read: where to put how many bytes from where. */
export interface ReadRequest {
  readonly view: View
  readonly offset: number
  readonly length: number
  readonly position: number | undefined
}

/** A checked write. `source` is what the caller gave, to be handed back. */
export interface WriteRequest {
  readonly source: unknown
  readonly bytes: Uint8Array
  readonly position: number | undefined
}

/**
 * `(buffer, offset, length, position)`, `(buffer, options)`, `(options)` or nothing, as each form takes them. fs.read and
 * readSync cut the length to an int32, and a missing one is 0 once offset is spelled out; FileHandle.read fills the buffer.
 */
export function parseRead(args: Args, form: Form): ReadRequest {
  const loose = form !== 'promise'
  let [buffer] = args
  let window: Window
  let spelled = false
  if (form !== 'sync' && !buffers.isView(buffer)) {
    const options = buffer === undefined && args.length === 0 ? {} : optionsOf(buffer, loose)
    buffer = options['buffer'] === undefined ? Buffer.alloc(readBytesDefault) : options['buffer']
    window = options
  } else if (isSpelled(args, form)) {
    spelled = true
    window = { offset: args[1], length: args[2], position: args[3] }
  } else window = args.length < 2 ? {} : optionsOf(args[1], form === 'callback')
  const view = buffers.checkView(buffer)
  const offset = window.offset === undefined || window.offset === null ? 0 : checkInteger(window.offset, 'offset', 0)
  const rest = view.byteLength - offset
  const asked = loose ? (window.length ?? (spelled ? 0 : rest)) : (window.length ?? rest)
  const length = loose ? Number(asked) | 0 : (asked as number)
  const position = buffers.checkReadPosition(window.position, length)
  if (length !== 0) buffers.checkReadWindow(view, offset, length)
  return { view, offset, length, position }
}

/** `(buffer, offset, length, position)`, `(buffer, options)` or `(string, position, encoding)`. */
export function parseWrite(args: Args): WriteRequest {
  const [source, second, third, fourth] = args
  if (!buffers.isView(source)) {
    const text = buffers.checkText(source, 'buffer')
    const encoding = buffers.checkTextEncoding(text, third)
    return { source, bytes: Buffer.from(text, encoding), position: buffers.writePosition(second) }
  }
  const window: Window = isWindow(second) ? (second ?? {}) : { offset: second, length: third, position: fourth }
  const offset = window.offset === undefined || window.offset === null ? 0 : checkInteger(window.offset, 'offset', 0)
  const length = typeof window.length === 'number' ? window.length : source.byteLength - offset
  buffers.checkWriteWindow(source, offset, length)
  const bytes = buffers.bytesOfView(source).subarray(offset, offset + length)
  return { source, bytes, position: buffers.writePosition(window.position) }
}

export function* runRead(door: Door, fd: number, request: ReadRequest): Task<number> {
  if (request.length === 0) return 0
  const file = door.files.get(fd, 'read')
  return yield* readInto(file, request.view, request.offset, request.length, request.position)
}

export function* runWrite(door: Door, fd: number, request: WriteRequest): Task<number> {
  return yield* writeBytes(door.files.get(fd, 'write'), request.bytes, request.position)
}

export function read(door: Door, [fd, ...rest]: Args): Task<number> {
  return runRead(door, checkFd(fd), parseRead(rest, 'sync'))
}

export function write(door: Door, [fd, ...rest]: Args): Task<number> {
  return runWrite(door, checkFd(fd), parseWrite(rest))
}

export function readv(door: Door, [fd, views, position]: Args): Task<number> {
  const number = checkFd(fd)
  return runReadViews(door, number, buffers.checkViews(views), buffers.writePosition(position))
}

function* runReadViews(door: Door, fd: number, views: readonly View[], position: number | undefined): Task<number> {
  return yield* readViews(door.files.get(fd, 'read'), views, position)
}

export function writev(door: Door, [fd, views, position]: Args): Task<number> {
  const number = checkFd(fd)
  return runWriteViews(door, number, buffers.checkViews(views), buffers.writePosition(position))
}

function* runWriteViews(door: Door, fd: number, views: readonly View[], position: number | undefined): Task<number> {
  if (views.length === 0) return 0
  return yield* writeViews(door.files.get(fd, 'write'), views, position)
}

/** Whether offset, length and position stand one by one. */
function isSpelled(args: Args, form: Form): boolean {
  const [, second] = args
  if (form === 'callback') return args.length > 2
  if (form === 'sync') return args.length > 2 && typeof second !== 'object'
  return second === null || typeof second !== 'object'
}

function optionsOf(value: unknown, strict: boolean): Record<string, unknown> {
  return value === undefined && !strict ? {} : checkObject(value, 'options', true)
}

function isWindow(value: unknown): value is Window | null {
  return typeof value === 'object'
}
