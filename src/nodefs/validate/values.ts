// Checks of single values, each failing as Node's validator of the same name does.

import { invalidArgType, invalidArgValue, nodeError, outOfRange } from './node-error.ts'

const int32Min = -(2 ** 31)
const int32Max = 2 ** 31 - 1
const uint32Max = 2 ** 32 - 1

export type AnyFunction = (...args: never[]) => unknown

export function checkInteger(
  value: unknown,
  name: string,
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value)
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value)
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value)
  return value
}

export function checkInt32(value: unknown, name: string, min: number = int32Min, max: number = int32Max): number {
  return checkInteger(value, name, min, max)
}

export function checkUint32(value: unknown, name: string, positive = false): number {
  return checkInteger(value, name, positive ? 1 : 0, uint32Max)
}

export function checkBoolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw invalidArgType(name, 'of type boolean', value)
  return value
}

export function checkString(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value)
  return value
}

export function checkFunction(value: unknown, name: string): AnyFunction {
  if (typeof value !== 'function') throw invalidArgType(name, 'of type function', value)
  return value as AnyFunction
}

/** A plain options object; arrays and, unless `nullable`, null are refused. */
export function checkObject(value: unknown, name: string, nullable = false): Record<string, unknown> {
  if ((value === null && nullable) || (typeof value === 'object' && value !== null && !Array.isArray(value)))
    return (value ?? {}) as Record<string, unknown>
  throw invalidArgType(name, 'of type object', value)
}

export function checkOneOf(value: unknown, name: string, allowed: readonly unknown[]): void {
  if (allowed.includes(value)) return
  const shown = allowed.map((one) => (typeof one === 'string' ? `'${one}'` : String(one))).join(', ')
  throw invalidArgValue(name, value, `must be one of: ${shown}`)
}

export function checkSignal(value: unknown, name: string): AbortSignal | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null || !('aborted' in value))
    throw invalidArgType(name, 'an instance of AbortSignal', value)
  return value as AbortSignal
}

/** A file descriptor number; -0 is 0, as in Node. */
export function checkFd(value: unknown, name = 'fd'): number {
  return Object.is(value, -0) ? 0 : checkInt32(value, name, 0)
}

/** uid or gid; -1 leaves it as it is. */
export function checkOwner(value: unknown, name: string): number {
  return checkInteger(value, name, -1, uint32Max)
}

/** A file mode as a number or octal string. */
export function checkMode(value: unknown, name: string, fallback?: number): number {
  let mode = value ?? fallback
  if (typeof mode === 'string') {
    if (!/^[0-7]+$/.test(mode))
      throw invalidArgValue(name, mode, 'must be a 32-bit unsigned integer or an octal string')
    mode = Number.parseInt(mode, 8)
  }
  return checkUint32(mode, name)
}

/** The mode of access and copyFile, which Node checks outside JavaScript, with other words: three bits. */
export function checkKernelMode(value: unknown): number {
  if (value === undefined || value === null) return 0
  if (typeof value !== 'number')
    throw nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', 'mode must be int32 or null/undefined')
  const mode = Math.trunc(value)
  if (!(mode >= 0 && mode <= 7)) throw nodeError(RangeError, 'ERR_OUT_OF_RANGE', 'mode is out of range: >= 0 && <= 7')
  return mode
}
