// Open files by number. Numbers start high, so that one of ours given to the real node:fs is EBADF there and never
// somebody else's file; they are unique over all volumes of a thread, so that an fd of another volume is EBADF here.

import { Mutex } from '../base/mutex.ts'
import type { HandleId } from '../volume/types.ts'
import { O_ACCMODE, O_APPEND, O_RDONLY, O_WRONLY } from '../volume/types.ts'
import { fsError } from './errors.ts'

/** First number given out: bit 30, still a positive int32. */
export const fdMin: number = 2 ** 30
const fdMax = 2 ** 31 - 1
/** More open files than any process opens on purpose; beyond it EMFILE. */
const openFilesMax = 100_000

let nextFd = fdMin
const taken = new Set<number>()

/** One open file: the volume's handle and what node:fs keeps beside it. */
export class OpenFile {
  readonly fd: number
  readonly handle: HandleId
  readonly flags: number
  /** As given to open, for messages. */
  readonly given: string
  /** Where the next read or write without a position happens. */
  position = 0
  /** Serialises those, so that two reads without a position never return the same bytes. */
  readonly order: Mutex = new Mutex()

  constructor(fd: number, handle: HandleId, flags: number, given: string) {
    this.fd = fd
    this.handle = handle
    this.flags = flags
    this.given = given
  }

  get readable(): boolean {
    return (this.flags & O_ACCMODE) !== O_WRONLY
  }

  get writable(): boolean {
    return (this.flags & O_ACCMODE) !== O_RDONLY
  }

  get appending(): boolean {
    return (this.flags & O_APPEND) !== 0
  }
}

/** The open files of one volume on this thread. */
export class FdTable {
  readonly #files = new Map<number, OpenFile>()

  get size(): number {
    return this.#files.size
  }

  /** EMFILE before the volume opens anything. */
  checkRoom(path: string): void {
    if (taken.size >= openFilesMax) throw fsError('EMFILE', { syscall: 'open', path })
  }

  add(handle: HandleId, flags: number, given: string): OpenFile {
    while (taken.has(nextFd)) nextFd = nextFd === fdMax ? fdMin : nextFd + 1
    const file = new OpenFile(nextFd, handle, flags, given)
    nextFd = nextFd === fdMax ? fdMin : nextFd + 1
    taken.add(file.fd)
    this.#files.set(file.fd, file)
    return file
  }

  /** The open file of a number, or EBADF for `syscall`. */
  get(fd: number, syscall: string): OpenFile {
    const file = this.#files.get(fd)
    if (file === undefined) throw fsError('EBADF', { syscall })
    return file
  }

  /** Forgets a number; true for the first caller only. */
  remove(file: OpenFile): boolean {
    taken.delete(file.fd)
    return this.#files.delete(file.fd)
  }
}
