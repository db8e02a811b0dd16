// Seeds: each is one life of a volume (`simulate.ts`). A failing seed is printed and replays with SEED=n.

import { describe, expect, it } from 'vitest'
import { simulate, type SimOptions } from './simulate.ts'

const only = process.env['SEED'] === undefined ? undefined : Number(process.env['SEED'])
/** Per configuration; there are eight. CI runs all of them in full. */
const count = Number(process.env['SIM_SEEDS'] ?? (process.env['CI'] ? 70 : 8))
const first = Number(process.env['SIM_FIRST'] ?? 1)

const plantedSeedsMax = 40

async function runSeeds(from: number, seeds: number, options: Omit<SimOptions, 'seed'>): Promise<number> {
  let crashes = 0
  const range = only === undefined ? Array.from({ length: seeds }, (_, i) => from + i) : [only]
  for (const seed of range) {
    let problems: readonly string[]
    try {
      const result = await simulate({ seed, ...options })
      crashes += result.crashCount
      problems = result.problems
    } catch (error) {
      problems = [String((error as Error).stack)]
    }
    if (problems.length > 0)
      throw new Error(`seed ${seed} (${JSON.stringify(options)}):\n${problems.slice(0, 3).join('\n')}`)
  }
  return crashes
}

/** What the first seed that finds the planted bug says of it. */
async function firstFound(options: Omit<SimOptions, 'seed'>): Promise<string> {
  for (let seed = 1; seed <= plantedSeedsMax; seed++) {
    const found = await simulate({ seed, ...options }).then(
      ({ problems }) => problems[0],
      (error: unknown) => String(error),
    )
    if (found) return found
  }
  return 'nothing was found'
}

/** Each once found a fault that few others find. */
const remembered: readonly SimOptions[] = [
  { seed: 436266131, durability: 'journal', steps: 100, crashes: true },
  { seed: 436267159, durability: 'bucket', steps: 100, faults: true, crashes: true },
  { seed: 436266555, durability: 'journal', steps: 100, faults: true, crashes: true },
]

describe('simulation', () => {
  it.each(remembered)('agrees with the model where it once did not: %j', async (options) => {
    expect((await simulate(options)).problems).toEqual([])
  })

  it('agrees with the model under bucket', { timeout: 120_000 }, async () => {
    await runSeeds(first, count, { durability: 'bucket', steps: 60 })
  })

  it('agrees with the model under memory', { timeout: 120_000 }, async () => {
    await runSeeds(first, count, { durability: 'memory', steps: 60 })
  })

  it('agrees with the model under journal', { timeout: 120_000 }, async () => {
    await runSeeds(first, count, { durability: 'journal', steps: 60 })
  })

  it('agrees with the model on a bad network', { timeout: 240_000 }, async () => {
    await runSeeds(first, count, { durability: 'bucket', steps: 60, faults: true })
    await runSeeds(first, count, { durability: 'journal', steps: 60, faults: true })
  })

  it('loses nothing acknowledged when the machine crashes', { timeout: 240_000 }, async () => {
    const crashes = await runSeeds(first, count, { durability: 'journal', steps: 60, crashes: true })
    await runSeeds(first, count, { durability: 'bucket', steps: 60, crashes: true })
    if (only === undefined) expect(crashes).toBeGreaterThan(count / 2)
  })

  it('loses nothing when a process in a hurry is killed again and again', { timeout: 240_000 }, async () => {
    const crashes = await runSeeds(first, count, { durability: 'journal', steps: 80, crashes: true, busy: true })
    if (only === undefined) expect(crashes).toBeGreaterThan(count / 2)
  })

  it('loses nothing when everything fails at once', { timeout: 240_000 }, async () => {
    await runSeeds(first, count, { durability: 'journal', steps: 60, crashes: true, faults: true })
  })

  it('finds a condition that is left out', { timeout: 120_000 }, async () => {
    expect(await firstFound({ durability: 'bucket', steps: 60, planted: 'no-conditions' })).toMatch(/unconditional put/)
  })

  it('finds a sync that does not sync', { timeout: 120_000 }, async () => {
    expect(await firstFound({ durability: 'journal', steps: 60, crashes: true, planted: 'early-sync' })).toMatch(
      /after a crash|cannot be read|journal/,
    )
  })

  it('gives one trace for one seed', async () => {
    const options = { seed: 42, durability: 'journal', steps: 60, faults: true, crashes: true } as const
    expect((await simulate(options)).trace).toBe((await simulate(options)).trace)
  })
})
