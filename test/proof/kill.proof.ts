// A real process on a real disk, killed with SIGKILL at random instants: what it was told is safe is there for the next
// one, and what was under way is there whole or not at all. SCALE scales the kills, KILL_SEED replays from a seed.

import { join } from 'node:path'
import { createSeededRandom } from '../../src/base/random.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { describe, expect, it } from 'vitest'
import { useTestHome } from '../support/engine-home.ts'
import { KillLives } from '../support/kill-life.ts'
import { startTestServer } from '../support/s3-server.ts'

const home = useTestHome()
const scale = Number(process.env['SCALE'] ?? 1)
const firstSeed = Number(process.env['KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 30))

interface Target {
  readonly url: string
  readonly options: Readonly<Record<string, unknown>>
  close(): Promise<void>
}

const onDisk = async (): Promise<Target> => ({
  url: `file://${join(home.current.path, 'bucket')}`,
  options: {},
  close: async () => {},
})

async function overHttp(): Promise<Target> {
  const server = await startTestServer({ store: createMemoryStore(), latencyMs: 3 })
  const { endpoint, region, credentials, bucket } = server
  return { url: `s3://${bucket}`, options: { endpoint, region, credentials }, close: () => server.close() }
}

interface Story {
  readonly durability: 'journal' | 'bucket'
  readonly kills: number
  readonly target: () => Promise<Target>
}

/** Kills `kills` × SCALE processes; a sixth of them before or while they recover. */
async function killMany({ durability, kills, target }: Story): Promise<KillLives> {
  const { url, options, close } = await target()
  const random = createSeededRandom(firstSeed)
  const { stateHome, cacheHome } = home.current
  const lives = new KillLives({
    ...{ url, paceMs: 6, lenient: durability === 'bucket' },
    options: { ...options, durability, writeBackDelayMs: 30, permissions: 'ignore' },
    env: { XDG_STATE_HOME: stateHome, XDG_CACHE_HOME: cacheHome },
  })
  try {
    for (let life = 0; life < Math.max(4, Math.round(kills * scale)); life++) {
      const when = random.float() < 1 / 6 ? { openMs: random.float() * 500 } : { workMs: random.float() * 400 }
      await lives.live(firstSeed + life, when)
    }
    // The last one looks at what the one before left.
    await lives.live(firstSeed + kills, { workMs: 1 })
  } catch (error) {
    throw new Error(`KILL_SEED=${firstSeed} (${durability}): ${(error as Error).message}`, { cause: error })
  } finally {
    await close()
  }
  return lives
}

describe('a process killed at random instants', () => {
  it("loses nothing it was told was safe under 'journal'", async () => {
    const lives = await killMany({ durability: 'journal', kills: 200, target: onDisk })
    expect(lives.killCount).toBeGreaterThanOrEqual(200 * scale)
    expect(lives.doneCount).toBeGreaterThan(lives.killCount)
    expect(lives.underWayCount).toBeGreaterThan(0)
    expect(lives.earlyCount).toBeGreaterThan(0)
  })

  it("loses nothing it was told was safe under 'journal', on a bucket that lives on", async () => {
    const lives = await killMany({ durability: 'journal', kills: 100, target: overHttp })
    expect(lives.doneCount).toBeGreaterThan(lives.killCount)
  })

  it.each([
    ['a bucket in a directory', onDisk],
    ['a bucket over HTTP', overHttp],
  ] as const)("loses nothing that close or fsync acknowledged under 'bucket', on %s", async (_name, target) => {
    const lives = await killMany({ durability: 'bucket', kills: 60, target })
    expect(lives.doneCount).toBeGreaterThan(lives.killCount)
  })
})
