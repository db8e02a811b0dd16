// A local disk that forgets: what was not synced may be gone, whole or in part, after a crash. Deterministic by seed.

import type { Random } from '../../src/base/random.ts'
import type { LocalFile, LocalFiles } from '../../src/volume/local-files.ts'

interface Change {
  readonly offset: number
  /** Absent: a truncation to `offset`. */
  readonly bytes?: Uint8Array
}

class SimFile {
  /** What a crash cannot take. */
  durable: Uint8Array = new Uint8Array(0)
  now: Uint8Array = new Uint8Array(0)
  unsynced: Change[] = []
}

export interface SimDiskFaults {
  /** Bytes the disk takes; ENOSPC beyond. */
  bytesMax?: number
  /** The next syncs fail with EIO. */
  syncFailures?: number
  readOnly?: boolean
}

export class SimDisk implements LocalFiles {
  readonly faults: SimDiskFaults = {}
  /** Names as they are, and as a crash would leave them. */
  #names = new Map<string, SimFile>()
  #durableNames = new Map<string, SimFile>()
  #generation = 0

  /** Total bytes in files. */
  get bytes(): number {
    let bytes = 0
    for (const file of this.#names.values()) bytes += file.now.byteLength
    return bytes
  }

  /** Power is lost: handles die, unsynced changes are kept or lost one by one, the last one maybe torn. */
  crash(random: Random): void {
    this.#generation++
    const names = new Map<string, SimFile>()
    const union = new Set([...this.#names.keys(), ...this.#durableNames.keys()])
    for (const name of union) {
      const before = this.#durableNames.get(name)
      const after = this.#names.get(name)
      const kept = before === after || random.float() < 0.5 ? after : before
      if (kept) names.set(name, kept)
    }
    for (const file of new Set(names.values())) {
      let content = file.durable
      for (const change of file.unsynced) {
        const roll = random.float()
        if (roll < 0.4) continue
        const { offset, bytes } = change
        if (!bytes) content = resized(content, offset)
        else
          content = written(
            content,
            offset,
            roll < 0.6 ? bytes.subarray(0, Math.floor(bytes.byteLength * random.float())) : bytes,
          )
      }
      file.durable = content
      file.now = content
      file.unsynced = []
    }
    this.#names = names
    this.#durableNames = new Map(names)
  }

  async open(name: string): Promise<LocalFile> {
    let file = this.#names.get(name)
    if (!file) {
      this.#check()
      file = new SimFile()
      this.#names.set(name, file)
    }
    return this.#handle(file)
  }

  async list(): Promise<readonly string[]> {
    return [...this.#names.keys()].sort()
  }

  async remove(name: string): Promise<void> {
    this.#names.delete(name)
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.#names.get(from)
    if (!file) throw failure('ENOENT')
    this.#names.delete(from)
    this.#names.set(to, file)
  }

  async syncNames(): Promise<void> {
    this.#durableNames = new Map(this.#names)
  }

  /** Changes one byte of a file for good. */
  flip(name: string, offset: number): void {
    const file = this.#names.get(name)
    if (!file) throw failure('ENOENT')
    file.now = file.now.slice()
    file.now[offset] = (file.now[offset] as number) ^ 0xff
    file.durable = file.now
    file.unsynced = []
  }

  /** Cuts a file for good. */
  cut(name: string, size: number): void {
    const file = this.#names.get(name)
    if (!file) throw failure('ENOENT')
    file.now = file.now.slice(0, size)
    file.durable = file.now
    file.unsynced = []
  }

  size(name: string): number {
    return this.#names.get(name)?.now.byteLength ?? 0
  }

  /** The same files, on a disk of its own. */
  copy(): SimDisk {
    const copy = new SimDisk()
    for (const [name, file] of this.#names) {
      const twin = new SimFile()
      twin.now = twin.durable = file.now.slice()
      copy.#names.set(name, twin)
      copy.#durableNames.set(name, twin)
    }
    return copy
  }

  #check(): void {
    if (this.faults.readOnly) throw failure('EROFS')
  }

  #handle(file: SimFile): LocalFile {
    const generation = this.#generation
    const alive = (): void => {
      if (generation !== this.#generation) throw failure('EIO')
    }
    return {
      read: async (offset, length) => {
        alive()
        return file.now.slice(offset, offset + length)
      },
      write: async (offset, bytes) => {
        alive()
        this.#check()
        const grown = Math.max(0, offset + bytes.byteLength - file.now.byteLength)
        if (this.bytes + grown > (this.faults.bytesMax ?? Infinity)) throw failure('ENOSPC')
        file.now = written(file.now, offset, bytes)
        file.unsynced.push({ offset, bytes: bytes.slice() })
      },
      size: async () => file.now.byteLength,
      truncate: async (size) => {
        alive()
        file.now = resized(file.now, size)
        file.unsynced.push({ offset: size })
      },
      sync: async () => {
        alive()
        if ((this.faults.syncFailures ?? 0) > 0) {
          this.faults.syncFailures = (this.faults.syncFailures ?? 0) - 1
          throw failure('EIO')
        }
        file.durable = file.now
        file.unsynced = []
      },
      close: async () => {},
    }
  }
}

function written(content: Uint8Array, offset: number, bytes: Uint8Array): Uint8Array {
  const result = resized(content, Math.max(content.byteLength, offset + bytes.byteLength))
  result.set(bytes, offset)
  return result
}

function resized(content: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size)
  result.set(content.subarray(0, size))
  return result
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code })
}
