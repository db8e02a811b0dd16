// From one Operation to Node's three forms: `xSync`, `x(..., callback)`, `promises.x`. Each gets the name and length of
// Node's own function, works detached from its object, and never calls back before it returns.

import nodeFs from 'node:fs'
import type { Door, Operation } from './door.ts'
import { invalidArgType } from './validate/node-error.ts'
import { checkFunction } from './validate/values.ts'
import type { Task } from './task.ts'

export type AnyFn = (...args: unknown[]) => unknown
export type Callback = (error: unknown, ...results: unknown[]) => void

export interface Definition {
  readonly name: string
  readonly operation: Operation
  /** Arguments before the callback that must be there: the callback is the first function after them. */
  readonly required: number
  /** All arguments, callback included: where a missing callback is looked for. */
  readonly arity: number
  /** A missing callback is reported as the options that stand in its place, as `callback || options` does. */
  readonly optionsBlamed?: boolean
  /** The callback gets a second argument even when there is no result, as those made by callbackify do. */
  readonly alwaysResult?: boolean
  /** What the callback gets after null and the result, and on failure after the error and 0. */
  readonly extras?: (args: readonly unknown[]) => readonly unknown[]
}

export function syncForm(door: Door, { name, operation }: Definition): AnyFn {
  const run = (...args: unknown[]): unknown => door.runSync(operation(door, args, 'sync'))
  return likeNode(run, `${name}Sync`)
}

export function promiseForm(door: Door, { name, operation }: Definition): AnyFn {
  const run = async (...args: unknown[]): Promise<unknown> => door.runAsync(operation(door, args, 'promise'))
  return likeNode(run, name, nodeFs.promises)
}

export function callbackForm(door: Door, definition: Definition): AnyFn {
  const { name, operation, extras, alwaysResult } = definition
  const run = (...args: unknown[]): void => {
    const { callback, rest } = splitCallback(args, definition)
    complete(door, operation(door, rest, 'callback'), callback, alwaysResult ? [] : extras?.(rest))
  }
  return likeNode(run, name)
}

/** Runs a task and calls back on a later turn; what the callback throws is an uncaught exception, as in Node. */
export function complete(door: Door, task: Task<unknown>, callback: Callback, extras?: readonly unknown[]): void {
  door.runAsync(task).then(
    (result) => {
      if (extras) process.nextTick(callback, null, result, ...extras)
      else if (result === undefined) process.nextTick(callback, null)
      else process.nextTick(callback, null, result)
    },
    (error: unknown) => {
      if (extras?.length) process.nextTick(callback, error, 0, ...extras)
      else process.nextTick(callback, error)
    },
  )
}

/** Gives a function the name and `length` of Node's own, where this Node has one. */
export function likeNode<F extends AnyFn>(run: F, name: string, owner: object = nodeFs): F {
  const model = (owner as Readonly<Record<string, unknown>>)[name]
  Object.defineProperty(run, 'name', { value: name, configurable: true })
  if (typeof model === 'function') Object.defineProperty(run, 'length', { value: model.length, configurable: true })
  return run
}

function splitCallback(args: unknown[], definition: Definition): { callback: Callback; rest: unknown[] } {
  const { required, arity, optionsBlamed } = definition
  for (let index = required; index < args.length && index < arity; index++)
    if (typeof args[index] === 'function') return { callback: args[index] as Callback, rest: args.slice(0, index) }
  const last = args[arity - 1]
  const shown = optionsBlamed ? last || args[arity - 2] : last
  if (typeof shown === 'function') throw invalidArgType('cb', 'of type function', undefined)
  return { callback: checkFunction(shown, 'cb') as Callback, rest: args }
}
