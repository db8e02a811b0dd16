// Node's own argument errors, rebuilt: same class, `code`, message and printed form.
//
// The folder: arguments as callers give them, checked as Node checks them, and turned into plain values. Messages are
// compared with the running Node, call by call, by test/contract/fs-cases-arguments.ts; where Node 20 and later ones
// differ, `node-version.ts` says which is asked for. Nothing here touches the volume.

import { inspect } from 'node:util'

/** The error classes Node throws for bad arguments. */
type ErrorClass = ErrorConstructor | TypeErrorConstructor | RangeErrorConstructor

export interface CodedError extends Error {
  code: string
}

/** An error as Node's internal `E(code, ...)` makes it: `code` is own and enumerable, the stack shows it in brackets. */
export function nodeError(Class: ErrorClass, code: string, message: string): CodedError {
  const error = new Class(message) as CodedError
  Error.captureStackTrace(error, nodeError)
  const plain = error.name
  Object.defineProperty(error, 'name', { value: `${plain} [${code}]`, configurable: true, writable: true })
  // The stack is rendered on first access and keeps the name it had then.
  void error.stack
  Reflect.deleteProperty(error, 'name')
  Object.defineProperty(error, 'toString', {
    value: () => `${plain} [${code}]: ${error.message}`,
    configurable: true,
    writable: true,
  })
  error.code = code
  return error
}

/** `expected` is the phrase after "must be", such as 'of type string'. */
export function invalidArgType(name: string, expected: string, actual: unknown): CodedError {
  const kind = name.includes('.') ? 'property' : 'argument'
  return nodeError(
    TypeError,
    'ERR_INVALID_ARG_TYPE',
    `The "${name}" ${kind} must be ${expected}. Received ${describe(actual)}`,
  )
}

export function invalidArgValue(name: string, value: unknown, reason = 'is invalid'): CodedError {
  const kind = name.includes('.') ? 'property' : 'argument'
  const shown = inspect(value)
  const cut = shown.length > 128 ? `${shown.slice(0, 128)}...` : shown
  return nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${reason}. Received ${cut}`)
}

/** `range` is the phrase after "It must be", such as '>= 0 && <= 7'. */
export function outOfRange(name: string, range: string, actual: number | bigint): CodedError {
  return nodeError(
    RangeError,
    'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${range}. Received ${showNumber(actual)}`,
  )
}

/** What an aborted operation fails with; `cause` is the signal's reason. */
export function abortError(cause: unknown): Error & { code: string } {
  const error = new Error('The operation was aborted', { cause }) as CodedError
  Object.defineProperty(error, 'name', { value: 'AbortError', configurable: true, writable: true })
  error.code = 'ABORT_ERR'
  return error
}

function showNumber(value: number | bigint): string {
  if (typeof value === 'bigint') {
    const digits = String(value)
    return `${value > 2n ** 32n || value < -(2n ** 32n) ? grouped(digits) : digits}n`
  }
  if (Number.isInteger(value) && Math.abs(value) > 2 ** 32) return grouped(String(value))
  return inspect(value)
}

/** Thousands parted by underscores. */
function grouped(digits: string): string {
  const sign = digits.startsWith('-') ? '-' : ''
  return sign + digits.slice(sign.length).replace(/\B(?=(\d{3})+$)/g, '_')
}

/** The "Received ..." half of ERR_INVALID_ARG_TYPE. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value === 'object') {
    const made = (value as { constructor?: { name?: string } }).constructor
    if (made && 'name' in made) return `an instance of ${made.name}`
    return inspect(value, { depth: -1 })
  }
  if (typeof value === 'string') {
    const cut = value.length > 28 ? `${value.slice(0, 25)}...` : value
    return `type string (${cut.includes("'") ? JSON.stringify(cut) : `'${cut}'`})`
  }
  const shown = inspect(value, { colors: false })
  return `type ${typeof value} (${shown.length > 28 && typeof value !== 'bigint' ? `${shown.slice(0, 25)}...` : shown})`
}
