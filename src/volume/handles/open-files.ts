// Open files: numbers that doors hold, and the first file of the folder of everything a handle does.
//
//   open-files   which handles there are, and what each was opened for
//   opening      open(2), close(2), flush and fsync     reads   by handle or whole     writes   into local contents
//
// A handle reads one remote version between writes of this volume: when a foreign version has replaced it, what is not
// cached is ESTALE, and so is a write that does not append (DESIGN P6). Changes made through this volume, by any handle or
// door, are seen at once. Nothing here knows paths (`paths/`) or checks names (`operations/`).

import { VolumeError } from '../../base/errors.ts'
import type { ReadWindow } from '../content/ahead/read-window.ts'
import type { Inode, Version } from '../inode.ts'
import type { HandleId } from '../types.ts'

/** Open handles of one volume. */
const handlesMax = 1_000_000

export class OpenFile {
  readonly id: HandleId
  readonly inode: Inode
  readonly readable: boolean
  readonly writable: boolean
  readonly append: boolean
  readonly syncsWrites: boolean
  readonly window: ReadWindow
  /** The version this handle reads while no other has replaced it. */
  version: Version | null
  /** `inode.foreignCount` when `version` was taken. */
  foreignCount: number
  /** Something was written or truncated through it. */
  wrote = false

  constructor(id: HandleId, inode: Inode, window: ReadWindow, how: OpenHow) {
    this.id = id
    this.inode = inode
    this.window = window
    this.readable = how.readable
    this.writable = how.writable
    this.append = how.append
    this.syncsWrites = how.syncsWrites
    this.version = inode.base
    this.foreignCount = inode.foreignCount
  }

  /** Whether a foreign version has replaced the one this handle was opened on. */
  get isStale(): boolean {
    return this.foreignCount !== this.inode.foreignCount
  }
}

export interface OpenHow {
  readonly readable: boolean
  readonly writable: boolean
  readonly append: boolean
  readonly syncsWrites: boolean
}

export class OpenFiles {
  readonly #files = new Map<HandleId, OpenFile>()
  #next = 1

  get count(): number {
    return this.#files.size
  }

  /** EMFILE past `handlesMax`. */
  add(inode: Inode, window: ReadWindow, how: OpenHow): OpenFile {
    if (this.#files.size >= handlesMax) throw new VolumeError('EMFILE')
    const file = new OpenFile(this.#next++, inode, window, how)
    this.#files.set(file.id, file)
    inode.openCount++
    return file
  }

  /** EBADF. */
  get(id: HandleId): OpenFile {
    const file = this.#files.get(id)
    if (!file) throw new VolumeError('EBADF')
    return file
  }

  remove(file: OpenFile): void {
    if (!this.#files.delete(file.id)) return
    file.inode.openCount--
    file.window.close()
  }

  all(): readonly OpenFile[] {
    return [...this.#files.values()]
  }
}
