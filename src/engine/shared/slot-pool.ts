// Which slots of one size are bound to what. Slots are given out by the clock algorithm: a hand goes round and takes
// the first slot that nobody has read since it last came by.

import type { Ino } from '../../volume/types.ts'
import type { SlotRef } from '../rpc/messages.ts'

/** Second chances given per binding; a cache that is read everywhere must still take new things in short time. */
const chancesMax = 32
const none: readonly number[] = []

export class SlotPool {
  readonly #count: number
  readonly #wasUsed: (slot: number) => boolean
  readonly #byKey = new Map<string, number>()
  readonly #byIno = new Map<Ino, Set<number>>()
  readonly #keys: (string | undefined)[] = []
  readonly #inos: (Ino | undefined)[] = []
  readonly #serials: number[] = []
  #hand = 0
  #nextSerial = 1

  /** `wasUsed` tells whether a slot has been read since it was last asked. */
  constructor(count: number, wasUsed: (slot: number) => boolean) {
    this.#count = count
    this.#wasUsed = wasUsed
  }

  /** The slot of `key`, now about `ino`; its own if it still has one. */
  bind(key: string, ino: Ino | undefined): SlotRef {
    let slot = this.#byKey.get(key)
    if (slot === undefined) {
      slot = this.#take()
      this.#byKey.set(key, slot)
      this.#keys[slot] = key
      this.#serials[slot] = this.#nextSerial
      this.#nextSerial = this.#nextSerial === 0x7fff_ffff ? 1 : this.#nextSerial + 1
    }
    this.#setIno(slot, ino)
    return { slot, serial: this.#serials[slot] as number }
  }

  /** Frees the slot of `key`; gives it, to be made void. */
  unbind(key: string): readonly number[] {
    const slot = this.#byKey.get(key)
    if (slot === undefined) return none
    this.#release(slot)
    return [slot]
  }

  ofKey(key: string): readonly number[] {
    const slot = this.#byKey.get(key)
    return slot === undefined ? none : [slot]
  }

  ofIno(ino: Ino): Iterable<number> {
    return this.#byIno.get(ino) ?? none
  }

  #take(): number {
    for (let chances = 0; ; chances++) {
      const slot = this.#hand
      this.#hand = (slot + 1) % this.#count
      if (this.#keys[slot] === undefined) return slot
      if (chances < chancesMax && this.#wasUsed(slot)) continue
      this.#release(slot)
      return slot
    }
  }

  #release(slot: number): void {
    this.#byKey.delete(this.#keys[slot] as string)
    this.#keys[slot] = undefined
    this.#setIno(slot, undefined)
  }

  #setIno(slot: number, ino: Ino | undefined): void {
    const before = this.#inos[slot]
    if (before === ino) return
    if (before !== undefined) {
      const slots = this.#byIno.get(before)
      slots?.delete(slot)
      if (slots?.size === 0) this.#byIno.delete(before)
    }
    this.#inos[slot] = ino
    if (ino === undefined) return
    const slots = this.#byIno.get(ino)
    if (slots) slots.add(slot)
    else this.#byIno.set(ino, new Set([slot]))
  }
}
