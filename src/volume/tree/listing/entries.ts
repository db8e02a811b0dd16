import type { Dentry, Inode } from '../../inode.ts'
import type { AttributeFetch } from '../attribute-fetch.ts'
import { abortable } from '../concurrency.ts'
import { stateOf } from '../dentries.ts'
import type { Listings } from './listing.ts'
import { sortedEntries } from './siblings.ts'
import type { TreeContext } from '../tree-context.ts'
import type { TreeWalks } from './tree-walk.ts'

// What a directory shows: from what is believed while its listing is young, from a flat pass when somebody walks the
// tree, else from a listing of its own; then made certain as far as the caller wants.
//
// The folder: `listing` asks for one directory, `flat-pass` for many by pages without a delimiter, `tree-walk` notices who
// is about to list directory after directory and gives them such a pass, `walk` makes pages of a subtree of it for who
// says so, `siblings` is the order of what is believed, without requests. Replies go through ../observations.ts, so none of
// these undoes a change made here. Read ../tree.ts first.

export interface TreeListOptions {
  readonly signal?: AbortSignal | undefined
  /** Types are certain. */
  readonly types?: boolean | undefined
  /** All attributes are certain and younger than their TTL. */
  readonly attributes?: boolean | undefined
}

export interface EntriesDeps {
  readonly listings: Listings
  readonly walks: TreeWalks
  readonly fetch: AttributeFetch
}

export class Entries {
  readonly #context: TreeContext
  readonly #deps: EntriesDeps

  constructor(context: TreeContext, deps: EntriesDeps) {
    this.#context = context
    this.#deps = deps
  }

  /** In UTF-8 order, names changed here included. The array is shared: not to be changed. */
  async list(directory: Inode, options: TreeListOptions = {}): Promise<readonly Dentry[]> {
    const state = stateOf(directory)
    let entries = await abortable(this.#entries(directory, options.attributes ?? false), options.signal)
    if (!options.types && !options.attributes) return entries
    const { generation } = state
    const inodes = entries.flatMap(({ inode }) => inode ?? [])
    await this.#deps.fetch.ensure(inodes, { signal: options.signal, typesOnly: !options.attributes })
    // Fetching may have shown that a name is gone or another kind of file.
    if (state.generation !== generation)
      entries = entries.flatMap((entry) => (entry.inode?.place ? entry : (liveEntry(directory, entry) ?? [])))
    return entries
  }

  async #entries(directory: Inode, attributes: boolean): Promise<readonly Dentry[]> {
    const { walks, listings } = this.#deps
    if (this.#context.places.isUnlisted(directory)) return []
    if (this.#isListed(directory)) {
      const entries = sortedEntries(stateOf(directory))
      // One LIST proves a thousand attributes, a HEAD only one: past their TTL, list again.
      const expired = attributes ? entries.filter(({ inode }) => inode && this.#isExpired(directory, inode)) : []
      return expired.length < 2 ? entries : listings.list(directory)
    }
    const isFilled = walks.looksLikeWalk(directory) && (await walks.fill(directory))
    return isFilled && this.#isListed(directory) ? sortedEntries(stateOf(directory)) : listings.list(directory)
  }

  #isListed(directory: Inode): boolean {
    return stateOf(directory).completeUntilMs > this.#context.clock.monotonicMs()
  }

  /** Too old to be shown, or unknown and so old that no row could prove it. Directories are not in their parent's LIST. */
  #isExpired(directory: Inode, inode: Inode): boolean {
    if (inode.directory || !this.#deps.fetch.needs(inode)) return false
    if (inode.attributesKnown) return true
    const { clock, dentries, settings } = this.#context
    const provenMs = inode.place ? dentries.provenMs(directory, inode.place.name) : undefined
    return provenMs !== undefined && provenMs + settings.attributesTtlMs <= clock.monotonicMs()
  }
}

function liveEntry(directory: Inode, entry: Dentry): Dentry | null {
  const dentry = stateOf(directory).dentries.get(entry.name)
  return dentry?.inode ? dentry : null
}
