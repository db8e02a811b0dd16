// What a file cannot hold of an object: ETag, headers, tags, checksum. One JSON file per version, named by the hash
// of the key and the inode of the data, so that data and sidecar change as one: the new sidecar is written first, and
// the rename of the data makes it the valid one. It counts only while the data's inode, size and mtime are the ones
// it was written for; a file written by others therefore voids it by itself.

import { utf8 } from '../../../base/bytes.ts'
import { randomId, type Random } from '../../../base/random.ts'
import type { FileHandlePort, FilePort, FileStat, ObjectRecord } from '../shelf.ts'
import { hashKey } from './key-place.ts'
import { isAbsent } from './tree-walk.ts'

const formatVersion = 1

interface SidecarText {
  readonly version: number
  readonly size: number
  readonly mtimeNs: string
  readonly record: ObjectRecord
}

export class Sidecars {
  readonly #files: FilePort
  readonly #random: Random
  readonly #root: string
  readonly #stagingRoot: string
  readonly #durable: boolean

  constructor(files: FilePort, random: Random, root: string, stagingRoot: string, durable: boolean) {
    this.#files = files
    this.#random = random
    this.#root = root
    this.#stagingRoot = stagingRoot
    this.#durable = durable
  }

  /** The identity of the sidecar itself; it is replaced, never written into. */
  async stat(keyHash: string, ino: bigint): Promise<FileStat | undefined> {
    return absentAsUndefined(this.#files.stat(this.#path(keyHash, ino)))
  }

  /** The record of the data with this `stat`, if a sidecar was written for exactly that. */
  async read(keyHash: string, stat: FileStat): Promise<ObjectRecord | undefined> {
    const bytes = await absentAsUndefined(this.#files.readFile(this.#path(keyHash, stat.ino)))
    if (!bytes) return undefined
    const text = parse(bytes)
    const valid = text?.version === formatVersion && text.size === stat.size && text.mtimeNs === String(stat.mtimeNs)
    return valid && hashKey(text.record.key) === keyHash ? text.record : undefined
  }

  /** The caller keeps the data's inode alive (held open or staged), else it could be another's by now. */
  async write(record: ObjectRecord, stat: FileStat): Promise<void> {
    const path = this.#path(hashKey(record.key), stat.ino)
    const folder = path.slice(0, path.lastIndexOf('/'))
    const text: SidecarText = { version: formatVersion, size: stat.size, mtimeNs: String(stat.mtimeNs), record }
    const staged = `${this.#stagingRoot}/${randomId(this.#random)}`
    const handle = await this.#files.open(staged, 'create')
    try {
      await fill(handle, utf8(JSON.stringify(text)), this.#durable)
      const made = await this.#files.mkdir(folder)
      await this.#files.rename(staged, path)
      if (this.#durable) {
        await this.#files.syncDirectory(folder)
        if (made !== undefined) await this.#files.syncDirectory(this.#root)
      }
    } catch (error) {
      await this.#files.remove(staged)
      throw error
    }
  }

  async remove(keyHash: string, ino: bigint): Promise<void> {
    await absentAsUndefined(this.#files.unlink(this.#path(keyHash, ino)))
  }

  #path(keyHash: string, ino: bigint): string {
    return `${this.#root}/${keyHash.slice(0, 2)}/${keyHash}-${ino.toString(36)}`
  }
}

export async function absentAsUndefined<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

async function fill(handle: FileHandlePort, bytes: Uint8Array, durable: boolean): Promise<void> {
  try {
    await handle.write(bytes, 0)
    if (durable) await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A sidecar that cannot be read is none: the file's own bytes are the truth. */
function parse(bytes: Uint8Array): SidecarText | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as SidecarText
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
