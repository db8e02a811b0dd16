// Keys of a folder tree in UTF-8 order, from any point on, without reading what cannot match. A folder sorts as its
// name and a slash, which is where its keys belong.

import { LRUCache } from 'lru-cache'
import { compareUtf8 } from '../../../base/bytes.ts'
import type { Clock } from '../../../base/clock.ts'
import { errnoOf } from '../../foreign-error.ts'
import type { FilePort, KeyScan } from '../shelf.ts'
import type { TreeScheme } from './key-place.ts'

interface Entry {
  /** The segment, with a slash for a folder. */
  readonly piece: string
  readonly path: string
  readonly folder: boolean
}

interface CachedFolder {
  readonly ino: bigint
  readonly mtimeNs: bigint
  readonly entries: readonly Entry[]
}

/** A folder changed more recently than this may change again without its mtime showing it. */
const mtimeSettledNs = 100_000_000n
/** Folders kept sorted between the pages of a listing, and only big ones: small ones are read again as fast. */
const cachedFoldersMax = 16
const cachedEntriesMin = 500

type InnerScan = AsyncGenerator<string, string | undefined, string | undefined>

export class TreeWalk {
  readonly #files: FilePort
  readonly #clock: Clock
  readonly #folders = new LRUCache<string, CachedFolder>({ max: cachedFoldersMax })

  constructor(files: FilePort, clock: Clock) {
    this.#files = files
    this.#clock = clock
  }

  async *scan(scheme: TreeScheme, prefix: string, after: string): KeyScan {
    const base = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    const folder = scheme.folderOf(base)
    if (folder !== undefined) yield* this.#folder(scheme, folder, base, prefix, after)
  }

  /** Returns the last skip it was given, for the folders above. */
  async *#folder(scheme: TreeScheme, path: string, base: string, prefix: string, after: string): InnerScan {
    let skip: string | undefined
    for (const entry of await this.#entries(scheme, path, base)) {
      const key = base + entry.piece
      if (skip !== undefined && key.startsWith(skip)) continue
      if (entry.folder) {
        if (!key.startsWith(prefix) && !prefix.startsWith(key)) continue
        if (compareUtf8(key, after) < 0 && !after.startsWith(key)) continue
        skip = (yield* this.#folder(scheme, entry.path, key, prefix, after)) ?? skip
      } else if (key.startsWith(prefix) && compareUtf8(key, after) > 0) {
        skip = (yield key) ?? skip
      }
    }
    return skip
  }

  async #entries(scheme: TreeScheme, path: string, base: string): Promise<readonly Entry[]> {
    try {
      const { kind, ino, mtimeNs } = await this.#files.stat(path)
      if (kind !== 'directory') return []
      const cached = this.#folders.get(path)
      if (cached && cached.ino === ino && cached.mtimeNs === mtimeNs) return cached.entries
      const settled = this.#clock.nowNs() - mtimeNs > mtimeSettledNs
      const entries = await this.#read(scheme, path, base)
      if (settled && entries.length >= cachedEntriesMin) this.#folders.set(path, { ino, mtimeNs, entries })
      return entries
    } catch (error) {
      if (isAbsent(error)) return []
      throw error
    }
  }

  async #read(scheme: TreeScheme, path: string, base: string): Promise<Entry[]> {
    const entries: Entry[] = []
    for (const { name, kind } of await this.#files.readdir(path)) {
      const folder = kind === 'directory'
      const segment = kind === 'other' ? undefined : scheme.segmentOf(name, folder, base)
      if (segment !== undefined)
        entries.push({ piece: folder ? `${segment}/` : segment, path: `${path}/${name}`, folder })
    }
    return entries.sort((a, b) => compareUtf8(a.piece, b.piece))
  }
}

/** Several ordered scans as one; a key found in more than one is given once. */
export async function* mergeScans(scans: readonly KeyScan[]): KeyScan {
  const heads = await Promise.all(scans.map((scan) => scan.next()))
  for (;;) {
    let first: string | undefined
    for (const head of heads) {
      if (!head.done && (first === undefined || compareUtf8(head.value, first) < 0)) first = head.value
    }
    if (first === undefined) return
    const skip = yield first
    for (const [index, scan] of scans.entries()) {
      let head = heads[index] as IteratorResult<string, void>
      while (!head.done && (head.value === first || (skip !== undefined && head.value.startsWith(skip)))) {
        head = await scan.next(skip)
      }
      heads[index] = head
    }
  }
}

export function isAbsent(error: unknown): boolean {
  const code = errnoOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG'
}
