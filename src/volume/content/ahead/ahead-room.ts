// How many bytes may be read ahead and not yet read, over all handles and directories: half the memory, so that
// read-ahead never evicts what it fetched before somebody came to read it.

import type { MemoryBudget } from '../memory-budget.ts'

const share = 1 / 2

export class AheadRoom {
  readonly #budget: MemoryBudget
  readonly #bytesMax: number
  #bytes = 0

  constructor(budget: MemoryBudget) {
    this.#budget = budget
    this.#bytesMax = Math.floor(budget.bytesMax * share)
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Takes memory for a fill ahead (`fill` of the budget), if there is room now. */
  tryTake(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax || !this.#budget.tryTake(bytes, 'fill')) return false
    this.#bytes += bytes
    return true
  }

  /** They were read, or never will be. The memory itself is the budget's matter. */
  give(bytes: number): void {
    this.#bytes -= bytes
  }
}
