// FileHandle: what promises.open gives. Built over Node's own class; every method that would reach Node's binding is
// ours. Closing waits for operations in flight, as Node's reference count does.

import type { FileHandle } from 'node:fs/promises'
import { likeNode } from '../define.ts'
import type { AnyFn } from '../define.ts'
import type { Door } from '../door.ts'
import type { OpenFile } from '../fd-table.ts'
import { closeFile } from '../file-io.ts'
import * as data from '../operations/data.ts'
import * as descriptors from '../operations/descriptors.ts'
import { readOpened } from '../operations/whole-file.ts'
import type { Task } from '../task.ts'
import { nodeError } from '../validate/node-error.ts'
import { readOptions } from '../validate/options.ts'
import type { HandleBase, HandleBaseClass, RawHandle } from './handle-base.ts'
import { readableWebStream } from './web-stream.ts'
import { writeHandle } from './write-contents.ts'

type Args = readonly unknown[]

export interface HandleClass {
  new (door: Door, file: OpenFile): FileHandle
}

/** Subclass of `Base` whose methods are those of HandleOperations, named and counted as Node's. */
export function fileHandleClass(Base: HandleBaseClass): HandleClass {
  const operationsOf = new WeakMap<object, HandleOperations>()
  class BucketFileHandle extends Base {
    constructor(door: Door, file: OpenFile) {
      const work = new HandleWork(door, file)
      super(work.raw)
      operationsOf.set(this, new HandleOperations(door, work, this as unknown as FileHandle & HandleBase))
    }
  }
  Object.defineProperty(BucketFileHandle, 'name', { value: 'FileHandle' })
  for (const name of methodNames) {
    const method = function (this: object, ...args: unknown[]): unknown {
      const operations = operationsOf.get(this)
      if (operations === undefined)
        throw nodeError(TypeError, 'ERR_INVALID_THIS', 'Value of "this" must be of type FileHandle')
      return (operations[name] as AnyFn)(...args)
    }
    const value = likeNode(method as AnyFn, name, Base.prototype)
    Object.defineProperty(BucketFileHandle.prototype, name, { value, configurable: true, writable: true })
  }
  return BucketFileHandle as unknown as HandleClass
}

const methodNames = [
  'appendFile',
  'chmod',
  'chown',
  'datasync',
  'read',
  'readFile',
  'readableWebStream',
  'readv',
  'stat',
  'sync',
  'truncate',
  'utimes',
  'write',
  'writeFile',
  'writev',
] as const satisfies readonly (keyof HandleOperations)[]

/** What one FileHandle can do. */
class HandleOperations {
  readonly #door: Door
  readonly #work: HandleWork
  readonly #handle: FileHandle & HandleBase
  #locked = false

  constructor(door: Door, work: HandleWork, handle: FileHandle & HandleBase) {
    this.#door = door
    this.#work = work
    this.#handle = handle
  }

  appendFile(...[contents, options]: Args): Promise<void> {
    return this.#run('writeFile', () => writeHandle(this.#door, this.#work.file, contents, options))
  }

  writeFile(...[contents, options]: Args): Promise<void> {
    return this.#run('writeFile', () => writeHandle(this.#door, this.#work.file, contents, options))
  }

  readFile(options?: unknown): Promise<unknown> {
    return this.#task('readFile', () => readOpened(this.#door, () => this.#work.file, readOptions(options)))
  }

  chmod(mode: unknown): Promise<unknown> {
    return this.#task('fchmod', () => descriptors.fchmod(this.#door, [this.#handle.fd, mode]))
  }

  chown(uid: unknown, gid: unknown): Promise<unknown> {
    return this.#task('fchown', () => descriptors.fchown(this.#door, [this.#handle.fd, uid, gid]))
  }

  datasync(): Promise<unknown> {
    return this.#task('fdatasync', () => descriptors.fdatasync(this.#door, [this.#handle.fd]))
  }

  sync(): Promise<unknown> {
    return this.#task('fsync', () => descriptors.fsync(this.#door, [this.#handle.fd]))
  }

  stat(options?: unknown): Promise<unknown> {
    return this.#task('fstat', () => descriptors.fstat(this.#door, [this.#handle.fd, options]))
  }

  truncate(length: unknown = 0): Promise<unknown> {
    return this.#task('ftruncate', () => descriptors.ftruncate(this.#door, [this.#handle.fd, length], 'promise'))
  }

  utimes(atime: unknown, mtime: unknown): Promise<unknown> {
    return this.#task('futimes', () => descriptors.futimes(this.#door, [this.#handle.fd, atime, mtime]))
  }

  read(...args: Args): Promise<unknown> {
    return this.#run('read', async () => {
      const request = data.parseRead(args, 'promise')
      const bytesRead = await this.#door.runAsync(data.runRead(this.#door, this.#handle.fd, request))
      return bare({ bytesRead, buffer: request.view })
    })
  }

  write(...args: Args): Promise<unknown> {
    return this.#run('write', async () => {
      const [source] = args
      if ((source as Uint8Array | undefined)?.byteLength === 0) return bare({ bytesWritten: 0, buffer: source })
      const request = data.parseWrite(args)
      const bytesWritten = await this.#door.runAsync(data.runWrite(this.#door, this.#handle.fd, request))
      return bare({ bytesWritten, buffer: request.source })
    })
  }

  readv(views: unknown, position?: unknown): Promise<unknown> {
    return this.#run('readv', async () => {
      const bytesRead = await this.#door.runAsync(data.readv(this.#door, [this.#handle.fd, views, position]))
      return bare({ bytesRead, buffers: views })
    })
  }

  writev(views: unknown, position?: unknown): Promise<unknown> {
    return this.#run('writev', async () => {
      const bytesWritten = await this.#door.runAsync(data.writev(this.#door, [this.#handle.fd, views, position]))
      return bare({ bytesWritten, buffers: views })
    })
  }

  readableWebStream(options: unknown = {}): ReadableStream {
    if (this.#handle.fd === -1) throw invalidState('The FileHandle is closed')
    if (this.#locked) throw invalidState('The FileHandle is locked')
    this.#locked = true
    return readableWebStream(this.#handle, options)
  }

  #task(name: string, task: () => Task<unknown>): Promise<unknown> {
    return this.#run(name, () => this.#door.runAsync(task()))
  }

  async #run<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.#handle.fd === -1) throw closedError(name)
    return this.#work.during(work)
  }
}

/** Counts what is in flight on one handle, so that close comes last. */
class HandleWork {
  readonly file: OpenFile
  readonly raw: RawHandle
  readonly #door: Door
  #active = 0
  #idle: (() => void) | undefined

  constructor(door: Door, file: OpenFile) {
    this.file = file
    this.#door = door
    this.raw = {
      fd: file.fd,
      getAsyncId: () => -1,
      close: () => this.#close(),
      closeSync: () => door.runSync(closeFile(door, file)),
    }
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#active++
    try {
      return await work()
    } finally {
      if (--this.#active === 0) this.#idle?.()
    }
  }

  async #close(): Promise<void> {
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    await this.#door.runAsync(closeFile(this.#door, this.file))
  }
}

/** Results of FileHandle have no prototype in Node. */
function bare<T extends object>(result: T): T {
  return Object.setPrototypeOf(result, null) as T
}

function closedError(syscall: string): Error {
  return Object.assign(new Error('file closed'), { code: 'EBADF', syscall })
}

function invalidState(message: string): Error {
  return nodeError(Error, 'ERR_INVALID_STATE', `Invalid state: ${message}`)
}
