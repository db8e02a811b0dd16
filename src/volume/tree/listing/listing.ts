import { SingleFlight } from '../../../base/mutex.ts'
import { compareUtf8 } from '../../../base/bytes.ts'
import type { ListedObject, ListReply } from '../../../store/store.ts'
import type { Dentry, Inode } from '../../inode.ts'
import type { Name } from '../../types.ts'
import { stateOf } from '../dentries.ts'
import type { Sent } from '../observations.ts'
import { absorbObject, absorbPrefix, mayBeShadowed, sentNow } from '../tree-context.ts'
import type { TreeContext } from '../tree-context.ts'

// Listing one directory with the delimiter: pages one after another until all names are known. What a listing shows is
// merged with names changed here since it was sent. A directory may lie in more than one piece of the key space (long
// names, a rename being carried out); then all pieces are listed, the present one first.

/** An object under the name of a known directory. */
interface Shadowed {
  readonly segment: string
  readonly listed: ListedObject
  readonly sent: Sent
}

export class Listings {
  readonly #context: TreeContext
  readonly #flights = new SingleFlight<Inode, readonly Dentry[]>()

  constructor(context: TreeContext) {
    this.#context = context
  }

  /** Asks the bucket for all entries; positive dentries in UTF-8 order. Concurrent callers share one listing. */
  list(directory: Inode): Promise<readonly Dentry[]> {
    return this.#flights.run(directory, () => this.#list(directory))
  }

  /** Fills what one page shows. True when that was everything. */
  async firstPage(directory: Inode): Promise<boolean> {
    const prefixes = this.#context.places.prefixesOf(directory)
    if (prefixes.length !== 1) {
      await this.list(directory)
      return true
    }
    const prefix = prefixes[0] as string
    const sent = sentNow(this.#context)
    this.#context.metrics.count('listings')
    const reply = await this.#context.store.list({ prefix, delimiter: '/' })
    return this.absorb(directory, prefix, reply, sent)
  }

  /** Takes over a reply to the first LIST of `prefix`, which is all of the directory's key space. True when complete. */
  absorb(directory: Inode, prefix: string, reply: ListReply, sent: Sent): boolean {
    const seen = new Map<Name, Inode>()
    const shadowed: Shadowed[] = []
    const marked = this.#page(directory, prefix, reply, seen, sent, shadowed)
    if (reply.token !== undefined) return false
    this.#absorbShadowed(directory, shadowed, seen)
    this.#finish(directory, seen, marked, sent)
    return true
  }

  async #list(directory: Inode): Promise<readonly Dentry[]> {
    const { store, places, metrics } = this.#context
    const seen = new Map<Name, Inode>()
    const first = sentNow(this.#context)
    const prefixes = places.prefixesOf(directory)
    const prefixOwn = places.prefixOf(directory)
    const shadowed: Shadowed[] = []
    let marked = false
    // Objects move towards the present piece: it is listed last, so that none is missed on its way, and what it shows
    // counts before what an older piece showed.
    for (const prefix of [...prefixes].reverse()) {
      const piece = new Map<Name, Inode>()
      let token: string | undefined
      do {
        const sent = sentNow(this.#context)
        metrics.count('listings')
        const reply = await store.list({ prefix, delimiter: '/', token })
        // The move has ended meanwhile: the present piece shows it all.
        if (prefix !== prefixOwn && !places.prefixesOf(directory).includes(prefix)) break
        if (this.#page(directory, prefix, reply, piece, sent, shadowed) && prefix === prefixOwn) marked = true
        token = reply.token
      } while (token !== undefined)
      for (const [name, inode] of piece) seen.set(name, inode)
    }
    this.#absorbShadowed(directory, shadowed, seen)
    this.#finish(directory, seen, marked || prefixes.length > 1, first)
    return this.#merged(directory, seen)
  }

  /** True when the page showed the directory's own marker. Objects that may be shadowed are put off until all is listed. */
  #page(
    directory: Inode,
    prefix: string,
    reply: ListReply,
    seen: Map<Name, Inode>,
    sent: Sent,
    shadowed: Shadowed[],
  ): boolean {
    let marked = false
    for (const whole of reply.prefixes)
      absorbPrefix(this.#context, directory, whole.slice(prefix.length, -1), seen, sent)
    for (const listed of reply.objects) {
      const segment = listed.key.slice(prefix.length)
      if (segment === '') {
        if (directory !== this.#context.places.root) this.#context.observations.marker(directory, listed, sent)
        marked = true
      } else if (mayBeShadowed(this.#context, directory, segment)) shadowed.push({ segment, listed, sent })
      else absorbObject(this.#context, directory, segment, listed, seen, sent)
    }
    return marked
  }

  #absorbShadowed(directory: Inode, shadowed: readonly Shadowed[], seen: Map<Name, Inode>): void {
    for (const { segment, listed, sent } of shadowed)
      absorbObject(this.#context, directory, segment, listed, seen, sent)
  }

  #finish(directory: Inode, seen: ReadonlyMap<Name, Inode>, marked: boolean, sent: Sent): void {
    this.#context.dentries.complete(directory, new Set(seen.keys()), sent.generation)
    if (!marked && directory !== this.#context.places.root) this.#context.observations.marker(directory, null, sent)
  }

  /** What was seen, as it is believed now, with the names that are only local. */
  #merged(directory: Inode, seen: ReadonlyMap<Name, Inode>): readonly Dentry[] {
    const { dentries } = stateOf(directory)
    const entries: Dentry[] = []
    for (const [name, inode] of seen) {
      const dentry = dentries.get(name)
      // Dropped from the table since its page arrived: the directory is larger than the table.
      if (!dentry) entries.push({ name, inode, freshUntilMs: 0, pinned: false, generation: 0, seenGeneration: 0 })
      else if (dentry.inode) entries.push(dentry)
    }
    for (const [name, dentry] of dentries) if (dentry.inode && !seen.has(name)) entries.push(dentry)
    return entries.sort(byName)
  }
}

function byName(a: Dentry, b: Dentry): number {
  return compareUtf8(a.name, b.name)
}
