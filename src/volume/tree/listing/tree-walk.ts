import { Mutex } from '../../../base/mutex.ts'
import type { Inode } from '../../inode.ts'
import { stateOf } from '../dentries.ts'
import { FlatPass, keyBefore } from './flat-pass.ts'
import type { TreeContext } from '../tree-context.ts'

// Recognises that somebody walks a tree (directories beside each other are listed one after another) and then serves
// listings from one flat pass that runs ahead of the walker, instead of one LIST per directory.

/** Directories listed beside each other before the delimiter is dropped. */
const siblingsBeforeFlat = 2

/** A page of a flat pass is worth more than a HEAD each for this many markers. */
const markersPerPageMin = 3

export class TreeWalks {
  readonly #context: TreeContext
  readonly #mutex = new Mutex()
  #pass: FlatPass | null = null
  #previous: Inode | null = null
  #siblings = 0

  constructor(context: TreeContext) {
    this.#context = context
  }

  /** To be told of every directory that must be listed. True when a flat pass is the better way. */
  looksLikeWalk(directory: Inode): boolean {
    const previous = this.#previous
    this.#previous = directory
    const parent = directory.place?.parent
    if (!parent || !previous || previous === directory) this.#siblings = 0
    else if (isAncestor(parent, previous)) this.#siblings++
    else if (parent !== previous) this.#siblings = 0
    const { places, settings } = this.#context
    return this.#siblings >= siblingsBeforeFlat && settings.listingTtlMs > 0 && places.isPlain(directory)
  }

  /** Fills `directory` from a flat pass. False when most of what lies there is deeper: then a LIST of its own is cheaper. */
  fill(directory: Inode): Promise<boolean> {
    return this.#mutex.run(async () => {
      while (!this.#isComplete(directory)) {
        const pass = this.#passInside(directory) ?? this.#begin(directory)
        const entries = await pass.next()
        if (this.#isComplete(directory)) break
        if (!pass.covers(directory)) return false
        const direct = entries.filter(({ inode }) => inode.place?.parent === directory).length
        if (direct * 2 < entries.length) return false
      }
      return true
    })
  }

  /** The same from one page at most. False when `directory` is larger than what it shows. */
  fillByPage(directory: Inode): Promise<boolean> {
    return this.#mutex.run(async () => {
      if (this.#isComplete(directory)) return true
      await (this.#passInside(directory) ?? this.#begin(directory)).next()
      return this.#isComplete(directory)
    })
  }

  /** Learns the markers of directories beside each other, in key order, while pages show enough of them. */
  learnMarkers(directories: readonly Inode[], isOpen: (directory: Inode) => boolean): Promise<void> {
    return this.#mutex.run(async () => {
      let open = directories.filter(isOpen)
      let pass: FlatPass | null = null
      while (open.length >= markersPerPageMin) {
        const first = open[0] as Inode
        if (!this.#context.places.isPlain(first)) return
        const goesOn: boolean = pass !== null && !pass.done
        pass = goesOn && pass ? pass : this.#begin(first)
        await pass.next()
        const rest = open.filter(isOpen)
        const learned = open.length - rest.length
        open = rest
        if (learned >= markersPerPageMin) continue
        if (!goesOn) return
        // In the middle of a large directory: begin again behind it.
        pass = null
      }
    })
  }

  #isComplete(directory: Inode): boolean {
    return stateOf(directory).completeUntilMs > this.#context.clock.monotonicMs()
  }

  #passInside(directory: Inode): FlatPass | null {
    return this.#pass && !this.#pass.done && this.#pass.covers(directory) ? this.#pass : null
  }

  #begin(directory: Inode): FlatPass {
    const { places } = this.#context
    const prefix = places.prefixOf(directory)
    // The pass runs on past the directory, as far as all around it is plain.
    const scope = places.isPlain(places.root) || !directory.place ? places.root : directory
    this.#pass = new FlatPass(
      this.#context,
      scope,
      prefix === '' || scope === directory ? undefined : keyBefore(prefix),
    )
    return this.#pass
  }
}

/** Whether `ancestor` is above `inode`. */
function isAncestor(ancestor: Inode, inode: Inode): boolean {
  for (let at = inode.place?.parent; at; at = at.place?.parent) if (at === ancestor) return true
  return false
}
