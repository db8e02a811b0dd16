import { compareUtf8 } from '../../base/bytes.ts'
import { SingleFlight } from '../../base/mutex.ts'
import type { Inode } from '../inode.ts'
import type { Name } from '../types.ts'
import { stateOf } from './dentries.ts'
import { absorbObject, absorbPrefix, sentNow } from './tree-context.ts'
import type { TreeContext } from './tree-context.ts'

// Names asked for one after another in listing order, in a directory that is too large to be listed for one of them: a
// page that begins behind the previous name shows the next thousand. A page says nothing of names it does not show.

/** Names in ascending order before a page is asked for: chance hardly makes so many. */
const orderedBeforeListing = 8

export class OrderedLookups {
  readonly #context: TreeContext
  readonly #flights = new SingleFlight<Inode, void>()

  constructor(context: TreeContext) {
    this.#context = context
  }

  /** To be called for every name that is not known: fills it and those that follow when it is one of many in order. */
  async ahead(directory: Inode, name: Name): Promise<void> {
    const state = stateOf(directory)
    const { orderedAfter } = state
    const isNext = orderedAfter !== undefined && compareUtf8(orderedAfter, name) < 0
    if (isNext && state.orderedCount >= orderedBeforeListing && this.#context.places.isPlain(directory)) {
      await this.#flights.run(directory, () => this.#page(directory, orderedAfter))
      if (state.dentries.get(name)?.inode) return
      // The next name is further away than a page.
      state.orderedCount = 0
      state.orderedAfter = name
      return
    }
    state.orderedCount = isNext ? state.orderedCount + 1 : 0
    state.orderedAfter = name
  }

  async #page(directory: Inode, after: Name): Promise<void> {
    const { places, store, metrics } = this.#context
    const prefix = places.prefixOf(directory)
    const sent = sentNow(this.#context)
    metrics.count('listings')
    const reply = await store.list({ prefix, delimiter: '/', startAfter: places.keyOfName(directory, after, false) })
    const last = [reply.objects.at(-1)?.key ?? '', reply.prefixes.at(-1) ?? ''].sort(compareUtf8).at(-1) ?? ''
    const seen = new Map<Name, Inode>()
    for (const whole of reply.prefixes)
      absorbPrefix(this.#context, directory, whole.slice(prefix.length, -1), seen, sent)
    for (const listed of reply.objects) {
      // Whether a directory hides the object is on the next page.
      if (reply.token !== undefined && compareUtf8(`${listed.key}/`, last) > 0) continue
      if (listed.key !== prefix)
        absorbObject(this.#context, directory, listed.key.slice(prefix.length), listed, seen, sent)
    }
    const state = stateOf(directory)
    for (const name of seen.keys()) if (compareUtf8(state.orderedAfter ?? '', name) < 0) state.orderedAfter = name
  }
}
