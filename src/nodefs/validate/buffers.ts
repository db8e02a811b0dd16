// Arguments of read and write: buffers, windows into them, file positions and data to be written.

import { Buffer } from 'node:buffer'
import { invalidArgType, invalidArgValue, outOfRange } from './node-error.ts'
import { checksAsNode20 } from './node-version.ts'
import { checkInteger, checkInt32 } from './values.ts'

/** Where node:fs reads into or writes from. */
export type View = NodeJS.ArrayBufferView

const int64Max = 2n ** 63n - 1n

export function isView(value: unknown): value is View {
  return ArrayBuffer.isView(value)
}

export function checkView(value: unknown, name = 'buffer'): View {
  if (!isView(value)) throw invalidArgType(name, 'an instance of Buffer, TypedArray, or DataView', value)
  return value
}

export function checkViews(value: unknown, name = 'buffers'): readonly View[] {
  if (!Array.isArray(value) || !value.every(isView)) throw invalidArgType(name, 'an ArrayBufferView[]', value)
  return value
}

/** The bytes of a view; shares its memory. */
export function bytesOfView(view: View): Uint8Array {
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength)
}

/** A whole file's data as bytes: views as they are, strings encoded. */
export function checkData(value: unknown, name: string, encoding: unknown): Uint8Array {
  if (isView(value)) return bytesOfView(value)
  return Buffer.from(checkText(value, name), (encoding || 'utf8') as BufferEncoding)
}

export function checkText(value: unknown, name: string): string {
  if (typeof value !== 'string')
    throw invalidArgType(name, 'of type string or an instance of Buffer, TypedArray, or DataView', value)
  return value
}

/** A position to read at: undefined for the fd's own. */
export function checkReadPosition(value: unknown, length: number): number | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'number') {
    checkInteger(value, 'position', -1)
    return value < 0 ? undefined : value
  }
  if (typeof value !== 'bigint') throw invalidArgType('position', 'of type bigint or integer', value)
  const min = checksAsNode20 ? -int64Max - 1n : -1n
  const max = checksAsNode20 ? int64Max : int64Max - BigInt(length)
  if (value < min || value > max) throw outOfRange('position', `>= ${min} && <= ${max}`, value)
  return value < 0n ? undefined : Number(value)
}

/** A position to write at: anything but a number is the fd's own; so is a negative one. */
export function writePosition(value: unknown): number | undefined {
  if (typeof value === 'bigint') return value < 0n ? undefined : Number(value)
  return typeof value === 'number' && value >= 0 ? value : undefined
}

export function checkReadWindow(view: View, offset: number, length: number): void {
  if (view.byteLength === 0) throw invalidArgValue('buffer', view, 'is empty and cannot be written')
  if (offset < 0) throw outOfRange('offset', '>= 0', offset)
  if (length < 0) throw outOfRange('length', '>= 0', length)
  if (offset + length > view.byteLength) throw outOfRange('length', `<= ${view.byteLength - offset}`, length)
}

export function checkWriteWindow(view: View, offset: number, length: number): void {
  const { byteLength } = view
  if (offset > byteLength) throw outOfRange('offset', `<= ${byteLength}`, offset)
  if (length > byteLength - offset) throw outOfRange('length', `<= ${byteLength - offset}`, length)
  if (length < 0) throw outOfRange('length', '>= 0', length)
  checkInt32(length, 'length', 0)
}

/** A text with the encoding it is written in; hex must have whole bytes. */
export function checkTextEncoding(text: string, encoding: unknown): BufferEncoding {
  const known = typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8'
  if (known.toLowerCase() === 'hex' && text.length % 2 !== 0)
    throw invalidArgValue('encoding', encoding, `is invalid for data of length ${text.length}`)
  return known
}
