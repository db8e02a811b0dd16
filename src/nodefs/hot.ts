// The synchronous calls that resolvers, compilers and git make by the hundred thousand: answered from the shared cache
// on this thread when it knows, else through the ordinary task. No allocation on a hit but the result.

import type { Stats } from 'node:fs'
import type { Caller } from '../volume/types.ts'
import type { Door } from './door.ts'
import { likeNode } from './define.ts'
import type { AnyFn } from './define.ts'
import { fsError } from './errors.ts'
import { access, lstat, stat } from './operations/attributes.ts'
import { readdir, shapeEntries } from './operations/readdir.ts'
import { readFile, shapeContents } from './operations/whole-file.ts'
import { makeStats, shapeStats } from './results/stats.ts'
import { readOptions } from './validate/options.ts'
import { isPlainAbsolute } from './validate/path.ts'

interface StatOptions {
  readonly bigint?: unknown
  readonly throwIfNoEntry?: unknown
}

export interface HotCalls {
  readonly statSync: AnyFn
  readonly lstatSync: AnyFn
  readonly existsSync: AnyFn
  readonly accessSync: AnyFn
  readonly readdirSync: AnyFn
  readonly readFileSync: AnyFn
}

export function hotCalls(door: Door): HotCalls {
  return {
    statSync: likeNode(statForm(door, true), 'statSync'),
    lstatSync: likeNode(statForm(door, false), 'lstatSync'),
    existsSync: likeNode(existsForm(door), 'existsSync'),
    accessSync: likeNode(accessForm(door), 'accessSync'),
    readdirSync: likeNode(readdirForm(door), 'readdirSync'),
    readFileSync: likeNode(readFileForm(door), 'readFileSync'),
  }
}

function statForm(door: Door, followLast: boolean): AnyFn {
  const { peek } = door.client
  const who = readerOf(door)
  const operation = followLast ? stat : lstat
  return (path: unknown, options?: unknown): unknown => {
    if (isPlainAbsolute(path)) {
      const known = peek.stat(who(), path, followLast)
      if (typeof known === 'object')
        return options === undefined || options === null
          ? makeStats(known, door.dev)
          : shapeStats(known, door.dev, (options as StatOptions).bigint)
      if (known === 'ENOENT') {
        if ((options as StatOptions | undefined)?.throwIfNoEntry === false) return undefined as unknown as Stats
        throw fsError('ENOENT', { syscall: followLast ? 'stat' : 'lstat', path })
      }
    }
    return door.runSync(operation(door, [path, options]))
  }
}

function existsForm(door: Door): AnyFn {
  const { peek } = door.client
  const who = readerOf(door)
  return (path: unknown): boolean => {
    if (isPlainAbsolute(path)) {
      const known = peek.stat(who(), path, true)
      if (known !== undefined) return known !== 'ENOENT'
    }
    try {
      door.runSync(access(door, [path, 0]))
      return true
    } catch (error) {
      // Node answers false for whatever the path is or the volume says. That there is no volume to ask is no answer.
      if (isAnswer(error)) return false
      throw error
    }
  }
}

/** An error about the path: Node's own about arguments, or one with a syscall. */
function isAnswer(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException
  return syscall !== undefined || (code?.startsWith('ERR_INVALID_') ?? false)
}

function accessForm(door: Door): AnyFn {
  const { peek } = door.client
  const who = readerOf(door)
  return (path: unknown, mode?: unknown): void => {
    if ((mode === undefined || mode === 0) && isPlainAbsolute(path)) {
      const known = peek.stat(who(), path, true)
      if (typeof known === 'object') return
      if (known === 'ENOENT') throw fsError('ENOENT', { syscall: 'access', path })
    }
    door.runSync(access(door, [path, mode]))
  }
}

/** Names or Dirents of a listing that is known here; the rest as usual. */
function readdirForm(door: Door): AnyFn {
  const { peek } = door.client
  const who = readerOf(door)
  return (path: unknown, value?: unknown): unknown => {
    if (isPlainAbsolute(path)) {
      const options = readOptions(value)
      const { recursive } = options
      const entries = recursive === undefined || recursive === false ? peek.readdir(who(), path) : undefined
      if (entries !== undefined) return shapeEntries(entries, path, options)
    }
    return door.runSync(readdir(door, [path, value], 'sync'))
  }
}

function readFileForm(door: Door): AnyFn {
  const { peek } = door.client
  const who = readerOf(door)
  return (path: unknown, value?: unknown): string | Buffer => {
    if (isPlainAbsolute(path)) {
      const options = readOptions(value)
      if (options['flag'] === undefined || options['flag'] === 'r') {
        const bytes = peek.readFile(who(), path)
        if (bytes !== undefined) return shapeContents(bytes, options)
      }
    }
    return door.runSync(readFile(door, [path, value]))
  }
}

/**
 * The caller for questions that need no umask, asked for once a turn of the event loop: reading uid, groups and umask
 * costs more than the whole lookup. A process that changes its identity sees it from its next turn on.
 */
function readerOf(door: Door): () => Caller {
  let caller: Caller | undefined
  const forget = (): void => {
    caller = undefined
  }
  return () => {
    if (caller === undefined) {
      caller = door.client.caller()
      setImmediate(forget).unref()
    }
    return caller
  }
}
