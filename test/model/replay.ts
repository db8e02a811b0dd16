// How the model tests are run: many sequences each, scaled by SCALE; a failure prints its seed and path, and
// `SEED=n SEED_PATH=p` runs that one again.

import fc from 'fast-check'

/** Runs of `share` sequences at SCALE=1. */
export async function checkMany<T>(
  arbitrary: fc.Arbitrary<T>,
  runs: number,
  property: (value: T) => Promise<void>,
): Promise<void> {
  const { SEED: seed, SEED_PATH: path, SCALE: scale = '1' } = process.env
  await fc.assert(fc.asyncProperty(arbitrary, property), {
    numRuns: Math.max(1, Math.round(runs * Number(scale))),
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(path !== undefined && { path, endOnFailure: true }),
  })
}
