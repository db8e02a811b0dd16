import { VolumeError } from '../../base/errors.ts'
import type { Clock } from '../../base/clock.ts'
import type { Dentry, DirectoryState, Inode } from '../inode.ts'
import type { VolumeSettings } from '../settings.ts'
import type { Name } from '../types.ts'
import type { InodeTable } from './inode-table.ts'
import { negativeDentriesMax, negativeKeptMs, settledKeptMax } from './tree-deps.ts'

// The dentry cache: what each directory believes of its names, and how the two sides change it. Local changes pin a
// dentry until write-back has carried them out (`settle`); what the bucket shows is taken only where nothing local
// happened since the request was sent (`isProtected`), so that an old reply never undoes a new operation.

/** Told of every name that somebody else made or removed, as far as it was known to be missing or there before. */
export type ForeignNameListener = (kind: 'created' | 'removed', directory: Inode, name: Name, inode: Inode) => void

export class Dentries {
  onForeignName: ForeignNameListener = () => {}
  readonly #clock: Clock
  readonly #settings: VolumeSettings
  readonly #table: InodeTable
  /** Names that differ from the bucket, by the directory they are in. */
  readonly #pinned = new Map<Dentry, Inode>()
  /** Names that were pinned a moment ago, longest settled first. */
  readonly #settled = new Map<Dentry, Inode>()
  #generation = 0

  constructor(clock: Clock, settings: VolumeSettings, table: InodeTable) {
    this.#clock = clock
    this.#settings = settings
    this.#table = table
    table.onEvict = (inode) => this.#evict(inode)
  }

  /** Counts changes of all directories and requests: what has a higher one happened, or was asked, later. */
  nextGeneration(): number {
    return ++this.#generation
  }

  /** Dentries that a request sent at `generation` cannot have seen as they are, and the directory each is in. */
  *changedSince(generation: number): Iterable<readonly [Dentry, Inode]> {
    yield* this.#pinned
    for (const entry of this.#settled) if (!entry[0].pinned && entry[0].generation > generation) yield entry
  }

  /** The inode, null when known to be missing, undefined when the bucket must be asked. */
  find(directory: Inode, name: Name, acceptStale = false): Inode | null | undefined {
    const state = stateOf(directory)
    const dentry = state.dentries.get(name)
    const now = this.#clock.monotonicMs()
    if (!dentry) return state.completeUntilMs > now ? null : undefined
    if (dentry.pinned || dentry.freshUntilMs > now) return dentry.inode
    if (dentry.inode && (dentry.inode.dirty || (acceptStale && dentry.inode.directory))) return dentry.inode
    return undefined
  }

  /** Whether the name of `inode` is older than its TTL. */
  isStale(inode: Inode): boolean {
    if (!inode.place) return false
    const dentry = stateOf(inode.place.parent).dentries.get(inode.place.name)
    return !dentry || (!dentry.pinned && dentry.freshUntilMs <= this.#clock.monotonicMs())
  }

  /** Monotonic ms at which the bucket last showed the name; undefined when it never did, or differs from us. */
  provenMs(directory: Inode, name: Name): number | undefined {
    const dentry = stateOf(directory).dentries.get(name)
    if (!dentry?.inode || !Number.isFinite(dentry.freshUntilMs)) return undefined
    return dentry.freshUntilMs - this.#settings.listingTtlMs
  }

  /** Whether `name` was changed here since `generation`. */
  isChanged(directory: Inode, name: Name, generation: number): boolean {
    const dentry = stateOf(directory).dentries.get(name)
    return dentry !== undefined && (dentry.pinned || dentry.generation > generation)
  }

  /** Whether we know more of `name` than a request sent at `generation` can: changed here, or asked again, since. */
  isProtected(directory: Inode, name: Name, generation: number): boolean {
    const state = stateOf(directory)
    const dentry = state.dentries.get(name)
    if (!dentry) return state.absentGeneration > generation
    return dentry.pinned || dentry.generation > generation || dentry.seenGeneration > generation
  }

  /** The bucket showed `name` to a request sent at `generation`. Not for protected names. */
  observe(directory: Inode, name: Name, inode: Inode, generation: number): Dentry {
    const state = stateOf(directory)
    const before = state.dentries.get(name)
    const dentry = this.#put(directory, name, inode, this.#clock.monotonicMs() + this.#settings.listingTtlMs, false)
    dentry.seenGeneration = generation
    if (before?.inode === inode) return dentry
    if (before?.inode) this.onForeignName('removed', directory, name, before.inode)
    if (before || state.namesKnown) this.onForeignName('created', directory, name, inode)
    return dentry
  }

  /** The object of `name` was looked at by a request sent at `generation`. */
  looked(directory: Inode, name: Name, generation: number): void {
    const dentry = stateOf(directory).dentries.get(name)
    if (dentry) dentry.seenGeneration = Math.max(dentry.seenGeneration, generation)
  }

  /** The bucket showed that `name` is missing. Dirty inodes keep their name: their write-back finds the conflict. */
  observeMissing(directory: Inode, name: Name, generation: number): void {
    const state = stateOf(directory)
    const dentry = state.dentries.get(name)
    if (dentry?.pinned || (dentry?.inode && hasLocalChanges(dentry.inode))) return
    const freshUntilMs = this.#clock.monotonicMs() + Math.max(this.#settings.negativeTtlMs, 0)
    const missing = this.#put(directory, name, null, Math.max(freshUntilMs, state.completeUntilMs), false)
    missing.seenGeneration = generation
    if (dentry?.inode) this.onForeignName('removed', directory, name, dentry.inode)
    if (state.dentries.size >= negativeDentriesMax && state.dentries.size % negativeDentriesMax === 0)
      dropNegatives(state, this.#clock.monotonicMs())
  }

  attach(directory: Inode, name: Name, inode: Inode): void {
    const dentry = this.#put(directory, name, inode, Infinity, true)
    dentry.generation = stateOf(directory).generation
    if (!this.#table.has(inode)) this.#table.add(inode)
  }

  detach(directory: Inode, name: Name): Inode | null {
    const inode = stateOf(directory).dentries.get(name)?.inode ?? null
    const dentry = this.#put(directory, name, null, Infinity, true)
    dentry.generation = stateOf(directory).generation
    return inode
  }

  settle(directory: Inode, name: Name): void {
    const state = stateOf(directory)
    const dentry = state.dentries.get(name)
    if (!dentry) return
    dentry.generation = this.#bump(state)
    dentry.pinned = false
    this.#pinned.delete(dentry)
    this.#remember(dentry, directory)
    const ttlMs = dentry.inode ? this.#settings.listingTtlMs : this.#settings.negativeTtlMs
    dentry.freshUntilMs = this.#clock.monotonicMs() + ttlMs
  }

  /** A version of `name` was written by us: replies to requests sent before now are older than it. */
  protect(directory: Inode, name: Name): void {
    const state = stateOf(directory)
    const dentry = state.dentries.get(name)
    if (dentry) dentry.generation = this.#bump(state)
  }

  invalidate(directory: Inode, name: Name): void {
    const state = stateOf(directory)
    const dentry = state.dentries.get(name)
    this.#bump(state)
    state.invalidatedGeneration = state.generation
    state.completeUntilMs = 0
    if (!dentry) return
    dentry.pinned = false
    this.#pinned.delete(dentry)
    dentry.freshUntilMs = -Infinity
    dentry.generation = state.generation
    if (dentry.inode) dentry.inode.attributesFreshUntilMs = 0
    else state.dentries.delete(name)
  }

  /** No listing so far, also none under way, has shown all of the directory. */
  forgetListing(directory: Inode): void {
    const state = stateOf(directory)
    state.completeUntilMs = 0
    state.absentGeneration = 0
    state.namesKnown = false
    state.invalidatedGeneration = this.#bump(state)
  }

  /** Names of a full listing that began at `generation` are in: what it did not show is gone, the rest is complete. */
  complete(directory: Inode, seen: ReadonlySet<Name>, generation: number): void {
    const state = stateOf(directory)
    if (state.absentGeneration > generation) return
    for (const [name, dentry] of state.dentries) {
      if (seen.has(name) || dentry.pinned) continue
      if (dentry.generation > generation || dentry.seenGeneration > generation) continue
      if (dentry.inode && hasLocalChanges(dentry.inode)) continue
      if (dentry.inode) this.#unplace(directory, name, dentry.inode)
      state.dentries.delete(name)
      this.#bump(state)
      if (dentry.inode) this.onForeignName('removed', directory, name, dentry.inode)
    }
    state.missCount = 0
    if (state.invalidatedGeneration > generation) return
    state.absentGeneration = generation
    state.namesKnown = true
    state.completeUntilMs = this.#clock.monotonicMs() + this.#settings.listingTtlMs
  }

  #put(directory: Inode, name: Name, inode: Inode | null, freshUntilMs: number, pinned: boolean): Dentry {
    const state = stateOf(directory)
    const before = state.dentries.get(name)
    if (before && before.inode === inode) {
      if (pinned) this.#bump(state)
      before.freshUntilMs = freshUntilMs
      this.#pin(directory, before, pinned)
      return before
    }
    if (before?.inode) this.#unplace(directory, name, before.inode)
    if (inode && (inode.place?.parent !== directory || inode.place.name !== name))
      inode.place = { parent: directory, name }
    if (before) this.#pinned.delete(before)
    const dentry: Dentry = { name, inode, freshUntilMs, pinned, generation: 0, seenGeneration: 0 }
    state.dentries.set(name, dentry)
    this.#pin(directory, dentry, pinned)
    this.#bump(state)
    return dentry
  }

  #pin(directory: Inode, dentry: Dentry, pinned: boolean): void {
    dentry.pinned = pinned
    if (pinned) this.#pinned.set(dentry, directory)
    else this.#pinned.delete(dentry)
  }

  #bump(state: DirectoryState): number {
    this.#generation++
    state.generation = this.#generation
    return state.generation
  }

  /** The table has dropped an idle inode: its name is unknown now, not missing. */
  #evict(inode: Inode): void {
    if (!inode.place) return
    const state = stateOf(inode.place.parent)
    if (state.dentries.get(inode.place.name)?.inode !== inode) return
    state.dentries.delete(inode.place.name)
    this.forgetListing(inode.place.parent)
  }

  #remember(dentry: Dentry, directory: Inode): void {
    this.#settled.delete(dentry)
    this.#settled.set(dentry, directory)
    for (const oldest of this.#settled.keys()) {
      if (this.#settled.size <= settledKeptMax) return
      this.#settled.delete(oldest)
    }
  }

  #unplace(directory: Inode, name: Name, inode: Inode): void {
    if (inode.place?.parent === directory && inode.place.name === name) inode.place = null
    if (inode.openCount === 0 && inode.lookupCount === 0 && !inode.place && !inode.dirty) this.#table.remove(inode)
  }
}

/** The directory's state; ENOTDIR when it is none. */
export function stateOf(directory: Inode): DirectoryState {
  if (!directory.directory) throw new VolumeError('ENOTDIR')
  return directory.directory
}

/** Whether the inode, or anything below it, differs from the bucket. */
export function hasLocalChanges(inode: Inode): boolean {
  if (inode.dirty) return true
  if (!inode.directory) return false
  for (const dentry of inode.directory.dentries.values()) {
    if (dentry.pinned || (dentry.inode && hasLocalChanges(dentry.inode))) return true
  }
  return false
}

/** Forgets missing names when there are many of them: not those that a reply still on its way may contradict. */
function dropNegatives(state: DirectoryState, nowMs: number): void {
  let negatives = 0
  for (const dentry of state.dentries.values()) if (!dentry.inode && !dentry.pinned) negatives++
  if (negatives <= negativeDentriesMax / 2) return
  for (const [name, dentry] of state.dentries) {
    const isRecent = dentry.generation > 0 && dentry.freshUntilMs + negativeKeptMs > nowMs
    if (!dentry.inode && !dentry.pinned && !isRecent) state.dentries.delete(name)
  }
}
