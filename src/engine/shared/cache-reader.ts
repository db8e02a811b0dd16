// The shared cache as one thread reads it. Answers what is certain now, or undefined; never waits, never asks.
//
// Memory order: the engine bumps a generation or a slot's sequence before it acknowledges a change, so whoever saw the
// acknowledgement finds them bumped. A copy counts only if the sequence is the same after it. On machines that reorder loads the copy must not drift past that second look, so an
// atomic read-modify-write on a word of this thread's own stands between them.

import type { Attributes, Caller, DirectoryEntry, FileType } from '../../volume/types.ts'
import type { PeekCalls } from '../engine-client.ts'
import { decode } from '../rpc/decoder.ts'
import type { CacheHint, SlotRef } from '../rpc/messages.ts'
import {
  attributesDoubles,
  attributesInts,
  attributesSlotBytes,
  attributesStart,
  attributesWords,
  contentsHeadBytes,
  contentsOffset,
  expiryDouble,
  head,
  kinds,
  monotonicOffsetMs,
  openCacheMemory,
  slotWords,
} from './layout.ts'
import type { CacheMemory } from './layout.ts'

/** Paths remembered per thread; the oldest go first. As many as there are slots would rarely be alive at once. */
const pathCountMax = 40_000

/** Listings kept decoded per thread, the oldest forgotten first: the few directories a program keeps coming back to. */
const decodedCountMax = 256

export const fileTypes: readonly FileType[] = ['file', 'directory', 'symlink', 'fifo', 'socket', 'character', 'block']

/** What a path was last seen to be cached as. */
interface KnownPath {
  followed: SlotRef | undefined
  unfollowed: SlotRef | undefined
  file: ContentsRef | undefined
  listing: ContentsRef | undefined
}

interface ContentsRef {
  readonly offset: number
  readonly serial: number
  /** A listing is decoded once per thread while its slot stays as it is. */
  sequence?: number
  entries?: readonly DirectoryEntry[]
}

export class CacheReader implements PeekCalls {
  readonly #cache: CacheMemory
  readonly #paths = new Map<string, KnownPath>()
  readonly #decoded = new Set<ContentsRef>()
  readonly #fence = new Int32Array(new SharedArrayBuffer(4))
  readonly #offsetMs = monotonicOffsetMs()
  readonly #owner: Caller
  #forgotten = false

  /** `owner`: for whose rights the engine publishes; others get no answer here. */
  constructor(memory: SharedArrayBuffer, owner: Caller) {
    this.#cache = openCacheMemory(memory)
    this.#owner = owner
  }

  stat(caller: Caller, path: string, followLast: boolean): Attributes | 'ENOENT' | undefined {
    const known = this.#paths.get(path)
    if (!known || !this.#isOwner(caller)) return undefined
    if (!followLast) return known.unfollowed && this.#attributes(known.unfollowed)
    const followed = known.followed && this.#attributes(known.followed)
    if (followed !== undefined || !known.unfollowed) return followed
    // What is no symlink looks the same either way.
    const unfollowed = this.#attributes(known.unfollowed)
    return typeof unfollowed === 'object' && unfollowed.type === 'symlink' ? undefined : unfollowed
  }

  readFile(caller: Caller, path: string): Uint8Array | undefined {
    const ref = this.#paths.get(path)?.file
    if (!ref || !this.#isOwner(caller)) return undefined
    const { words, bytes } = this.#cache
    const word = ref.offset >> 2
    const sequence = this.#begin(word, ref.serial)
    if (sequence === undefined) return undefined
    const start = ref.offset + contentsHeadBytes
    const length = words[word + slotWords.length] as number
    const copy = Buffer.allocUnsafe(length)
    copy.set(bytes.subarray(start, start + length))
    return this.#unmoved(word, sequence) ? copy : undefined
  }

  readdir(caller: Caller, path: string): readonly DirectoryEntry[] | undefined {
    const ref = this.#paths.get(path)?.listing
    if (!ref || !this.#isOwner(caller)) return undefined
    const word = ref.offset >> 2
    const sequence = this.#begin(word, ref.serial)
    if (sequence === undefined) return undefined
    if (ref.sequence === sequence) return this.#unmoved(word, sequence) ? ref.entries : undefined
    const start = ref.offset + contentsHeadBytes
    const copy = Buffer.from(
      this.#cache.bytes.subarray(start, start + (this.#cache.words[word + slotWords.length] as number)),
    )
    if (!this.#unmoved(word, sequence)) return undefined
    ref.entries = Object.freeze(decode(copy, 'view') as DirectoryEntry[])
    ref.sequence = sequence
    this.#keepDecoded(ref)
    return ref.entries
  }

  /** Remembers where the engine put what it answered. */
  learn(name: string, path: string, followLast: boolean, hint: CacheHint): void {
    if (this.#forgotten) return
    const known = this.#known(path)
    if (hint.attributes) {
      if (name === 'stat' && !followLast) known.unfollowed = hint.attributes
      else known.followed = hint.attributes
    }
    if (!hint.contents) return
    const ref: ContentsRef = { offset: contentsOffset(hint.contents.slot), serial: hint.contents.serial }
    if (name === 'readdir') known.listing = ref
    else known.file = ref
  }

  /** Nothing is answered any longer, nor learnt. */
  forget(): void {
    this.#forgotten = true
    this.#paths.clear()
    this.#decoded.clear()
  }

  #keepDecoded(ref: ContentsRef): void {
    this.#decoded.add(ref)
    if (this.#decoded.size <= decodedCountMax) return
    const oldest = this.#decoded.values().next().value as ContentsRef
    this.#decoded.delete(oldest)
    delete oldest.entries
    delete oldest.sequence
  }

  #known(path: string): KnownPath {
    let known = this.#paths.get(path)
    if (known) return known
    if (this.#paths.size >= pathCountMax) this.#paths.delete(this.#paths.keys().next().value as string)
    known = { followed: undefined, unfollowed: undefined, file: undefined, listing: undefined }
    this.#paths.set(path, known)
    return known
  }

  #isOwner(caller: Caller): boolean {
    const owner = this.#owner
    if (caller.uid !== owner.uid || caller.gid !== owner.gid) return false
    const { groups } = caller
    if (groups === owner.groups) return true
    return groups.length === owner.groups.length && groups.every((group, i) => group === owner.groups[i])
  }

  /** The sequence of a slot that may be believed now; undefined when it may not. */
  #begin(word: number, serial: number): number | undefined {
    const { words, doubles } = this.#cache
    const sequence = Atomics.load(words, word)
    if ((sequence & 1) !== 0 || words[word + slotWords.serial] !== serial) return undefined
    const names = Atomics.load(words, head.names)
    const generation =
      words[word + slotWords.kind] === kinds.missing ? (names + Atomics.load(words, head.absences)) | 0 : names
    if (words[word + slotWords.generation] !== generation) return undefined
    if ((doubles[(word >> 1) + expiryDouble] as number) < performance.now() + this.#offsetMs) return undefined
    words[word + slotWords.used] = 1
    return sequence
  }

  #unmoved(word: number, sequence: number): boolean {
    Atomics.exchange(this.#fence, 0, 0)
    return Atomics.load(this.#cache.words, word) === sequence
  }

  #attributes(ref: SlotRef): Attributes | 'ENOENT' | undefined {
    const { words, doubles, ints } = this.#cache
    const offset = attributesStart + ref.slot * attributesSlotBytes
    const word = offset >> 2
    const double = offset >> 3
    const sequence = this.#begin(word, ref.serial)
    if (sequence === undefined) return undefined
    if (words[word + slotWords.kind] === kinds.missing) return this.#unmoved(word, sequence) ? 'ENOENT' : undefined
    const attributes: Attributes = {
      ino: doubles[double + attributesDoubles.ino] as number,
      type: fileTypes[words[word + slotWords.length] as number] as FileType,
      mode: words[word + attributesWords.mode] as number,
      nlink: words[word + attributesWords.nlink] as number,
      uid: (words[word + attributesWords.uid] as number) >>> 0,
      gid: (words[word + attributesWords.gid] as number) >>> 0,
      rdev: doubles[double + attributesDoubles.rdev] as number,
      size: doubles[double + attributesDoubles.size] as number,
      atimeNs: ints[double + attributesInts.atimeNs] as bigint,
      mtimeNs: ints[double + attributesInts.mtimeNs] as bigint,
      ctimeNs: ints[double + attributesInts.ctimeNs] as bigint,
      birthtimeNs: ints[double + attributesInts.birthtimeNs] as bigint,
    }
    return this.#unmoved(word, sequence) ? attributes : undefined
  }
}
