// Options as callers give them: a string is an encoding, an object is read once into plain scalars and never changed.

import { Buffer } from 'node:buffer'
import { constants } from 'node:fs'
import { types } from 'node:util'
import { invalidArgType, invalidArgValue } from './node-error.ts'
import type { NameEncoding } from './path.ts'
import { checkInt32, checkSignal } from './values.ts'

export type Options = Readonly<Record<string, unknown>>

const noOptions: Options = Object.freeze({})

/** The options argument of most calls: nothing, an encoding, or an object; encoding and signal are checked. */
export function readOptions(value: unknown, name = 'options'): Options {
  if (value === null || value === undefined || typeof value === 'function') return noOptions
  if (typeof value === 'string') {
    if (value !== 'buffer') checkEncoding(value)
    return { encoding: value }
  }
  if (typeof value !== 'object') throw invalidArgType(name, 'one of type string or object', value)
  const options = value as Options
  if (options['encoding'] !== 'buffer') checkEncoding(options['encoding'])
  checkSignal(options['signal'], 'options.signal')
  return options
}

/** Options of the stat family: anything that is no object counts as none. */
export function looseOptions(value: unknown): Options {
  return typeof value === 'object' && value !== null ? (value as Options) : noOptions
}

export function nameEncoding(options: Options): NameEncoding {
  return (options['encoding'] || undefined) as NameEncoding
}

export function checkEncoding(value: unknown): void {
  if (value && !(typeof value === 'string' && Buffer.isEncoding(value)))
    throw invalidArgValue('encoding', value, 'is invalid encoding')
}

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } = constants

const flagWords: Readonly<Record<string, number>> = Object.freeze({
  __proto__: null,
  r: O_RDONLY,
  rs: O_RDONLY | O_SYNC,
  'r+': O_RDWR,
  'rs+': O_RDWR | O_SYNC,
  w: O_TRUNC | O_CREAT | O_WRONLY,
  wx: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
  'w+': O_TRUNC | O_CREAT | O_RDWR,
  'wx+': O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
  a: O_APPEND | O_CREAT | O_WRONLY,
  ax: O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
  as: O_APPEND | O_CREAT | O_WRONLY | O_SYNC,
  'a+': O_APPEND | O_CREAT | O_RDWR,
  'ax+': O_APPEND | O_CREAT | O_RDWR | O_EXCL,
  'as+': O_APPEND | O_CREAT | O_RDWR | O_SYNC,
}) as unknown as Readonly<Record<string, number>>

/** Open flags as a word ('w+', also 'xw+' for 'wx+'), a number, or nothing (read). */
export function checkFlags(value: unknown, name = 'flags'): number {
  if (typeof value === 'number') return checkInt32(value, name) + 0
  if (value === null || value === undefined) return O_RDONLY
  if (typeof value === 'string') {
    const flags = flagWords[value] ?? flagWords[value.replace(/^([sx])([rwa])/, '$2$1')]
    if (flags !== undefined) return flags
  }
  throw invalidArgValue('flags', value)
}

/** A file time: nanoseconds since the epoch from seconds (number or numeric string) or a Date. */
export function checkTime(value: unknown, name = 'time'): bigint {
  if (types.isDate(value)) {
    const ms = value.getTime()
    if (Number.isNaN(ms)) return 0n
    return BigInt(ms) * 1_000_000n
  }
  // Node accepts a string that is loosely equal to its own number.
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof value === 'string' && !Number.isNaN(seconds)) return secondsToNs(seconds as number)
  if (typeof seconds !== 'number' || !Number.isFinite(seconds))
    throw invalidArgType(name, 'an instance of Date or an Time in seconds', value)
  return seconds < 0 ? BigInt(Date.now()) * 1_000_000n : secondsToNs(seconds)
}

/** As libuv splits a double: whole seconds, then the rest cut to nanoseconds. */
function secondsToNs(seconds: number): bigint {
  if (!Number.isFinite(seconds)) return BigInt(Date.now()) * 1_000_000n
  const whole = Math.trunc(seconds)
  return BigInt(whole) * 1_000_000_000n + BigInt(Math.trunc((seconds - whole) * 1e9))
}
