// What the disk cache holds: version → block → where. In memory only; rebuilt at open from the records in their order.

import type { PlacedRecord } from './disk-segment.ts'

export interface DiskPlace {
  readonly segment: number
  readonly offset: number
  readonly length: number
  readonly crc: number
}

type Blocks = Map<string, DiskPlace>

export class DiskIndex {
  readonly #byId = new Map<string, Blocks>()
  #count = 0

  get count(): number {
    return this.#count
  }

  get(id: string, unit: number, index: number): DiskPlace | undefined {
    return this.#byId.get(id)?.get(slotOf(unit, index))
  }

  /** As the record says; the latest counts. `movedTo` is the data of a 'move'. */
  apply(record: PlacedRecord, segment: number, movedTo?: string): void {
    if (record.kind === 'move') {
      if (movedTo !== undefined) this.move(record.id, movedTo)
      return
    }
    let blocks = this.#byId.get(record.id)
    if (!blocks) this.#byId.set(record.id, (blocks = new Map()))
    const slot = slotOf(record.unit, record.index)
    if (!blocks.has(slot)) this.#count++
    const { offset, length, crc } = record
    blocks.set(slot, { segment, offset, length, crc })
  }

  /** Forgets one block, if it is still at `place`. */
  remove(id: string, unit: number, index: number, place: DiskPlace): void {
    const blocks = this.#byId.get(id)
    const slot = slotOf(unit, index)
    if (blocks?.get(slot) !== place) return
    blocks.delete(slot)
    this.#count--
    if (blocks.size === 0) this.#byId.delete(id)
  }

  drop(id: string): void {
    this.#count -= this.#byId.get(id)?.size ?? 0
    this.#byId.delete(id)
  }

  /** Whatever is known of `from` is known of `to`. True when there was something. */
  move(from: string, to: string): boolean {
    const blocks = this.#byId.get(from)
    if (!blocks || from === to) return false
    this.#byId.delete(from)
    const there = this.#byId.get(to)
    if (!there) this.#byId.set(to, blocks)
    else
      for (const [slot, place] of blocks) {
        if (there.has(slot)) this.#count--
        there.set(slot, place)
      }
    return true
  }

  /** Forgets all that lies in a segment. */
  removeSegment(segment: number): void {
    for (const [id, blocks] of this.#byId) {
      for (const [slot, place] of blocks) {
        if (place.segment !== segment) continue
        blocks.delete(slot)
        this.#count--
      }
      if (blocks.size === 0) this.#byId.delete(id)
    }
  }
}

function slotOf(unit: number, index: number): string {
  return `${index}/${unit}`
}
