// An ordered set of keys that stays cheap to change: sorted runs of bounded length, found by binary search.

import { compareUtf8 } from '../../base/bytes.ts'

const runMax = 1024

export class SortedKeys {
  #runs: string[][] = [[]]

  add(key: string): void {
    const at = this.#runFor(key)
    const run = this.#runs[at] as string[]
    const index = firstAfter(run, key)
    if (run[index - 1] === key) return
    run.splice(index, 0, key)
    if (run.length > runMax) this.#runs.splice(at + 1, 0, run.splice(runMax / 2))
  }

  delete(key: string): void {
    const at = this.#runFor(key)
    const run = this.#runs[at] as string[]
    const index = firstAfter(run, key) - 1
    if (run[index] !== key) return
    run.splice(index, 1)
    if (run.length === 0 && this.#runs.length > 1) this.#runs.splice(at, 1)
  }

  /** The first key that sorts after `key`; '' asks for the first of all. */
  after(key: string): string | undefined {
    const at = this.#runFor(key)
    const run = this.#runs[at] as string[]
    const index = firstAfter(run, key)
    return index < run.length ? run[index] : this.#runs[at + 1]?.[0]
  }

  /** The first key after all that start with `prefix`. */
  afterPrefix(prefix: string): string | undefined {
    // U+10FFFF is the highest a key can hold; keys made of it alone are walked over one by one.
    let key = this.after(prefix + '\u{10ffff}')
    while (key?.startsWith(prefix)) key = this.after(key)
    return key
  }

  /** The last run that starts at or before `key`. */
  #runFor(key: string): number {
    let low = 0
    let high = this.#runs.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (compareUtf8((this.#runs[middle] as string[])[0] as string, key) <= 0) low = middle
      else high = middle - 1
    }
    return low
  }
}

function firstAfter(run: readonly string[], key: string): number {
  let low = 0
  let high = run.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareUtf8(run[middle] as string, key) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
