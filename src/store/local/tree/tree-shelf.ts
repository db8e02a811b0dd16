// The shelf of `file:`: an ordinary directory as a bucket. A plain file put there by others is an object like ours.
//
// Layout: objects at their key's path where they can be (`key-place.ts`), everything else below `.bucketfs-store/`:
// `aside` and `long` (objects that cannot be plain), `meta` (sidecars), `uploads`, `staging/OWNER`, `owners`, `locks`.
// Lock order: the shard's mutex in this process, then its lock file; never two shards at once.
// Crash: a sidecar without its data is void; a staged file without its publication is swept when its owner is dead.

import { LRUCache } from 'lru-cache'
import type { Clock } from '../../../base/clock.ts'
import { StoreError } from '../../../base/errors.ts'
import { Mutex } from '../../../base/mutex.ts'
import type { FileHandlePort, FilePort, FileStat, KeyScan, ObjectRecord, OpenObject, Shelf } from '../shelf.ts'
import { foreignRecord, scanLongKeys } from './foreign-files.ts'
import { asidePath, asideScheme, hashKey, plainPath, plainScheme, type TreeRoots } from './key-place.ts'
import { placeFile, removeFile, type Placing } from './placing.ts'
import type { ProcessLocks } from './process-lock.ts'
import { absentAsUndefined, type Sidecars } from './sidecar.ts'
import { mergeScans, TreeWalk } from './tree-walk.ts'

export interface TreeShelfParts {
  readonly files: FilePort
  readonly clock: Clock
  readonly roots: TreeRoots
  readonly stagingRoot: string
  readonly uploadsRoot: string
  readonly durable: boolean
  readonly sidecars: Sidecars
  /** Absent: the directory cannot be written. */
  readonly locks: ProcessLocks | undefined
}

/** Records kept between calls, each checked by two stats before it is used. */
const recordsMax = 20_000
/** A file changed more recently than this may change again without its mtime showing it: its hash is not kept. */
const mtimeSettledNs = 100_000_000n
const triesMax = 5

interface Found {
  readonly record: ObjectRecord
  readonly stat: FileStat
}

interface Cached extends Found {
  readonly sidecar: FileStat
}

export class TreeShelf implements Shelf {
  readonly files: FilePort
  readonly stagingRoot: string
  readonly uploadsRoot: string
  readonly durable: boolean
  readonly #parts: TreeShelfParts
  readonly #placing: Placing
  readonly #walk: TreeWalk
  readonly #mutexes = new Map<string, Mutex>()
  readonly #records = new LRUCache<string, Cached>({ max: recordsMax })

  constructor(parts: TreeShelfParts) {
    this.files = parts.files
    this.stagingRoot = parts.stagingRoot
    this.uploadsRoot = parts.uploadsRoot
    this.durable = parts.durable
    this.#parts = parts
    this.#placing = { files: parts.files, root: parts.roots.plain, durable: parts.durable }
    this.#walk = new TreeWalk(parts.files, parts.clock)
  }

  async exclusive<T>(key: string, task: () => Promise<T>): Promise<T> {
    const { locks } = this.#parts
    if (!locks) throw new StoreError({ kind: 'read-only', operation: 'lock', key })
    const shard = hashKey(key).slice(0, 2)
    let mutex = this.#mutexes.get(shard)
    if (!mutex) this.#mutexes.set(shard, (mutex = new Mutex()))
    return mutex.run(() => locks.run(shard, task))
  }

  async find(key: string): Promise<ObjectRecord | undefined> {
    return (await this.#find(key))?.record
  }

  async open(key: string): Promise<OpenObject | undefined> {
    for (const path of this.#places(key)) {
      const opened = await this.#openFile(key, path)
      if (!opened) continue
      const { handle, found } = opened
      return {
        record: found.record,
        read: (offset, length) => handle.read(offset, length),
        changed: async () => !isSame(await handle.stat(), found.stat),
        close: () => handle.close(),
      }
    }
    return undefined
  }

  async publish(record: ObjectRecord, stagedPath: string): Promise<void> {
    const { key } = record
    const { roots, sidecars, files } = this.#parts
    const stat = await files.stat(stagedPath)
    await sidecars.write(record, stat)
    const aside = asidePath(roots, key)
    const plain = plainPath(roots, key)
    const before = await Promise.all([plain, aside].map(async (path) => path && this.#fileAt(path)))
    const isPlain = plain !== undefined && (await placeFile(this.#placing, stagedPath, plain))
    if (!isPlain && !(await placeFile(this.#placing, stagedPath, aside))) {
      throw new StoreError({ kind: 'invalid', operation: 'put', key, message: `something else is at ${aside}` })
    }
    // The plain one is found first, so what is left of the other is already out of sight.
    if (isPlain && before[1]) await removeFile(this.#placing, aside, `${roots.plain}/`)
    for (const old of before) if (old && old.ino !== stat.ino) await sidecars.remove(hashKey(key), old.ino)
    this.#records.delete(key)
  }

  async rewrite(record: ObjectRecord): Promise<void> {
    const { key } = record
    const opened = await this.#openAny(key)
    if (!opened) throw new StoreError({ kind: 'not-found', operation: 'copy', key, status: 404 })
    try {
      if (opened.found.record.etag !== record.etag) {
        throw new StoreError({
          kind: 'conflict',
          operation: 'copy',
          key,
          status: 409,
          message: 'written by others just now',
        })
      }
      await this.#parts.sidecars.write(record, opened.found.stat)
      this.#records.delete(key)
    } finally {
      await opened.handle.close()
    }
  }

  async remove(key: string): Promise<void> {
    const { roots, sidecars } = this.#parts
    // Aside first: should we die in between, what is left is what a reader saw before.
    for (const path of [asidePath(roots, key), plainPath(roots, key)]) {
      const stat = path === undefined ? undefined : await this.#fileAt(path)
      if (path === undefined || !stat) continue
      await removeFile(this.#placing, path, `${roots.plain}/`)
      await sidecars.remove(hashKey(key), stat.ino)
    }
    this.#records.delete(key)
  }

  async linkBytes(): Promise<boolean> {
    // Others may write into a file in place, and would write into both names.
    return false
  }

  async *scan(prefix: string, after: string): KeyScan {
    const { roots, sidecars } = this.#parts
    yield* mergeScans([
      this.#walk.scan(plainScheme(roots), prefix, after),
      this.#walk.scan(asideScheme(roots), prefix, after),
      scanLongKeys(this.files, sidecars, roots.long, prefix, after),
    ])
  }

  async close(): Promise<void> {
    await this.#parts.locks?.close()
    if (this.#parts.locks) await this.files.remove(this.stagingRoot)
  }

  #places(key: string): string[] {
    const { roots } = this.#parts
    const plain = plainPath(roots, key)
    return plain === undefined ? [asidePath(roots, key)] : [plain, asidePath(roots, key)]
  }

  async #find(key: string): Promise<Found | undefined> {
    const { sidecars } = this.#parts
    const keyHash = hashKey(key)
    for (const path of this.#places(key)) {
      const stat = await this.#fileAt(path)
      if (!stat) continue
      const sidecar = await sidecars.stat(keyHash, stat.ino)
      const cached = this.#records.get(key)
      if (cached && sidecar && isSame(cached.stat, stat) && isSame(cached.sidecar, sidecar)) return cached
      const record = sidecar && (await sidecars.read(keyHash, stat))
      if (record) {
        this.#records.set(key, { record, stat, sidecar })
        return { record, stat }
      }
      const opened = await this.#openFile(key, path)
      if (!opened) continue
      await opened.handle.close()
      return opened.found
    }
    return undefined
  }

  async #openAny(key: string): Promise<{ handle: FileHandlePort; found: Found } | undefined> {
    for (const path of this.#places(key)) {
      const opened = await this.#openFile(key, path)
      if (opened) return opened
    }
    return undefined
  }

  /** Opens the file and finds the record of exactly what was opened; hashes it if nobody has yet. */
  async #openFile(key: string, path: string): Promise<{ handle: FileHandlePort; found: Found } | undefined> {
    for (let tries = 1; ; tries++) {
      const named = await this.#fileAt(path)
      const handle = named && (await absentAsUndefined(this.files.open(path, 'read')))
      if (!handle) return undefined
      try {
        const stat = await handle.stat()
        const record = await this.#recordOf(key, path, handle, stat)
        if (record) return { handle, found: { record, stat } }
      } catch (error) {
        await handle.close()
        throw error
      }
      await handle.close()
      if (tries === triesMax) {
        throw new StoreError({ kind: 'unavailable', operation: 'open', key, message: 'the file keeps changing' })
      }
    }
  }

  /** Undefined when the file was replaced or written meanwhile. */
  async #recordOf(
    key: string,
    path: string,
    handle: FileHandlePort,
    stat: FileStat,
  ): Promise<ObjectRecord | undefined> {
    const { sidecars, clock, locks } = this.#parts
    const known = await sidecars.read(hashKey(key), stat)
    if (known) return known
    // No sidecar: a file of others, unless ours was replaced since we opened it and took its sidecar along.
    if ((await this.#fileAt(path))?.ino !== stat.ino) return undefined
    const record = await foreignRecord(key, handle, stat)
    if (!isSame(await handle.stat(), stat)) return undefined
    if (locks && clock.nowNs() - stat.mtimeNs > mtimeSettledNs) await sidecars.write(record, stat)
    return record
  }

  async #fileAt(path: string): Promise<FileStat | undefined> {
    const stat = await absentAsUndefined(this.files.stat(path))
    return stat?.kind === 'file' ? stat : undefined
  }
}

function isSame(a: FileStat, b: FileStat): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs
}
