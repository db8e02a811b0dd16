import { compareUtf8 } from '../../../base/bytes.ts'
import { systemName } from '../../../format/key.ts'
import type { ListedObject, ListReply } from '../../../store/store.ts'
import type { Inode } from '../../inode.ts'
import type { Name } from '../../types.ts'
import type { Sent } from '../observations.ts'
import { absorbObject, absorbPrefix, mayBeShadowed, sentNow } from '../tree-context.ts'
import type { TreeContext } from '../tree-context.ts'

// One pass over the flat key space below a directory: pages of 1,000 keys without a delimiter, filling many directories
// each. A directory is complete once the pass has seen its first possible key and a key after its last one.

/** Sorts after every key below the prefix that any real tree has. */
const afterAll = '\u{10fffd}'

/** A key before `prefix` (which ends in '/') with nothing worth mentioning between them. */
export function keyBefore(prefix: string): string {
  return `${prefix.slice(0, -1)}.${afterAll}`
}

interface OpenDirectory {
  /** Null: nobody may see it, nor what is below. */
  readonly inode: Inode | null
  readonly prefix: string
  readonly seen: Map<Name, Inode>
  readonly fromStart: boolean
  readonly sent: Sent
}

interface Shadowed {
  readonly open: OpenDirectory
  readonly segment: string
  readonly listed: ListedObject
  readonly sent: Sent
}

/** A directory or object that a page showed, under its key (directories end in '/'). */
export interface FlatEntry {
  readonly key: string
  readonly inode: Inode
}

/** A page asked for before it is wanted. */
interface Ahead {
  readonly startAfter: string | undefined
  readonly sent: Sent
  readonly reply: Promise<ListReply>
}

/** Pages asked for longer ago are asked for again. */
const aheadMsMax = 1000

export class FlatPass {
  readonly scope: Inode
  readonly prefix: string
  readonly #context: TreeContext
  readonly #open: OpenDirectory[] = []
  /** Objects under the names of known directories, until a key after their prefix has been seen. */
  #shadowed: Shadowed[] = []
  #startAfter: string | undefined
  #sent: Sent | null = null
  readonly #begin: string | undefined
  #done = false
  #ahead: Ahead | null = null

  /** `scope` must be plain (Places.isPlain). `startAfter`: an absolute key; everything up to it is skipped. */
  constructor(context: TreeContext, scope: Inode, startAfter: string | undefined) {
    this.#context = context
    this.scope = scope
    this.prefix = context.places.prefixOf(scope)
    this.#startAfter = startAfter
    this.#begin = startAfter
  }

  get done(): boolean {
    return this.#done
  }

  /** Everything up to this key has been seen; undefined at the very beginning. */
  get position(): string | undefined {
    return this.#startAfter
  }

  /** When the last page was asked for. */
  get sent(): Sent | null {
    return this.#sent
  }

  /** Whether the pass is inside `directory` and has been since its first key. */
  covers(directory: Inode): boolean {
    return this.#open.some((open) => open.inode === directory && open.fromStart)
  }

  /** The next page, directories before what is in them. */
  async next(): Promise<readonly FlatEntry[]> {
    const asked = this.#takeAhead() ?? this.#ask()
    const { sent } = asked
    this.#sent = sent
    const reply = await asked.reply
    if (this.#open.length === 0) this.#push(this.scope, this.prefix, sent)
    const entries: FlatEntry[] = []
    for (const listed of reply.objects) this.#take(listed, entries, sent)
    const last = reply.objects.at(-1)?.key
    if (reply.token === undefined || last === undefined) {
      this.#unshadow(undefined, entries)
      while (this.#open.length > 0) this.#seal()
      this.#done = true
    } else {
      await this.#askShadowed(entries)
      const system = `${systemName}/`
      this.#startAfter = this.prefix === '' && last.startsWith(system) ? `${system}${afterAll}` : last
    }
    return entries
  }

  /** Asks for the page after this one, for a caller who is sure to want it and has something else to wait for meanwhile. */
  lookAhead(): void {
    if (this.#done || this.#ahead) return
    this.#ahead = this.#ask()
    // Whoever takes the page gets the failure.
    this.#ahead.reply.catch(() => undefined)
  }

  #ask(): Ahead {
    const { metrics, store } = this.#context
    const startAfter = this.#startAfter
    const sent = sentNow(this.#context)
    metrics.count('listings')
    return { startAfter, sent, reply: store.list({ prefix: this.prefix, startAfter }) }
  }

  #takeAhead(): Ahead | null {
    const ahead = this.#ahead
    this.#ahead = null
    const isYoung = ahead && this.#context.clock.monotonicMs() - ahead.sent.sentMs <= aheadMsMax
    return isYoung && ahead.startAfter === this.#startAfter ? ahead : null
  }

  /** At the end of a page, so that whoever goes on from here has missed nothing. */
  async #askShadowed(entries: FlatEntry[]): Promise<void> {
    for (const { listed } of this.#shadowed) {
      const reply = await this.#context.store.list({ prefix: `${listed.key}/`, maxKeys: 1 })
      if (reply.objects.length > 0) this.#unshadow(`${listed.key}/`, entries)
    }
    this.#unshadow(undefined, entries)
  }

  /** Decides objects that waited, now that `key` is the next one; undefined: none follows. */
  #unshadow(key: string | undefined, entries: FlatEntry[]): void {
    this.#shadowed = this.#shadowed.filter((shadowed) => {
      const { open, segment, listed, sent } = shadowed
      const prefix = `${listed.key}/`
      if (key?.startsWith(prefix)) {
        this.#context.metrics.count('unrepresentable')
        return false
      }
      if (key !== undefined && compareUtf8(key, prefix) < 0) return true
      const file = open.inode && absorbObject(this.#context, open.inode, segment, listed, open.seen, sent)
      if (file) entries.push({ key: listed.key, inode: file })
      return false
    })
  }

  #take(listed: ListedObject, entries: FlatEntry[], sent: Sent): void {
    if (this.#shadowed.length > 0) this.#unshadow(listed.key, entries)
    while (this.#open.length > 1 && !listed.key.startsWith(this.#top().prefix)) this.#seal()
    let rest = listed.key.slice(this.#top().prefix.length)
    for (let slash = rest.indexOf('/'); slash >= 0; slash = rest.indexOf('/')) {
      const parent = this.#top()
      const segment = rest.slice(0, slash)
      const inode = parent.inode ? absorbPrefix(this.#context, parent.inode, segment, parent.seen, sent) : null
      const directory = inode?.directory ? inode : null
      const opened = this.#push(directory, `${parent.prefix}${segment}/`, sent)
      if (directory) entries.push({ key: opened.prefix, inode: directory })
      rest = rest.slice(slash + 1)
      // A marker sorts before everything below its prefix.
      if (directory && opened.fromStart && rest !== '') this.#context.observations.marker(directory, null, sent)
    }
    const { inode, seen } = this.#top()
    if (!inode) return
    if (rest === '') {
      if (inode !== this.#context.places.root) this.#context.observations.marker(inode, listed, sent)
      return
    }
    if (mayBeShadowed(this.#context, inode, rest)) {
      this.#shadowed.push({ open: this.#top(), segment: rest, listed, sent })
      return
    }
    const file = absorbObject(this.#context, inode, rest, listed, seen, sent)
    if (file) entries.push({ key: listed.key, inode: file })
  }

  #top(): OpenDirectory {
    return this.#open.at(-1) as OpenDirectory
  }

  #push(inode: Inode | null, prefix: string, sent: Sent): OpenDirectory {
    const fromStart = this.#begin === undefined || (prefix !== '' && compareUtf8(this.#begin, prefix) < 0)
    const open: OpenDirectory = { inode, prefix, seen: new Map(), fromStart, sent }
    this.#open.push(open)
    return open
  }

  #seal(): void {
    const { inode, seen, fromStart, sent } = this.#open.pop() as OpenDirectory
    const { clock, dentries, places, settings } = this.#context
    if (!inode || !fromStart || clock.monotonicMs() - sent.sentMs > settings.listingTtlMs) return
    if (places.isPlain(inode)) dentries.complete(inode, new Set(seen.keys()), sent.generation)
  }
}
