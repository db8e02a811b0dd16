// The callback forms of read, write, readv and writev: several shapes of arguments, two results, and the symbol by which
// util.promisify names them.

import nodeFs from 'node:fs'
import type { Door } from './door.ts'
import { complete, likeNode } from './define.ts'
import type { AnyFn, Callback } from './define.ts'
import { parseRead, parseWrite, read, readv, runRead, runWrite, write, writev } from './operations/data.ts'
import { checkFd, checkFunction } from './validate/values.ts'

export interface DataCalls {
  readonly read: AnyFn
  readonly readSync: AnyFn
  readonly readv: AnyFn
  readonly readvSync: AnyFn
  readonly write: AnyFn
  readonly writeSync: AnyFn
  readonly writev: AnyFn
  readonly writevSync: AnyFn
}

export function dataCalls(door: Door): DataCalls {
  return {
    read: promisifiable('read', readForm(door)),
    readSync: likeNode((...args) => door.runSync(read(door, args)), 'readSync'),
    readv: promisifiable('readv', viewsForm(door, readv)),
    readvSync: likeNode((...args) => door.runSync(readv(door, args)), 'readvSync'),
    write: promisifiable('write', writeForm(door)),
    writeSync: likeNode((...args) => door.runSync(write(door, args)), 'writeSync'),
    writev: promisifiable('writev', viewsForm(door, writev)),
    writevSync: likeNode((...args) => door.runSync(writev(door, args)), 'writevSync'),
  }
}

function readForm(door: Door): AnyFn {
  return (fd, ...args) => {
    const number = checkFd(fd)
    const { callback, rest } = split(args)
    const request = parseRead(rest, 'callback')
    complete(door, runRead(door, number, request), checkCallback(callback), [request.view])
  }
}

function writeForm(door: Door): AnyFn {
  return (fd, ...args) => {
    const number = checkFd(fd)
    const { callback, rest } = split(args)
    const request = parseWrite(rest)
    complete(door, runWrite(door, number, request), checkCallback(callback), [request.source])
  }
}

function viewsForm(door: Door, operation: typeof readv): AnyFn {
  return (fd, ...args) => {
    const { callback, rest } = split(args)
    const task = operation(door, [fd, ...rest])
    complete(door, task, checkCallback(callback), [rest[0]])
  }
}

/** The callback is the last function; what stands before it are the arguments. */
function split(args: readonly unknown[]): { callback: unknown; rest: readonly unknown[] } {
  const index = args.findIndex((arg) => typeof arg === 'function')
  return index < 0 ? { callback: undefined, rest: args } : { callback: args[index], rest: args.slice(0, index) }
}

function checkCallback(value: unknown): Callback {
  return checkFunction(value, 'cb') as Callback
}

/** Node marks these with an internal symbol that makes util.promisify give both results by name. */
function promisifiable(name: 'read' | 'readv' | 'write' | 'writev', run: AnyFn): AnyFn {
  const model = nodeFs[name] as unknown as Record<symbol, unknown>
  for (const symbol of Object.getOwnPropertySymbols(model))
    Object.defineProperty(run, symbol, { value: model[symbol], configurable: true })
  return likeNode(run, name)
}
