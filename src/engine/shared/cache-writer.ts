// The shared cache as the engine's thread writes it: which slot speaks of what, and how it is made void.
//
// A slot is bound to one thing (kind and path) until it is needed for another; being dropped only voids what it says.
// A path that is cached again gets its old slot with its old serial, so that every thread that remembered it finds the
// new contents without asking.

import type { Attributes, Ino } from '../../volume/types.ts'
import type { SlotRef } from '../rpc/messages.ts'
import { fileTypes } from './cache-reader.ts'
import {
  attributesDoubles,
  attributesInts,
  attributesSlotBytes,
  attributesSlotCount,
  attributesStart,
  attributesWords,
  contentsHeadBytes,
  contentsRegions,
  expiryDouble,
  head,
  kinds,
  openCacheMemory,
  slotWords,
} from './layout.ts'
import type { CacheMemory, ContentsRegion } from './layout.ts'
import { SlotPool } from './slot-pool.ts'

export class CacheWriter {
  readonly #cache: CacheMemory
  readonly #attributes = new SlotPool(attributesSlotCount, (slot) =>
    this.#wasUsed(attributesStart + slot * attributesSlotBytes),
  )
  readonly #contents = contentsRegions.map(
    (region) => new SlotPool(region.count, (slot) => this.#wasUsed(region.start + slot * region.slotBytes)),
  )

  constructor(memory: SharedArrayBuffer) {
    this.#cache = openCacheMemory(memory)
  }

  putAttributes(path: string, followLast: boolean, attributes: Attributes, expiryMs: number): SlotRef {
    const ref = this.#attributes.bind(attributesKey(path, followLast), attributes.ino)
    const { words, doubles, ints } = this.#cache
    const offset = attributesStart + ref.slot * attributesSlotBytes
    const word = offset >> 2
    const double = offset >> 3
    this.#write(word, ref.serial, kinds.attributes, fileTypes.indexOf(attributes.type), expiryMs, () => {
      doubles[double + attributesDoubles.ino] = attributes.ino
      doubles[double + attributesDoubles.size] = attributes.size
      doubles[double + attributesDoubles.rdev] = attributes.rdev
      words[word + attributesWords.mode] = attributes.mode
      words[word + attributesWords.nlink] = attributes.nlink
      words[word + attributesWords.uid] = attributes.uid
      words[word + attributesWords.gid] = attributes.gid
      ints[double + attributesInts.atimeNs] = attributes.atimeNs
      ints[double + attributesInts.mtimeNs] = attributes.mtimeNs
      ints[double + attributesInts.ctimeNs] = attributes.ctimeNs
      ints[double + attributesInts.birthtimeNs] = attributes.birthtimeNs
    })
    return ref
  }

  putMissing(path: string, followLast: boolean, expiryMs: number): SlotRef {
    const ref = this.#attributes.bind(attributesKey(path, followLast), undefined)
    const word = (attributesStart + ref.slot * attributesSlotBytes) >> 2
    this.#write(word, ref.serial, kinds.missing, 0, expiryMs, () => {})
    return ref
  }

  /** Undefined when it is too large. `slot` counts over all size classes. */
  putContents(
    kind: 'file' | 'listing',
    path: string,
    ino: Ino,
    pieces: readonly Uint8Array[],
    expiryMs: number,
  ): SlotRef | undefined {
    let length = 0
    for (const piece of pieces) length += piece.byteLength
    const key = kind === 'file' ? `f${path}` : `d${path}`
    const index = contentsRegions.findIndex(({ bytes }) => bytes >= length)
    for (const [i, pool] of this.#contents.entries()) if (i !== index) this.#voidSlots(i, pool.unbind(key))
    if (index < 0) return undefined
    const region = contentsRegions[index] as ContentsRegion
    const { slot, serial } = (this.#contents[index] as SlotPool).bind(key, ino)
    const offset = region.start + slot * region.slotBytes
    this.#write(offset >> 2, serial, kinds[kind], length, expiryMs, () => {
      let at = offset + contentsHeadBytes
      for (const piece of pieces) {
        this.#cache.bytes.set(piece, at)
        at += piece.byteLength
      }
    })
    return { slot: region.firstSlot + slot, serial }
  }

  /** Nothing that says anything of this inode is believed any longer. */
  dropIno(ino: Ino): void {
    this.#voidAttributes(this.#attributes.ofIno(ino))
    for (const [i, pool] of this.#contents.entries()) this.#voidSlots(i, pool.ofIno(ino))
  }

  dropPath(path: string): void {
    this.#voidAttributes(this.#attributes.ofKey(attributesKey(path, true)))
    this.#voidAttributes(this.#attributes.ofKey(attributesKey(path, false)))
    for (const [i, pool] of this.#contents.entries()) {
      this.#voidSlots(i, pool.ofKey(`f${path}`))
      this.#voidSlots(i, pool.ofKey(`d${path}`))
    }
  }

  /** The type some slot last showed for the inode, believed or not; a type never changes. */
  typeOf(ino: Ino): Attributes['type'] | undefined {
    for (const slot of this.#attributes.ofIno(ino)) {
      const word = (attributesStart + slot * attributesSlotBytes) >> 2
      if (this.#cache.words[word + slotWords.kind] === kinds.attributes)
        return fileTypes[this.#cache.words[word + slotWords.length] as number]
    }
    return undefined
  }

  /** A name that may be part of any path means something else now: nothing cached is believed. */
  bumpNames(): void {
    Atomics.add(this.#cache.words, head.names, 1)
  }

  /** A name came into being: no absence is believed. */
  bumpAbsences(): void {
    Atomics.add(this.#cache.words, head.absences, 1)
  }

  #write(word: number, serial: number, kind: number, length: number, expiryMs: number, fill: () => void): void {
    const { words, doubles } = this.#cache
    Atomics.add(words, word, 1)
    words[word + slotWords.serial] = serial
    const names = words[head.names] as number
    words[word + slotWords.generation] = kind === kinds.missing ? (names + (words[head.absences] as number)) | 0 : names
    words[word + slotWords.kind] = kind
    words[word + slotWords.length] = length
    words[word + slotWords.used] = 1
    doubles[(word >> 1) + expiryDouble] = expiryMs
    fill()
    Atomics.add(words, word, 1)
  }

  #voidAttributes(slots: Iterable<number>): void {
    for (const slot of slots) this.#void(attributesStart + slot * attributesSlotBytes)
  }

  #voidSlots(regionIndex: number, slots: Iterable<number>): void {
    const region = contentsRegions[regionIndex] as ContentsRegion
    for (const slot of slots) this.#void(region.start + slot * region.slotBytes)
  }

  #void(offset: number): void {
    const word = offset >> 2
    Atomics.add(this.#cache.words, word, 1)
    this.#cache.doubles[(word >> 1) + expiryDouble] = -Infinity
    Atomics.add(this.#cache.words, word, 1)
  }

  #wasUsed(offset: number): boolean {
    const at = (offset >> 2) + slotWords.used
    const used = this.#cache.words[at] !== 0
    this.#cache.words[at] = 0
    return used
  }
}

function attributesKey(path: string, followLast: boolean): string {
  return followLast ? `s${path}` : `l${path}`
}
