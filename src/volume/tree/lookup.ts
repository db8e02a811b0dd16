import { SingleFlight } from '../../base/mutex.ts'
import { VolumeError } from '../../base/errors.ts'
import { nameByteLength } from '../../format/name.ts'
import type { ObjectInfo } from '../../store/store.ts'
import type { Inode } from '../inode.ts'
import { nameBytesMax } from '../types.ts'
import type { Name } from '../types.ts'
import { orMissing } from './attributes.ts'
import { abortable } from './concurrency.ts'
import { hasLocalChanges, stateOf } from './dentries.ts'
import type { Listings } from './listing/listing.ts'
import type { TreeWalks } from './listing/tree-walk.ts'
import type { Sent } from './observations.ts'
import { OrderedLookups } from './ordered-lookups.ts'
import { sentNow } from './tree-context.ts'
import type { TreeContext } from './tree-context.ts'
import { lookupListKeys, missesBeforeListing } from './tree-deps.ts'

// One name in one directory. In this order: what is believed; the page that shows the whole directory, once a few names
// of it have been asked for, or it follows on a directory beside it that was listed for that reason; else HEAD of the key and LIST below it, in parallel: an object is a file, anything below
// `name/` makes it a directory, both make the file invisible. Callers that ask for the same name share the requests.

export interface LookupOptions {
  readonly signal?: AbortSignal | undefined
  /** The name is on the way to another one, so it is most likely a directory: its marker is read in the same round trip. */
  readonly expectDirectory?: boolean | undefined
  /** A directory past its TTL will do. */
  readonly acceptStale?: boolean | undefined
}

export class Lookups {
  readonly #context: TreeContext
  readonly #listings: Listings
  readonly #ordered: OrderedLookups
  readonly #walks: TreeWalks
  readonly #flights = new SingleFlight<string, Inode | null>()
  readonly #pages = new SingleFlight<Inode, boolean>()
  /** The directory that was listed last because names of it were asked for. */
  #listed: Inode | null = null

  constructor(context: TreeContext, listings: Listings, walks: TreeWalks) {
    this.#context = context
    this.#listings = listings
    this.#ordered = new OrderedLookups(context)
    this.#walks = walks
  }

  /** Null when there is none. ENOTDIR, ENAMETOOLONG. The type of a small object found by a listing may still be open. */
  async lookup(directory: Inode, name: Name, options: LookupOptions = {}): Promise<Inode | null> {
    const { dentries, metrics, places, table } = this.#context
    stateOf(directory)
    if (name === '.') return directory
    if (name === '..') return directory.place?.parent ?? directory
    if (name.length > nameBytesMax || (name.length * 3 > nameBytesMax && nameByteLength(name) > nameBytesMax))
      throw new VolumeError('ENAMETOOLONG')
    if (isHidden(places.systemDepth(directory), name)) return null
    const believed = dentries.find(directory, name, options.acceptStale)
    // The system folder and what leads through it are in no listing, so only the name itself can tell.
    const isUnlisted = believed === null && !directory.directory?.dentries.has(name) && places.isSystem(directory, name)
    if (believed !== undefined && !isUnlisted) {
      metrics.count('lookupHits')
      if (believed) table.touch(believed)
      return believed
    }
    metrics.count('lookupMisses')
    // An invalidated name is asked for anew, not answered by a request sent before.
    const generation = directory.directory?.dentries.get(name)?.generation ?? 0
    const key = `${directory.ino}/${generation}/${options.expectDirectory ? '/' : ''}${name}`
    const flight = this.#flights.run(key, () => this.#ask(directory, name, options.expectDirectory ?? false))
    return abortable(flight, options.signal)
  }

  async #ask(directory: Inode, name: Name, expectDirectory: boolean): Promise<Inode | null> {
    const state = stateOf(directory)
    const known = state.dentries.get(name)?.inode
    // Who goes on below a plain file may know of a directory that has hidden it since.
    const isDoubtful = expectDirectory && known?.type === 'file'
    if (known && !isDoubtful) {
      const still = await this.#askAgain(directory, name, known)
      if (still) return still
    } else if (
      (state.missCount >= missesBeforeListing || this.#isBesideListed(directory)) &&
      !state.large &&
      !this.#context.places.isSystem(directory, name)
    ) {
      if (await this.#pages.run(directory, () => this.#page(directory))) {
        const inode = this.#context.dentries.find(directory, name)
        if (inode !== undefined) return inode
      } else state.large = true
    } else if (state.large && !this.#context.places.isSystem(directory, name)) {
      await this.#ordered.ahead(directory, name)
      const inode = this.#context.dentries.find(directory, name)
      if (inode) return inode
    }
    state.missCount++
    return expectDirectory ? this.#askDirectory(directory, name) : this.#askBoth(directory, name)
  }

  /** Who asks for files of one directory after another is better served by a page that shows several of them. */
  async #page(directory: Inode): Promise<boolean> {
    const { places, settings } = this.#context
    const walks = this.#isBesideListed(directory) && settings.listingTtlMs > 0 && places.isPlain(directory)
    const complete = await (walks ? this.#walks.fillByPage(directory) : this.#listings.firstPage(directory))
    if (complete) this.#listed = directory
    return complete
  }

  #isBesideListed(directory: Inode): boolean {
    const parent = directory.place?.parent
    return parent !== undefined && parent === this.#listed?.place?.parent && directory !== this.#listed
  }

  /** One request for a name that was there: it proves that it still is, or nothing. */
  async #askAgain(directory: Inode, name: Name, known: Inode): Promise<Inode | null> {
    if (known.directory) return hasLocalChanges(known) ? known : this.#askBelow(directory, name)
    const sent = sentNow(this.#context)
    const info = await this.#head(this.#context.places.keysOfName(directory, name, false))
    return info ? this.#context.observations.info(directory, name, info, sent) : null
  }

  async #askBoth(directory: Inode, name: Name): Promise<Inode | null> {
    const sent = sentNow(this.#context)
    const [info, inode] = await Promise.all([
      this.#head(this.#context.places.keysOfName(directory, name, false)),
      this.#askBelow(directory, name),
    ])
    if (inode?.directory) {
      if (info) this.#context.metrics.count('unrepresentable')
      return inode
    }
    return this.#conclude(directory, name, info, sent)
  }

  async #askDirectory(directory: Inode, name: Name): Promise<Inode | null> {
    const { observations, places } = this.#context
    const sent = sentNow(this.#context)
    const [marker, inode] = await Promise.all([
      this.#head(places.keysOfName(directory, name, true)),
      this.#askBelow(directory, name),
    ])
    if (inode?.directory) {
      if (marker) observations.marker(inode, marker, sent)
      return inode
    }
    if (marker) return observations.directory(directory, name, marker, sent)
    const info = await this.#head(places.keysOfName(directory, name, false))
    return this.#conclude(directory, name, info, sent)
  }

  #conclude(directory: Inode, name: Name, info: ObjectInfo | null, sent: Sent): Inode | null {
    const { dentries, observations } = this.#context
    if (info) return observations.info(directory, name, info, sent)
    if (!dentries.isProtected(directory, name, sent.generation))
      dentries.observeMissing(directory, name, sent.generation)
    return stateOf(directory).dentries.get(name)?.inode ?? null
  }

  /** LIST below `name/`: the directory if anything is there. A small directory comes complete with it. */
  async #askBelow(directory: Inode, name: Name): Promise<Inode | null> {
    const { observations, places, store } = this.#context
    const prefixes = places.keysOfName(directory, name, true)
    for (const prefix of prefixes) {
      const sent = sentNow(this.#context)
      const reply = await store.list({ prefix, delimiter: '/', maxKeys: lookupListKeys })
      const first = reply.objects[0]
      if (!first && reply.prefixes.length === 0) continue
      const alone = prefixes.length === 1
      const marker = first?.key === prefix ? first : alone ? null : undefined
      const inode = observations.directory(directory, name, marker, sent)
      if (
        inode?.directory &&
        alone &&
        places.isPlain(inode) &&
        !places.isUnlisted(inode) &&
        places.prefixOf(inode) === prefix
      )
        this.#listings.absorb(inode, prefix, reply, sent)
      return inode
    }
    return null
  }

  async #head(keys: readonly string[]): Promise<ObjectInfo | null> {
    for (const key of keys) {
      const info = await orMissing(this.#context.store.head(key))
      if (info) return info
    }
    return null
  }
}

/** Below `.bucketfs/` only `data/conflicts/` may be reached. */
function isHidden(systemDepth: number, name: Name): boolean {
  return (systemDepth === 1 && name !== 'data') || (systemDepth === 2 && name !== 'conflicts')
}
