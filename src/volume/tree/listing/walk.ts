import { compareUtf8 } from '../../../base/bytes.ts'
import { longPathsPrefix } from '../../../format/key.ts'
import type { Dentry, Inode } from '../../inode.ts'
import type { Name } from '../../types.ts'
import type { AttributeFetch } from '../attribute-fetch.ts'
import { stateOf } from '../dentries.ts'
import { FlatPass } from './flat-pass.ts'
import type { FlatEntry } from './flat-pass.ts'
import type { TreeContext } from '../tree-context.ts'

// The subtree below a directory, page by page, parents before children: straight from the flat key space, merged with
// names that are only local. Where the subtree does not lie in one piece (a rename being carried out, long names) it is
// walked directory by directory. A page has about 1,000 entries.

export interface WalkedEntry {
  /** Relative to the walked directory, without a leading slash. */
  readonly path: string
  readonly inode: Inode
}

export interface WalkedPage {
  readonly entries: readonly WalkedEntry[]
  /** Absent at the end. */
  readonly cursor?: string | undefined
}

interface Walk {
  readonly pass: FlatPass
  /** Directories shown so far. */
  readonly shown: Set<Inode>
}

const walksKeptMax = 8
const pageEntriesMax = 1000

export class TreeWalker {
  readonly #context: TreeContext
  readonly #fetch: AttributeFetch
  readonly #list: (directory: Inode) => Promise<readonly Dentry[]>
  /** Passes waiting to be continued, by cursor, oldest first. */
  readonly #walks = new Map<string, Walk>()

  constructor(context: TreeContext, fetch: AttributeFetch, list: (directory: Inode) => Promise<readonly Dentry[]>) {
    this.#context = context
    this.#fetch = fetch
    this.#list = list
  }

  async walk(directory: Inode, cursor: string | undefined): Promise<WalkedPage> {
    if (this.#context.places.isUnlisted(directory)) return { entries: [] }
    const plain = this.#context.places.isPlain(directory)
    if (cursor?.startsWith('path:') || (!plain && cursor === undefined))
      return this.#byListing(directory, cursor?.slice(5))
    // A rename has begun under way: what follows is walked by listing, from the same place on.
    if (!plain) return this.#byListing(directory, this.#pathOfKey(directory, (cursor as string).slice(4)))
    return this.#flat(directory, cursor)
  }

  async #flat(directory: Inode, cursor: string | undefined): Promise<WalkedPage> {
    const startAfter = cursor?.slice(4)
    const kept = cursor === undefined ? undefined : this.#walks.get(cursor)
    if (cursor !== undefined) this.#walks.delete(cursor)
    const walk: Walk =
      kept?.pass.scope === directory
        ? kept
        : { pass: new FlatPass(this.#context, directory, startAfter), shown: new Set<Inode>() }
    const shown = await walk.pass.next()
    walk.pass.lookAhead()
    const page = await this.#withDeep(shown)
    const position = walk.pass.done ? undefined : walk.pass.position
    const entries = this.#withLocal(walk, page, startAfter, position)
    const inodes = await this.#certain(entries.map(({ inode }) => inode))
    const walked = this.#walked(directory, inodes)
    if (position === undefined) return { entries: walked }
    const next = `key:${position}`
    this.#walks.set(next, walk)
    for (const oldest of this.#walks.keys()) {
      if (this.#walks.size <= walksKeptMax) break
      this.#walks.delete(oldest)
    }
    return { entries: walked, cursor: next }
  }

  /** Adds entries whose keys are too long for the flat key space, behind the directories they are in. */
  async #withDeep(page: readonly FlatEntry[]): Promise<readonly FlatEntry[]> {
    const { places } = this.#context
    const extra: FlatEntry[] = []
    const visit = async ({ key, inode }: FlatEntry): Promise<void> => {
      for (const { inode: below } of await this.#list(inode)) {
        if (!below || !places.keyOf(below).startsWith(longPathsPrefix)) continue
        // By the natural order of the tree: below its directory's key.
        const entry = { key: `${key}${below.place?.name ?? ''}${below.directory ? '/' : ''}`, inode: below }
        extra.push(entry)
        if (below.directory) await visit(entry)
      }
    }
    for (const entry of page) if (entry.inode.directory && places.isDeep(entry.inode)) await visit(entry)
    return extra.length === 0 ? page : [...page, ...extra]
  }

  /** Adds names that the page cannot show yet whose key lies in (`from`, `to`], and the directories above them; drops what was shown before. */
  #withLocal(walk: Walk, page: readonly FlatEntry[], from: string | undefined, to: string | undefined): FlatEntry[] {
    const { places, dentries } = this.#context
    const entries = new Map<Inode, FlatEntry>()
    const add = (key: string, inode: Inode): void => {
      if (walk.shown.has(inode)) return
      if (inode.directory) walk.shown.add(inode)
      entries.set(inode, { key, inode })
    }
    for (const { key, inode } of page) add(key, inode)
    for (const [dentry, directory] of dentries.changedSince(walk.pass.sent?.generation ?? 0)) {
      if (!dentry.inode || entries.has(dentry.inode)) continue
      const above = chain(directory, walk.pass.scope)
      if (!above) continue
      const key = places.keyOf(dentry.inode)
      if ((from !== undefined && compareUtf8(key, from) <= 0) || (to !== undefined && compareUtf8(key, to) > 0))
        continue
      for (const parent of above) {
        const keyAbove = places.keyOf(parent)
        if (from === undefined || compareUtf8(keyAbove, from) > 0) add(keyAbove, parent)
      }
      add(key, dentry.inode)
    }
    return [...entries.values()].sort((a, b) => compareUtf8(a.key, b.key))
  }

  /** By their present places. A file that is hidden by a directory of its name, seen after it, is not shown. */
  #walked(scope: Inode, inodes: readonly (Inode | null)[]): WalkedEntry[] {
    const byPath = new Map<string, Inode>()
    for (const inode of inodes) {
      const path = inode && pathBelow(inode, scope)
      if (inode && path && !byPath.get(path)?.directory) byPath.set(path, inode)
    }
    return [...byPath].map(([path, inode]) => ({ path, inode }))
  }

  /** Afterwards types are certain: that may have put another inode in the place of one, or none. */
  async #certain(inodes: readonly Inode[]): Promise<readonly (Inode | null)[]> {
    const before = inodes.map(({ place }) => place)
    await this.#fetch.ensure(inodes, { typesOnly: true })
    return inodes.map((inode, i) => {
      if (inode.place) return inode
      const place = before[i]
      return place ? (stateOf(place.parent).dentries.get(place.name)?.inode ?? null) : null
    })
  }

  async #byListing(directory: Inode, after: string | undefined): Promise<WalkedPage> {
    const entries: WalkedEntry[] = []
    const complete = await this.#visit(directory, '', after === undefined ? [] : after.split('/'), entries)
    const last = entries.at(-1)
    const inodes = await this.#certain(entries.map(({ inode }) => inode))
    const walked = entries.flatMap(({ path }, i) => {
      const inode = inodes[i]
      return inode ? { path, inode } : []
    })
    return complete || !last ? { entries: walked } : { entries: walked, cursor: `path:${last.path}` }
  }

  /** False when the page is full. `after`: names of the last entry shown, from here down. */
  async #visit(directory: Inode, path: string, after: readonly Name[], entries: WalkedEntry[]): Promise<boolean> {
    for (const { name, inode } of await this.#list(directory)) {
      if (!inode) continue
      const order = after.length === 0 ? 1 : compareUtf8(name, after[0] as Name)
      if (order < 0) continue
      if (order > 0) {
        if (entries.length >= pageEntriesMax) return false
        entries.push({ path: path + name, inode })
      }
      const below = order === 0 ? after.slice(1) : []
      if (inode.directory && !(await this.#visit(inode, `${path}${name}/`, below, entries))) return false
    }
    return true
  }

  #pathOfKey(directory: Inode, key: string): string {
    return key.slice(this.#context.places.prefixOf(directory).length).replace(/\/$/, '')
  }
}

/** Directories below `scope` down to and including `directory`, topmost first; null when it is elsewhere. */
function chain(directory: Inode, scope: Inode): Inode[] | null {
  const above: Inode[] = []
  for (let at: Inode | undefined = directory; at; at = at.place?.parent) {
    if (at === scope) return above.reverse()
    above.push(at)
  }
  return null
}

function pathBelow(inode: Inode, scope: Inode): string | null {
  const names: Name[] = []
  for (let at: Inode = inode; at !== scope; at = at.place.parent) {
    if (!at.place) return null
    names.push(at.place.name)
  }
  return names.reverse().join('/')
}
