// The shelf of `memory:`: an ordered index of records in memory, the bytes of each version in a file of its own. Such
// a file is never written again, so copies share it by a second name.

import { compareUtf8 } from '../../base/bytes.ts'
import { Mutex } from '../../base/mutex.ts'
import type { FilePort, KeyScan, ObjectRecord, OpenObject, Shelf } from './shelf.ts'
import { SortedKeys } from './sorted-keys.ts'

interface Held {
  readonly record: ObjectRecord
  readonly path: string
}

export class MemoryShelf implements Shelf {
  readonly files: FilePort
  readonly stagingRoot = '/bytes'
  readonly uploadsRoot = '/uploads'
  readonly durable = false
  readonly #held = new Map<string, Held>()
  readonly #keys = new SortedKeys()
  readonly #locks = new Map<string, Mutex>()

  /** `files` must have the two roots. */
  constructor(files: FilePort) {
    this.files = files
  }

  async exclusive<T>(key: string, task: () => Promise<T>): Promise<T> {
    let lock = this.#locks.get(key)
    if (!lock) this.#locks.set(key, (lock = new Mutex()))
    try {
      return await lock.run(task)
    } finally {
      if (!lock.busy) this.#locks.delete(key)
    }
  }

  async find(key: string): Promise<ObjectRecord | undefined> {
    return this.#held.get(key)?.record
  }

  async open(key: string): Promise<OpenObject | undefined> {
    const held = this.#held.get(key)
    if (!held) return undefined
    // An open handle keeps the bytes although the name may go.
    const handle = await this.files.open(held.path, 'read')
    return {
      record: held.record,
      read: (offset, length) => handle.read(offset, length),
      changed: async () => false,
      close: () => handle.close(),
    }
  }

  async publish(record: ObjectRecord, stagedPath: string): Promise<void> {
    const before = this.#held.get(record.key)
    this.#held.set(record.key, { record, path: stagedPath })
    if (before) await this.files.unlink(before.path)
    else this.#keys.add(record.key)
  }

  async rewrite(record: ObjectRecord): Promise<void> {
    const held = this.#held.get(record.key)
    if (held) this.#held.set(record.key, { record, path: held.path })
  }

  async remove(key: string): Promise<void> {
    const held = this.#held.get(key)
    if (!held) return
    this.#held.delete(key)
    this.#keys.delete(key)
    await this.files.unlink(held.path)
  }

  async linkBytes(key: string, etag: string, stagedPath: string): Promise<boolean> {
    const held = this.#held.get(key)
    if (held?.record.etag !== etag) return false
    await this.files.link(held.path, stagedPath)
    return true
  }

  async *scan(prefix: string, after: string): KeyScan {
    let key = compareUtf8(after, prefix) < 0 ? this.#firstOf(prefix) : this.#keys.after(after)
    while (key?.startsWith(prefix)) {
      const skip = yield key
      key = skip === undefined ? this.#keys.after(key) : this.#keys.afterPrefix(skip)
    }
  }

  async close(): Promise<void> {}

  #firstOf(prefix: string): string | undefined {
    return this.#held.has(prefix) ? prefix : this.#keys.after(prefix)
  }
}
