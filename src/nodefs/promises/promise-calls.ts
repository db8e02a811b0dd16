// fs.promises: own, enumerable functions that work detached. Most come from the table of operations; open, readFile,
// writeFile and appendFile deal in FileHandles.
//
// The folder: `file-handle.ts` is the handle, `handle-base.ts` the class of Node it extends (tried before it is trusted,
// since its constructor is not documented), `write-contents.ts` and `web-stream.ts` the contents promises alone take and give.

import nodeFs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { Door } from '../door.ts'
import { likeNode, promiseForm } from '../define.ts'
import type { AnyFn } from '../define.ts'
import { modeDefault, openFile } from '../operations/descriptors.ts'
import { readFile } from '../operations/whole-file.ts'
import type { StreamCalls } from '../streams/streams.ts'
import { pathOperations, realpathNativeDefinition } from '../surface.ts'
import { nodeError } from '../validate/node-error.ts'
import { checkFlags } from '../validate/options.ts'
import { checkMode } from '../validate/values.ts'
import { fileHandleClass } from './file-handle.ts'
import type { HandleClass } from './file-handle.ts'
import { nodeHandleClass, plainHandleClass } from './handle-base.ts'
import { writePath } from './write-contents.ts'

export type PromiseCalls = Record<string, unknown>

export function promiseCalls(door: Door, streams: StreamCalls): PromiseCalls {
  const like = (name: string, run: AnyFn): AnyFn => likeNode(run, name, nodeFs.promises)
  const opener = handleOpener(door, streams)
  const calls: PromiseCalls = {}
  for (const definition of pathOperations) calls[definition.name] = promiseForm(door, definition)
  calls['realpath'] = promiseForm(door, realpathNativeDefinition)
  calls['lchmod'] = like('lchmod', async () => {
    throw nodeError(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The lchmod() method is not implemented')
  })
  calls['open'] = like('open', opener.open)
  calls['readFile'] = like('readFile', async (path, options) =>
    opener.owns(path) ? path.readFile(options as never) : door.runAsync(readFile(door, [path, options], 'promise')),
  )
  calls['writeFile'] = like('writeFile', async (path, data, options) =>
    opener.owns(path) ? path.writeFile(data as never, options as never) : writePath(door, path, data, options, 'w'),
  )
  calls['appendFile'] = like('appendFile', async (path, data, options) =>
    opener.owns(path) ? path.appendFile(data as never, options as never) : writePath(door, path, data, options, 'a'),
  )
  calls['constants'] = nodeFs.constants
  return calls
}

interface HandleOpener {
  readonly open: AnyFn
  /** A FileHandle: ours or, by its shape, anybody's. */
  owns(value: unknown): value is FileHandle
}

function handleOpener(door: Door, streams: StreamCalls): HandleOpener {
  let handleClass: Promise<HandleClass> | undefined
  const findClass = (): Promise<HandleClass> =>
    (handleClass ??= nodeHandleClass().then((found) => fileHandleClass(found ?? plainHandleClass(streams))))
  return {
    open: async (path, flags, mode) => {
      const at = door.path(path)
      const bits = checkFlags(flags)
      const permissions = checkMode(mode, 'mode', modeDefault)
      const Handle = await findClass()
      return new Handle(door, await door.runAsync(openFile(door, at, bits, permissions)))
    },
    owns: (value): value is FileHandle =>
      typeof value === 'object' &&
      value !== null &&
      typeof (value as FileHandle).fd === 'number' &&
      'datasync' in value,
  }
}
