// How the model tests are run: many sequences each; a failure prints its seed and path, and `SEED=n SEED_PATH=p` runs that
// one again.

import fc from 'fast-check'

export async function checkMany<T>(
  arbitrary: fc.Arbitrary<T>,
  runs: number,
  property: (value: T) => Promise<void>,
): Promise<void> {
  const { SEED: seed, SEED_PATH: path } = process.env
  await fc.assert(fc.asyncProperty(arbitrary, property), {
    numRuns: runs,
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(path !== undefined && { path, endOnFailure: true }),
  })
}
