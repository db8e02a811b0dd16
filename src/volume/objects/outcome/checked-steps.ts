import { concatBytes } from '../../../base/bytes.ts'

// Bodies on their way, cut as checksums per block want them (content/fill/block-checks.ts).

/** Bodies are checked in steps of this; block checksums begin at multiples of it. */
export const checkedBytes: number = 1024 * 1024

/** The bytes of `body` in runs of `step`, the first of `first`, the last perhaps shorter. */
export function* inSteps(
  body: readonly Uint8Array[],
  step: number,
  first: number = step,
): Generator<Uint8Array, void, undefined> {
  let run: Uint8Array[] = []
  let missing = first
  for (const piece of body) {
    for (let at = 0; at < piece.byteLength;) {
      const taken = piece.subarray(at, at + missing)
      run.push(taken)
      at += taken.byteLength
      missing -= taken.byteLength
      if (missing > 0) continue
      yield concatBytes(run)
      run = []
      missing = step
    }
  }
  if (run.length > 0) yield concatBytes(run)
}
