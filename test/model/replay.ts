// How the model tests are run: many sequences each, others each time, but in CI always the same ones, so that a change is
// to blame when they fail. A failure prints its seed and path, and `SEED=n SEED_PATH=p` runs that one again.

import fc from 'fast-check'

const seedInCi = '20261125'

export async function checkMany<T>(
  arbitrary: fc.Arbitrary<T>,
  runs: number,
  property: (value: T) => Promise<void>,
): Promise<void> {
  const { CI, SEED_PATH: path } = process.env
  const seed = process.env['SEED'] ?? (CI ? seedInCi : undefined)
  await fc.assert(fc.asyncProperty(arbitrary, property), {
    numRuns: runs,
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(path !== undefined && { path, endOnFailure: true }),
  })
}
