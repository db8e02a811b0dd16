// An object shaped like node:fs over one volume. Read this first: it is the table of contents of the tier.
//
// - `operations/` says what each call does: parse the arguments (throwing Node's errors), then a Task of volume calls.
// - `task.ts` runs a Task blocking or asynchronously; `define.ts` makes xSync, x(callback) and promises.x from it.
// - `hot.ts` answers stat, exists, access and readFile from the shared cache without a call.
// - `validate/` is Node's argument checking, `errors.ts` its error shapes, `results/` its Stats and Dirent.
// - `fd-table.ts` and `file-io.ts` are descriptors and positions; `promises/` FileHandle; `streams/` Node's streams.
// - `directory/`, `watch/`, `cp/`, `glob/` are the larger calls, each with its own first file.
//
// Every function is an own property, bound to nothing, so that `const { readFile } = fs` and `{ ...fs }` work.

import nodeFs from 'node:fs'
import { promisify } from 'node:util'
import type { EngineClient } from '../engine/engine-client.ts'
import { callbackForm, likeNode, syncForm } from './define.ts'
import type { AnyFn, Callback, Definition } from './define.ts'
import { dataCalls } from './data-callbacks.ts'
import { Dir } from './directory/dir.ts'
import { Door } from './door.ts'
import type { FsOptions } from './door.ts'
import { globDefinition, globIterator } from './glob/glob-calls.ts'
import { hotCalls } from './hot.ts'
import { access } from './operations/attributes.ts'
import { openAsBlob } from './operations/blob.ts'
import { mkdtempDisposable, mkdtempDisposableSync } from './operations/temporary.ts'
import { promiseCalls } from './promises/promise-calls.ts'
import { streamCalls } from './streams/streams.ts'
import { utf8StreamClass } from './streams/utf8-stream.ts'
import { descriptorOperations, pathOperations, realpathDefinition, realpathNativeDefinition } from './surface.ts'
import { watch } from './watch/fs-watcher.ts'
import { fileWatches } from './watch/stat-watcher.ts'
import { watchIterator } from './watch/watch-iterator.ts'
import { checkFunction } from './validate/values.ts'

export type { FsOptions }

export type NodeFs = typeof import('node:fs')

/** `node:fs` over the volume of `client`: callbacks, promises, sync, streams, watch, FileHandle, Dir. */
export function createFs(client: EngineClient, options: FsOptions = {}): NodeFs {
  const door = new Door(client, options)
  const fs: Record<string, unknown> = {}
  for (const definition of [...pathOperations, ...descriptorOperations]) addForms(fs, door, definition)
  addRealpath(fs, door)
  addClose(fs)
  Object.assign(fs, dataCalls(door), hotCalls(door))
  fs['exists'] = existsForm(door)
  const streams = streamCalls(fs as never)
  Object.assign(fs, streams, { FileReadStream: streams.ReadStream, FileWriteStream: streams.WriteStream })
  const promises = promiseCalls(door, streams)
  const Utf8Stream = utf8StreamClass(fs)
  if (Utf8Stream) fs['Utf8Stream'] = Utf8Stream
  addForms(fs, door, globDefinition)
  addWatches(fs, door)
  addOddOnes(fs, promises, door)
  addConstants(fs)
  fs['Dir'] = Dir
  fs['promises'] = promises
  return fs as unknown as NodeFs
}

function addForms(fs: Record<string, unknown>, door: Door, definition: Definition): void {
  fs[definition.name] = callbackForm(door, definition)
  fs[`${definition.name}Sync`] = syncForm(door, definition)
}

/** realpath and realpathSync carry the native form as a property. */
function addRealpath(fs: Record<string, unknown>, door: Door): void {
  addForms(fs, door, realpathDefinition)
  Object.assign(fs['realpath'] as AnyFn, { native: callbackForm(door, realpathNativeDefinition) })
  Object.assign(fs['realpathSync'] as AnyFn, { native: syncForm(door, realpathNativeDefinition) })
}

/** close alone may go without a callback; its failure is then thrown as an uncaught exception. */
function addClose(fs: Record<string, unknown>): void {
  const close = fs['close'] as AnyFn
  const rethrow: Callback = (error) => {
    if (error) throw error as Error
  }
  fs['close'] = likeNode((fd, callback = rethrow) => close(fd, callback), 'close')
}

/** Never fails, and gives one argument; promisify gives a promise of it. */
function existsForm(door: Door): AnyFn {
  const exists = (path: unknown, callback: unknown): void => {
    const answer = checkFunction(callback, 'cb') as (exists: boolean) => void
    const work = async (): Promise<void> => door.runAsync(access(door, [path, 0]))
    work().then(
      () => process.nextTick(answer, true),
      () => process.nextTick(answer, false),
    )
  }
  const promised = (path: unknown): Promise<boolean> => new Promise((resolve) => exists(path, resolve))
  Object.defineProperty(exists, promisify.custom, { value: promised, configurable: true })
  return likeNode(exists as AnyFn, 'exists')
}

function addWatches(fs: Record<string, unknown>, door: Door): void {
  const watches = fileWatches(door)
  fs['watch'] = likeNode((filename, options, listener) => watch(door, filename, options, listener), 'watch')
  fs['watchFile'] = likeNode((name, options, listener) => watches.watchFile(name, options, listener), 'watchFile')
  fs['unwatchFile'] = likeNode((name, listener) => watches.unwatchFile(name, listener), 'unwatchFile')
}

/** Calls whose forms follow no pattern. */
function addOddOnes(fs: Record<string, unknown>, promises: Record<string, unknown>, door: Door): void {
  fs['openAsBlob'] = likeNode((path, options) => openAsBlob(door, path, options), 'openAsBlob')
  fs['mkdtempDisposableSync'] = likeNode((...args) => mkdtempDisposableSync(door, args), 'mkdtempDisposableSync')
  const owner = nodeFs.promises
  promises['mkdtempDisposable'] = likeNode((...args) => mkdtempDisposable(door, args), 'mkdtempDisposable', owner)
  promises['glob'] = likeNode((pattern, options) => globIterator(door, pattern, options), 'glob', owner)
  promises['watch'] = likeNode((filename, options) => watchIterator(door, filename, options), 'watch', owner)
}

/** What Node exports beside calls: constants, its result classes, and helpers without I/O. */
function addConstants(fs: Record<string, unknown>): void {
  const real = nodeFs as unknown as Readonly<Record<string, unknown>>
  const { F_OK, R_OK, W_OK, X_OK } = nodeFs.constants
  Object.assign(fs, { constants: nodeFs.constants, F_OK, R_OK, W_OK, X_OK, Stats: nodeFs.Stats, Dirent: nodeFs.Dirent })
  for (const name of ['lchmod', 'lchmodSync', '_toUnixTimestamp']) if (name in real) fs[name] = real[name]
}
