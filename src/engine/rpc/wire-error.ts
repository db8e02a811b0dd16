// Errors between threads: plain data out of the engine, a real error with the caller's own stack on the other side.
// Structured clone would lose the class, the code and the cause's fields; and the engine's stack says nothing to a caller.

import { StoreError, VolumeError } from '../../base/errors.ts'
import type { ErrnoCode, StoreErrorKind } from '../../base/errors.ts'

/** Causes of causes carried along; deeper ones say nothing new. */
const causeDepthMax = 4

export interface WireError {
  readonly name: string
  readonly message: string
  readonly code?: string | number | undefined
  readonly conflictPath?: string | undefined
  readonly store?:
    | {
        readonly kind: StoreErrorKind
        readonly operation: string
        readonly key?: string | undefined
        readonly status?: number | undefined
      }
    | undefined
  /** Where in the engine it was raised; kept for errors that are nobody's answer (assertions, type errors). */
  readonly stack?: string | undefined
  readonly cause?: WireError | undefined
}

export function toWireError(error: unknown, depth = 0): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { code, conflictPath } = error as { code?: unknown; conflictPath?: unknown }
  const expected = error instanceof VolumeError || error instanceof StoreError || error.name === 'AbortError'
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof conflictPath === 'string' ? { conflictPath } : {}),
    ...(error instanceof StoreError
      ? { store: { kind: error.kind, operation: error.operation, key: error.key, status: error.status } }
      : {}),
    ...(expected ? {} : { stack: error.stack }),
    ...(error.cause !== undefined && depth < causeDepthMax ? { cause: toWireError(error.cause, depth + 1) } : {}),
  }
}

/** The error as the calling thread throws it; its stack is of here and now. */
export function fromWireError(wire: WireError): Error {
  const cause = wire.cause && fromWireError(wire.cause)
  if (wire.name === 'VolumeError') {
    const code = wire.code as ErrnoCode
    const message = wire.message.startsWith(`${code}: `) ? wire.message.slice(code.length + 2) : undefined
    return new VolumeError(code, { message, cause, conflictPath: wire.conflictPath })
  }
  if (wire.store)
    return Object.assign(new StoreError({ ...wire.store, code: wire.code as string, cause }), { message: wire.message })
  const options = cause && { cause }
  const error = new (plainErrors.get(wire.name) ?? Error)(wire.message, options)
  if (error.name !== wire.name)
    Object.defineProperty(error, 'name', { value: wire.name, configurable: true, writable: true })
  if (wire.code !== undefined) Object.assign(error, { code: wire.code })
  if (wire.stack && !cause)
    Object.defineProperty(error, 'cause', { value: engineStack(wire), configurable: true, writable: true })
  return error
}

const plainErrors: ReadonlyMap<string, new (message: string, options?: ErrorOptions) => Error> = new Map([
  ['TypeError', TypeError],
  ['RangeError', RangeError],
  ['SyntaxError', SyntaxError],
])

function engineStack(wire: WireError): Error {
  const error = new Error('raised in the engine')
  error.stack = wire.stack as string
  return error
}
