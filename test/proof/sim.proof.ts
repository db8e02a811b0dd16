// Whole volumes by seed, many more of them than `npm test` runs: bad networks, crashes, strangers. SIM_SEEDS is the number at
// SCALE=1, SIM_FIRST the first one (in CI always the same); a failure names its seed, which `SEED=n` replays in test/sim.

import { expect, it } from 'vitest'
import { simulate, type SimOptions } from '../sim/simulate.ts'

const count = Math.max(1, Math.round(Number(process.env['SIM_SEEDS'] ?? 2000) * Number(process.env['SCALE'] ?? 1)))
const first = Number(process.env['SIM_FIRST'] ?? (process.env['CI'] ? 5000 : Math.floor(Math.random() * 2 ** 30)))

const lives: readonly Omit<SimOptions, 'seed'>[] = [
  { durability: 'bucket', steps: 100, faults: true, crashes: true },
  { durability: 'journal', steps: 100, faults: true, crashes: true },
  { durability: 'journal', steps: 100, crashes: true },
  { durability: 'memory', steps: 100, faults: true },
]

it.each(lives)('no seed finds a difference: %j', async (options) => {
  const failures: string[] = []
  for (let seed = first; seed < first + count && failures.length < 3; seed++) {
    const problem = await simulate({ seed, ...options }).then(
      ({ problems }) => problems[0],
      (error: unknown) => String((error as Error).stack),
    )
    if (problem !== undefined) failures.push(`seed ${seed}: ${problem}`)
  }
  expect(failures).toEqual([])
})
