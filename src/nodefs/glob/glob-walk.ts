// glob, globSync and promises.glob. Directories are visited one by one; each carries the places its patterns have
// reached (a pattern and the index of the segment its entries must match next). Symlinked directories are entered only
// by a literal segment. Where `**` begins, the subtree is fetched flat: requests per thousand names, not per directory.

import type { Dirent } from 'node:fs'
import { posix } from 'node:path'
import type { Door } from '../door.ts'
import { hasCode } from '../errors.ts'
import { walkListings } from '../operations/readdir.ts'
import type { ListedEntry } from '../operations/readdir.ts'
import { makeDirent } from '../results/dirent.ts'
import { call } from '../task.ts'
import type { Task } from '../task.ts'
import { showName } from '../validate/path.ts'
import type { GlobOptions } from './glob-options.ts'
import { matchesPath } from './pattern.ts'
import type { Pattern } from './pattern.ts'
import { globstar, matchesSegment } from './segment.ts'

/** How far one pattern has come. */
interface Place {
  readonly pattern: Pattern
  readonly index: number
}

/** A directory to look into. `shown` is relative to cwd, or absolute for absolute patterns. */
interface Visit {
  readonly shown: string
  readonly path: string
  readonly places: readonly Place[]
}

export type GlobResult = string | Dirent

export class GlobWalk {
  readonly #door: Door
  readonly #options: GlobOptions
  readonly #found = new Set<string>()
  readonly #listings = new Map<string, readonly ListedEntry[]>()
  readonly #queue: Visit[]

  constructor(door: Door, options: GlobOptions) {
    this.#door = door
    this.#options = options
    const places = options.patterns.map((pattern) => ({ pattern, index: 0 }))
    this.#queue = [{ shown: '.', path: options.cwd, places }]
  }

  get done(): boolean {
    return this.#queue.length === 0
  }

  /** Looks into one directory; gives what matched there for the first time. */
  *visitNext(): Task<GlobResult[]> {
    const visit = this.#queue.pop()
    if (visit === undefined) return []
    const results: GlobResult[] = []
    const listed: Place[] = []
    for (const place of visit.places) yield* this.#enter(visit, place, listed, results)
    if (listed.length > 0) yield* this.#list(visit, listed, results)
    return results
  }

  /** Takes the segments that need no listing; the rest goes to `listed`. */
  *#enter(visit: Visit, place: Place, listed: Place[], results: GlobResult[]): Task<void> {
    const { pattern, index } = place
    const segment = pattern[index]
    const last = index === pattern.length - 1
    if (segment === globstar) {
      listed.push(place)
      if (last) {
        const root = visit.shown === '.'
        if (!root || pattern[0] === '.' || pattern.length === 1) yield* this.#addExisting(visit, results)
      } else yield* this.#enter(visit, { pattern, index: index + 1 }, listed, results)
      return
    }
    if (typeof segment !== 'string') {
      if (segment !== undefined) listed.push(place)
      return
    }
    if (segment === '') {
      if (index === 0) this.#queue.push({ shown: '/', path: '/', places: [{ pattern, index: 1 }] })
      else if (visit.shown !== '.' || pattern[0] !== '.') yield* this.#addExisting(visit, results, true)
      return
    }
    const shown = segment === '.' ? visit.shown : join(visit.shown, segment)
    const next = { shown, path: posix.join(visit.path, segment), places: [{ pattern, index: index + 1 }] }
    if (last) {
      if (segment !== '.') yield* this.#addExisting(next, results)
    } else if (!this.#excluded(next.shown, segment, 'directory', visit.shown)) this.#queue.push(next)
  }

  *#list(visit: Visit, places: readonly Place[], results: GlobResult[]): Task<void> {
    const flat = this.#options.exclude === undefined && places.some(({ pattern, index }) => pattern[index] === globstar)
    for (const { name, type } of yield* this.#entries(visit, flat)) {
      const text = showName(name)
      const shown = join(visit.shown, text)
      const onward: Place[] = []
      let matched = false
      for (const { pattern, index } of places) {
        const segment = pattern[index]
        const last = index === pattern.length - 1
        if (segment === globstar) {
          if (text.startsWith('.')) continue
          // A directory below `**` is added when it is entered.
          if (type === 'directory') onward.push({ pattern, index })
          else if (last) matched = true
          // A symlink whose own name matches what follows `**` is entered by that segment alone, as Node does.
          else if (type === 'symlink' && matchesSegment(pattern[index + 1], text))
            onward.push({ pattern, index: index + 1 })
        } else if (matchesSegment(segment, text)) {
          if (last) matched = true
          else if (type === 'directory') onward.push({ pattern, index: index + 1 })
        }
      }
      if (!matched && onward.length === 0) continue
      if (this.#excluded(shown, text, type, visit.shown)) continue
      if (matched) this.#add(shown, text, type, visit.shown, results)
      if (onward.length > 0) this.#queue.push({ shown, path: posix.join(visit.path, name), places: onward })
    }
  }

  /** What cannot be listed has no entries. */
  *#entries({ path, shown }: Visit, flat: boolean): Task<readonly ListedEntry[]> {
    const known = this.#listings.get(path)
    if (known) return known
    try {
      if (flat) {
        const listings = yield* walkListings(this.#door, { given: shown, path })
        for (const [relative, entries] of listings) this.#listings.set(posix.join(path, relative), entries)
        const own = this.#listings.get(path)
        if (own) return own
      }
      return yield* call({ syscall: 'scandir', path: shown }, 'readdir', this.#door.caller(), path)
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) return []
      throw error
    }
  }

  *#addExisting({ shown, path }: Visit, results: GlobResult[], directoryOnly = false): Task<void> {
    if (this.#found.has(shown)) return
    try {
      const where = { syscall: 'lstat', path: shown }
      const { type } = yield* call(where, 'stat', this.#door.caller(), path, directoryOnly)
      if (directoryOnly && type !== 'directory') return
      if (this.#excluded(shown, posix.basename(shown), type, posix.dirname(shown))) return
      this.#add(shown, posix.basename(shown), type, posix.dirname(shown), results)
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) throw error
    }
  }

  #add(shown: string, name: string, type: ListedEntry['type'], parent: string, results: GlobResult[]): void {
    if (this.#found.has(shown)) return
    this.#found.add(shown)
    results.push(this.#options.withFileTypes ? this.#dirent(name, type, parent) : shown)
  }

  #excluded(shown: string, name: string, type: ListedEntry['type'], parent: string): boolean {
    const { exclude, cwd, withFileTypes } = this.#options
    if (exclude === undefined) return false
    if (typeof exclude === 'function')
      return withFileTypes
        ? Boolean(exclude(this.#dirent(name, type, parent)))
        : Boolean(exclude(name)) || (shown !== name && Boolean(exclude(shown)))
    const path = posix.resolve(cwd, shown)
    return exclude.some(
      (pattern) => matchesPath(pattern, path) || (type === 'directory' && matchesPath(pattern, `${path}/`)),
    )
  }

  #dirent(name: string, type: ListedEntry['type'], parent: string): Dirent {
    const { cwd } = this.#options
    if (name === '.') return makeDirent(posix.basename(cwd), type, posix.dirname(cwd))
    return makeDirent(name, type, posix.resolve(cwd, parent))
  }
}

function join(base: string, name: string): string {
  return base === '.' ? name : posix.join(base, name)
}
