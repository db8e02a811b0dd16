import { compareUtf8 } from '../../base/bytes.ts'
import { VolumeError } from '../../base/errors.ts'
import { SingleFlight } from '../../base/mutex.ts'
import type { Inode, Place, Version } from '../inode.ts'
import { orMissing, typeIsOpen } from './attributes.ts'
import type { AttributeIndexes } from './index/attribute-index.ts'
import { abortable, forEachBounded } from './concurrency.ts'
import { hasLocalChanges, stateOf } from './dentries.ts'
import type { Sent } from './observations.ts'
import { sentNow } from './tree-context.ts'
import type { TreeContext } from './tree-context.ts'
import type { TreeWalks } from './listing/tree-walk.ts'
import { headsInFlightMax } from './tree-deps.ts'

// Making attributes certain at the least price: what a LIST proved to still hold costs nothing, a row of the directory's
// attribute index 1 GET per directory, everything else one HEAD each, in parallel. And looking again at one inode whose
// attributes are older than their TTL.

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined
  /** Only types are wanted: an object that can be nothing but a file needs no request. */
  readonly typesOnly?: boolean | undefined
}

export class AttributeFetch {
  readonly #context: TreeContext
  readonly #indexes: AttributeIndexes
  readonly #walks: TreeWalks
  readonly #flights = new SingleFlight<Inode, void>()

  constructor(context: TreeContext, indexes: AttributeIndexes, walks: TreeWalks) {
    this.#context = context
    this.#indexes = indexes
    this.#walks = walks
  }

  /** Whether anything has to be asked before attributes (or the type) can be shown. */
  needs(inode: Inode, typesOnly = false): boolean {
    if (inode.dirty || !inode.place || (inode.base === null && inode.directory === null)) return false
    if (typesOnly) return !inode.typeKnown || this.#isReplaced(inode)
    return !inode.attributesKnown || inode.attributesFreshUntilMs <= this.#context.clock.monotonicMs()
  }

  /** Afterwards attributes are known; inodes that are gone, or became another kind, have lost their place. */
  async ensure(inodes: readonly Inode[], options: FetchOptions = {}): Promise<void> {
    const needs = (inode: Inode): boolean => this.needs(inode, options.typesOnly)
    let wanted = inodes.filter(needs)
    if (wanted.length === 0) return
    await this.#learnMarkers(wanted, options.signal)
    wanted = wanted.filter(needs)
    await abortable(this.#fromIndexes(wanted), options.signal)
    wanted = wanted.filter(needs)
    await abortable(
      forEachBounded(wanted, headsInFlightMax, (inode) => this.#fetch(inode)),
      options.signal,
    )
    for (const inode of inodes) if (inode.directory) this.#indexes.recallTimes(inode)
  }

  /**
   * Looks at the bucket again unless the attributes are younger than their TTL (`force`: always). A changed version
   * replaces the old one. ENOENT when the name is gone, ESTALE when another kind of file has taken it. Inodes changed
   * here, or unlinked, stay as they are.
   */
  async revalidate(inode: Inode, force: boolean, signal?: AbortSignal): Promise<void> {
    const now = this.#context.clock.monotonicMs()
    const { place } = inode
    if (!place || inode.dirty || inode.remoteLock.busy) return
    if (stateOf(place.parent).dentries.get(place.name)?.pinned) return
    if (!force && inode.attributesKnown && inode.attributesFreshUntilMs > now) return
    const look = (): Promise<void> => (inode.directory ? this.#lookAtDirectory(inode) : this.#fetch(inode))
    // A forced look must be sent now; a shared one may have been sent a little earlier.
    await abortable(force ? look() : this.#flights.run(inode, look), signal)
    if (inode.place) return
    const instead = stateOf(place.parent).dentries.get(place.name)?.inode
    throw new VolumeError(instead ? 'ESTALE' : 'ENOENT')
  }

  /** The type was certain for a version that is no longer there. */
  #isReplaced(inode: Inode): boolean {
    return !inode.directory && !inode.attributesKnown && inode.base !== null && typeIsOpen(inode.base.size)
  }

  async #learnMarkers(wanted: readonly Inode[], signal: AbortSignal | undefined): Promise<void> {
    const nowMs = this.#context.clock.monotonicMs()
    const isOpen = (inode: Inode): boolean => this.needs(inode) && stateOf(inode).markerSeenMs < nowMs
    const directories = wanted.filter((inode) => inode.directory && isOpen(inode))
    if (directories.length === 0) return
    const keys = new Map(directories.map((inode) => [inode, this.#context.places.keyOf(inode)]))
    directories.sort((a, b) => compareUtf8(keys.get(a) ?? '', keys.get(b) ?? ''))
    await abortable(this.#walks.learnMarkers(directories, isOpen), signal)
  }

  /** Rows are worth a GET from the second unknown entry of a directory on. */
  async #fromIndexes(wanted: readonly Inode[]): Promise<void> {
    const always = this.#context.settings.foreignMetadata === 'ignore'
    const groups = new Map<Inode, Inode[]>()
    for (const inode of wanted) {
      if (!inode.place) continue
      const group = groups.get(inode.place.parent)
      if (group) group.push(inode)
      else groups.set(inode.place.parent, [inode])
    }
    const worthwhile = [...groups].filter(
      ([directory, group]) => always || this.#indexes.isWorthwhile(directory, group.length),
    )
    await forEachBounded(worthwhile, headsInFlightMax, async ([directory, group]) => {
      await this.#indexes.apply(directory, group)
    })
  }

  async #fetch(inode: Inode): Promise<void> {
    const { store, places, observations, dentries } = this.#context
    const { place } = inode
    if (!place || isDisplaced(inode)) return
    const sent = sentNow(this.#context)
    const pinned = stateOf(place.parent).dentries.get(place.name)?.pinned === true
    // A name that is only here yet: the object is where it was.
    const own = pinned || isSlashless(inode) ? inode.base : null
    const keys = own ? [own.key] : places.keysOfName(place.parent, place.name, inode.directory !== null)
    for (const key of keys) {
      const info = await orMissing(store.head(key))
      if (!info) continue
      if (inode.place !== place || changedSince(place, sent) || isDisplaced(inode)) return
      // Of a renamed directory whose marker has moved before anybody here knew of it.
      const isOwn = pinned && !inode.remoteLock.busy
      if (inode.directory && key.endsWith('/')) observations.marker(inode, info, sent, isOwn)
      else if (observations.infoOf(inode, info, sent) === null) {
        const instead = observations.info(place.parent, place.name, info, sent)
        if (instead !== inode && inode.place === place) inode.place = null
      }
      this.#indexes.note(inode)
      return
    }
    if (inode.place !== place) return
    if (inode.directory && !isSlashless(inode)) observations.marker(inode, null, sent)
    else if (!dentries.isProtected(place.parent, place.name, sent.generation))
      dentries.observeMissing(place.parent, place.name, sent.generation)
  }

  /** A directory is there while its marker or anything below it is. */
  async #lookAtDirectory(inode: Inode): Promise<void> {
    const { store, places, observations, dentries } = this.#context
    const { place } = inode
    if (!place) return
    if (isSlashless(inode)) return this.#fetch(inode)
    const sent = sentNow(this.#context)
    const keys = places.keysOfName(place.parent, place.name, true)
    if (stateOf(inode).hasMarker) {
      const info = await orMissing(store.head(keys[0] as string))
      if (info) return observations.marker(inode, info, sent)
    }
    for (const prefix of keys) {
      const reply = await store.list({ prefix, maxKeys: 1 })
      const first = reply.objects[0]
      if (!first) continue
      if (first.key !== prefix) return observations.marker(inode, null, sent)
      observations.marker(inode, first, sent)
      if (this.needs(inode)) await this.#fetch(inode)
      return
    }
    if (inode.place !== place || hasLocalChanges(inode)) return
    if (!dentries.isProtected(place.parent, place.name, sent.generation))
      dentries.observeMissing(place.parent, place.name, sent.generation)
  }
}

/**
 * Whether a directory has the name of a file by now, or the reverse. Dropped from the table before that, the inode had
 * kept its place: no longer. Another inode of the same kind is no matter: whoever holds this one wants it filled.
 */
function isDisplaced(inode: Inode): boolean {
  const { place } = inode
  const now = place && stateOf(place.parent).dentries.get(place.name)?.inode
  if (!now || (now.directory === null) === (inode.directory === null)) return false
  inode.place = null
  return true
}

/** A directory by an object whose key has no slash. */
function isSlashless(inode: Inode): inode is Inode & { base: Version } {
  return inode.directory !== null && inode.base !== null && !inode.base.key.endsWith('/')
}

/** Whether a version was written or moved by us since the request went out: the reply may be older than what we know. */
function changedSince({ parent, name }: Place, sent: Sent): boolean {
  return (stateOf(parent).dentries.get(name)?.generation ?? 0) > sent.generation
}
