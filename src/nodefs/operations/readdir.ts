// readdir: names, Dirents, and whole subtrees in the order Node lists them.

import { posix } from 'node:path'
import { compareUtf8 } from '../../base/bytes.ts'
import type { DirectoryEntry, FileType, Name } from '../../volume/types.ts'
import type { Door, Form } from '../door.ts'
import { hasCode } from '../errors.ts'
import { makeDirent } from '../results/dirent.ts'
import { call } from '../task.ts'
import type { Task } from '../task.ts'
import { nameEncoding, readOptions } from '../validate/options.ts'
import type { Options } from '../validate/options.ts'
import { checksAsNode20 } from '../validate/node-version.ts'
import { encodeName, showName } from '../validate/path.ts'
import type { GivenPath } from '../validate/path.ts'
import { checkBoolean } from '../validate/values.ts'

type Args = readonly unknown[]

/** An entry as a listing needs it; a walk knows no inode numbers. */
export type ListedEntry = Pick<DirectoryEntry, 'name' | 'type'>

export function readdir(door: Door, [path, value]: Args, form: Form): Task<unknown> {
  const options = readOptions(value)
  const at = door.path(path)
  const { recursive } = options
  if (recursive !== null && recursive !== undefined && form !== 'promise') checkBoolean(recursive, 'options.recursive')
  const base = path instanceof Uint8Array ? path : at.given
  return recursive ? readTree(door, at, base, options, form) : readOne(door, at, base, options)
}

function* readOne(door: Door, at: GivenPath, base: string | Uint8Array, options: Options): Task<unknown> {
  const namesOnly = !options['withFileTypes']
  const entries = yield* call({ syscall: 'scandir', path: at.given }, 'readdir', door.caller(), at.path, namesOnly)
  return shapeEntries(entries, base, options)
}

/** A listing as readdir gives it: names, or Dirents with `base` as their parent path. */
export function shapeEntries(entries: readonly ListedEntry[], base: string | Uint8Array, options: Options): unknown[] {
  const encoding = nameEncoding(options)
  if (!options['withFileTypes']) return entries.map(({ name }) => encodeName(name, encoding))
  return entries.map(({ name, type }) => makeDirent(encodeName(name, encoding), type, base as string))
}

/** A directory waiting to be listed, by its path relative to the first. */
interface Pending {
  readonly relative: Name
  readonly shown: string
}

/** Callback and blocking forms go level by level, promises take the last directory first; so does Node. */
function* readTree(door: Door, at: GivenPath, base: string | Uint8Array, options: Options, form: Form): Task<unknown> {
  const encoding = nameEncoding(options)
  const typed = Boolean(options['withFileTypes'])
  const listings = yield* walkListings(door, at)
  const results: unknown[] = []
  const queue: Pending[] = [{ relative: '', shown: at.given }]
  for (let next = 0; form === 'promise' ? queue.length > 0 : next < queue.length; next++) {
    const { relative, shown } = (form === 'promise' ? queue.pop() : queue[next]) as Pending
    for (const { name, type } of yield* listing(door, at, relative, shown, listings)) {
      const inside = relative === '' ? name : `${relative}/${name}`
      const parent = relative === '' ? base : shown
      results.push(
        typed ? makeDirent(encodeName(name, encoding), type, parent as string) : encodeName(inside, encoding),
      )
      const follows = !(typed && (form === 'promise' || checksAsNode20))
      if (type === 'directory' || (follows && type === 'symlink' && (yield* leadsToDirectory(door, at, inside))))
        queue.push({ relative: inside, shown: posix.join(shown, showName(name)) })
    }
  }
  return results
}

type Listings = ReadonlyMap<Name, readonly ListedEntry[]>

/** Every listing of the subtree, from the flat key space: a request per thousand names instead of one per directory. */
export function* walkListings(door: Door, { given, path }: GivenPath): Task<Listings> {
  const listings = new Map<Name, ListedEntry[]>([['', []]])
  const where = { syscall: 'scandir', path: given }
  let cursor: string | undefined
  do {
    const page = yield* call(where, 'walk', door.caller(), path, ...(cursor === undefined ? [] : [cursor]))
    for (const entry of page.entries) {
      const slash = entry.path.lastIndexOf('/')
      const parent = slash < 0 ? '' : entry.path.slice(0, slash)
      const listed = { name: entry.path.slice(slash + 1), type: entry.type }
      const siblings = listings.get(parent)
      if (siblings) siblings.push(listed)
      else listings.set(parent, [listed])
      if (entry.type === 'directory' && !listings.has(entry.path)) listings.set(entry.path, [])
    }
    cursor = page.cursor
  } while (cursor !== undefined)
  for (const entries of listings.values()) entries.sort((a, b) => compareUtf8(a.name, b.name))
  return listings
}

/** From the walk, or asked for by itself below a symlink. */
function* listing(
  door: Door,
  at: GivenPath,
  relative: Name,
  shown: string,
  listings: Listings,
): Task<readonly ListedEntry[]> {
  const known = listings.get(relative)
  if (known) return known
  return yield* call({ syscall: 'scandir', path: shown }, 'readdir', door.caller(), below(at.path, relative))
}

function* leadsToDirectory(door: Door, at: GivenPath, relative: Name): Task<boolean> {
  return (yield* typeBehind(door, below(at.path, relative))) === 'directory'
}

/** What a path leads to through symlinks; undefined when nowhere. */
export function* typeBehind(door: Door, path: string): Task<FileType | undefined> {
  try {
    return (yield* call({ syscall: 'stat', path }, 'stat', door.caller(), path, true)).type
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES')) return undefined
    throw error
  }
}

function below(path: string, relative: Name): string {
  if (relative === '') return path
  return path.endsWith('/') ? path + relative : `${path}/${relative}`
}
