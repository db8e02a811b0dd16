// The spool of durabilities without a journal: dirty bytes that do not fit in memory, in scratch files that mean nothing
// to the next run. Bytes are appended to one file after another; a file goes when nothing in it is needed any more.
// Invariant: the files never exceed `bytesMax`, dead bytes included.

import { VolumeError } from '../../base/errors.ts'
import type { LocalFile, LocalFiles } from '../local-files.ts'
import type { DirtyOwner, Spool, SpoolRef } from './dirty-bytes.ts'

export interface ScratchSpoolOptions {
  readonly files: LocalFiles
  readonly bytesMax: number
}

/** Small, so that few live bytes keep few dead ones. */
const fileBytesMax: number = 16 * 1024 * 1024

interface ScratchFile {
  readonly name: string
  readonly file: LocalFile
  /** End of what was given out. */
  bytes: number
  liveBytes: number
}

interface ScratchRef extends SpoolRef {
  readonly scratch: ScratchFile
  readonly offset: number
}

export class ScratchSpool implements Spool {
  readonly #files: LocalFiles
  readonly #bytesMax: number
  /** Made by this spool; a journal's references are not its own. */
  readonly #refs = new WeakMap<SpoolRef, ScratchRef>()
  #open = new Set<ScratchFile>()
  #current: ScratchFile | null = null
  #opening: Promise<unknown> = Promise.resolve()
  #nextNumber = 1
  #bytes = 0
  #closed = false

  private constructor({ files, bytesMax }: ScratchSpoolOptions) {
    this.#files = files
    this.#bytesMax = bytesMax
  }

  /** Empties the folder: what an earlier run left belongs to nobody. */
  static async open(options: ScratchSpoolOptions): Promise<ScratchSpool> {
    for (const name of await options.files.list()) if (isScratch(name)) await options.files.remove(name)
    return new ScratchSpool(options)
  }

  /** Bytes of all files. */
  get bytes(): number {
    return this.#bytes
  }

  async append(_owner: DirtyOwner, bytes: Uint8Array): Promise<SpoolRef> {
    const length = bytes.byteLength
    if (this.#closed) throw new VolumeError('EBADF', { message: 'the spool is closed' })
    if (this.#bytes + length > this.#bytesMax)
      throw new VolumeError('ENOSPC', { message: `the spool is full: spoolBytesMax ${this.#bytesMax}` })
    // Taken before the first await, so that racing writers cannot pass the limit together.
    this.#bytes += length
    let ref: ScratchRef
    try {
      ref = await this.#reserve(length)
    } catch (error) {
      this.#bytes -= length
      throw asFailure(error)
    }
    try {
      await ref.scratch.file.write(ref.offset, bytes)
    } catch (error) {
      this.#free(ref)
      throw asFailure(error)
    }
    this.#refs.set(ref, ref)
    return ref
  }

  async read(ref: SpoolRef, offset: number, length: number): Promise<Uint8Array> {
    const { scratch, offset: start } = this.#own(ref)
    const bytes = await scratch.file.read(start + offset, length).catch((error: unknown) => {
      throw new VolumeError('EIO', { message: 'the spool cannot be read', cause: error })
    })
    if (bytes.byteLength !== length) throw new VolumeError('EIO', { message: 'the spool lost bytes' })
    return bytes
  }

  release(ref: SpoolRef): void {
    const own = this.#own(ref)
    this.#refs.delete(ref)
    this.#free(own)
  }

  join(a: SpoolRef, b: SpoolRef): SpoolRef | null {
    const first = this.#own(a)
    const second = this.#own(b)
    if (first.scratch !== second.scratch || first.offset + first.length !== second.offset) return null
    this.#refs.delete(a)
    this.#refs.delete(b)
    const both = { scratch: first.scratch, offset: first.offset, length: first.length + second.length }
    this.#refs.set(both, both)
    return both
  }

  /** Removes all files. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#opening.catch(() => undefined)
    const open = this.#open
    this.#open = new Set()
    this.#current = null
    for (const { name, file } of open) {
      await file.close()
      await this.#files.remove(name)
    }
    this.#bytes = 0
  }

  #own(ref: SpoolRef): ScratchRef {
    const own = this.#refs.get(ref)
    if (!own) throw new Error('not a reference of this spool, or released')
    return own
  }

  /** Room in the growing file, or in a new one: one opening at a time. */
  #reserve(length: number): Promise<ScratchRef> {
    const reserved = this.#opening
      .catch(() => undefined)
      .then(async () => {
        const scratch = await this.#fileFor(length)
        const offset = scratch.bytes
        scratch.bytes += length
        scratch.liveBytes += length
        return { length, scratch, offset }
      })
    this.#opening = reserved
    return reserved
  }

  async #fileFor(length: number): Promise<ScratchFile> {
    const current = this.#current
    if (current && current.bytes + length <= fileBytesMax) return current
    this.#current = null
    if (current) this.#removeIfDead(current)
    const name = `${String(this.#nextNumber++).padStart(12, '0')}.spool`
    const scratch: ScratchFile = { name, file: await this.#files.open(name), bytes: 0, liveBytes: 0 }
    this.#open.add(scratch)
    this.#current = scratch
    return scratch
  }

  #free({ scratch, length }: ScratchRef): void {
    scratch.liveBytes -= length
    this.#removeIfDead(scratch)
  }

  #removeIfDead(scratch: ScratchFile): void {
    if (scratch.liveBytes > 0 || !this.#open.has(scratch)) return
    if (scratch === this.#current) {
      if (scratch.bytes < fileBytesMax / 2) return
      this.#current = null
    }
    this.#open.delete(scratch)
    scratch.file
      .close()
      .then(() => this.#files.remove(scratch.name))
      .then(
        () => (this.#bytes -= scratch.bytes),
        // Its room stays counted: it is still taken. The next run empties the folder.
        () => undefined,
      )
  }
}

function isScratch(name: string): boolean {
  return /^\d{12}\.spool$/.test(name)
}

function asFailure(error: unknown): VolumeError {
  const { code } = error as { code?: unknown }
  return new VolumeError(code === 'ENOSPC' || code === 'EDQUOT' ? 'ENOSPC' : 'EIO', {
    message: 'the spool cannot be written',
    cause: error,
  })
}
