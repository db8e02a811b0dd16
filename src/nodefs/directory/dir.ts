// Dir: what opendir gives, a file of its own because it is the one call with a life after it returns. The listing is
// taken once, at open, so that a directory is never seen half before and half after a change; subdirectories of a
// recursive one are listed as they are passed. Node's queueing rules hold: asynchronous reads come in order, synchronous
// ones refuse to cut in.

import type { Dirent } from 'node:fs'
import type { DirectoryEntry } from '../../volume/types.ts'
import type { Door, Form } from '../door.ts'
import { makeDirent } from '../results/dirent.ts'
import { call } from '../task.ts'
import type { Task } from '../task.ts'
import { nodeError } from '../validate/node-error.ts'
import { checksAsNode20 } from '../validate/node-version.ts'
import { nameEncoding, readOptions } from '../validate/options.ts'
import type { Options } from '../validate/options.ts'
import { encodeName, showName } from '../validate/path.ts'
import type { GivenPath } from '../validate/path.ts'
import { checkFunction, checkUint32 } from '../validate/values.ts'

type Args = readonly unknown[]
type DirCallback = (error: unknown, dirent?: Dirent | null) => void

/** A directory being read: where it is, and how it is shown. */
interface Source {
  readonly path: string
  readonly shown: string | Uint8Array
}

interface Waiting {
  readonly entry: Pick<DirectoryEntry, 'name' | 'type'>
  readonly source: Source
}

export class Dir {
  readonly #door: Door
  readonly #path: string
  readonly #options: Options
  readonly #waiting: Waiting[] = []
  /** Tail of asynchronous work; undefined when none is under way. */
  #working: Promise<unknown> | undefined
  #closed = false

  constructor(door: Door, given: string, options: Options, source: Source, entries: readonly DirectoryEntry[]) {
    this.#door = door
    this.#path = given
    this.#options = options
    for (const entry of entries) this.#waiting.push({ entry, source })
  }

  get path(): string {
    return this.#path
  }

  read(callback?: DirCallback): Promise<Dirent | null> | undefined {
    if (this.#closed && (callback !== undefined || checksAsNode20)) throw closedError()
    if (callback === undefined) return this.#readLater()
    checkFunction(callback, 'callback')
    this.#readLater().then(
      (dirent) => process.nextTick(callback, null, dirent),
      (error: unknown) => process.nextTick(callback, error),
    )
    return undefined
  }

  readSync(): Dirent | null {
    this.#checkSync()
    return this.#door.runSync(this.#next())
  }

  close(callback?: DirCallback): Promise<void> | undefined {
    if (callback === undefined) return this.#closeLater()
    checkFunction(callback, 'callback')
    this.#closeLater().then(
      () => process.nextTick(callback, null),
      (error: unknown) => process.nextTick(callback, error),
    )
    return undefined
  }

  closeSync(): void {
    this.#checkSync()
    this.#closed = true
  }

  async *entries(): AsyncIterableIterator<Dirent> {
    try {
      for (;;) {
        const dirent = await this.#readLater()
        if (dirent === null) break
        yield dirent
      }
    } finally {
      await this.#closeLater()
    }
  }

  async #readLater(): Promise<Dirent | null> {
    if (this.#closed) throw closedError()
    return this.#queue(() => {
      if (this.#closed) throw closedError()
      return this.#door.runAsync(this.#next())
    })
  }

  async #closeLater(): Promise<void> {
    if (this.#closed) throw closedError()
    return this.#queue(async () => {
      this.#closed = true
    })
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#working ?? Promise.resolve()
    const result = before.then(work)
    const settled = result.then(
      () => {},
      () => {},
    )
    this.#working = settled
    void settled.then(() => {
      if (this.#working === settled) this.#working = undefined
    })
    return result
  }

  *#next(): Task<Dirent | null> {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) return null
    const { entry, source } = waiting
    const encoding = nameEncoding(this.#options)
    const dirent = makeDirent(encodeName(entry.name, encoding), entry.type, source.shown as string)
    if (this.#options['recursive'] && entry.type === 'directory') {
      const path = source.path.endsWith('/') ? source.path + entry.name : `${source.path}/${entry.name}`
      const shown = joinShown(source.shown, showName(entry.name))
      const where = { syscall: 'opendir', path: shown }
      const entries = yield* call(where, 'readdir', this.#door.caller(), path)
      for (const inner of entries) this.#waiting.push({ entry: inner, source: { path, shown } })
    }
    return dirent
  }

  #checkSync(): void {
    if (this.#closed) throw closedError()
    if (this.#working !== undefined)
      throw nodeError(
        Error,
        'ERR_DIR_CONCURRENT_OPERATION',
        'Cannot do synchronous work on directory handle with concurrent asynchronous operations',
      )
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Dirent> {
    return this.entries()
  }

  [Symbol.dispose](): void {
    if (!this.#closed) this.closeSync()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) await this.#closeLater()
  }
}

/** Gives a Dir. */
export function opendir(door: Door, [path, value]: Args, form: Form): Task<Dir> {
  const at = door.path(path)
  const options = readOptions(value)
  const shown = path instanceof Uint8Array ? path : at.given
  if (form === 'sync') checkBufferSize(options)
  return openDir(door, at, shown, options)
}

function* openDir(door: Door, at: GivenPath, shown: string | Uint8Array, options: Options): Task<Dir> {
  const where = { syscall: 'opendir', path: at.given }
  const entries = yield* call(where, 'readdir', door.caller(), at.path)
  checkBufferSize(options)
  return new Dir(door, at.given, { ...options }, { path: at.path, shown }, entries)
}

function checkBufferSize({ bufferSize }: Options): void {
  if (bufferSize !== undefined) checkUint32(bufferSize, 'options.bufferSize', true)
}

function joinShown(base: string | Uint8Array, name: string): string {
  const text = typeof base === 'string' ? base : Buffer.from(base).toString()
  return text.endsWith('/') ? text + name : `${text}/${name}`
}

function closedError(): Error {
  return nodeError(Error, 'ERR_DIR_CLOSED', 'Directory handle was closed')
}
