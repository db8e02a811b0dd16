// One life of a volume by a seed: programs work, the network fails, the machine crashes and comes back, strangers write to
// the same bucket; in the end the tree is what the model says, and nothing that was acknowledged is lost.

import { createHash } from 'node:crypto'
import { isVolumeError } from '../../src/base/errors.ts'
import { silentLogger } from '../../src/base/log.ts'
import { createSeededRandom } from '../../src/base/random.ts'
import { utf8 } from '../../src/base/bytes.ts'
import type { VolumeCalls } from '../../src/volume/calls.ts'
import { resolveSettings, type Durability, type VolumeSettings } from '../../src/volume/settings.ts'
import { startVolume } from '../../src/volume/start.ts'
import type { Volume } from '../../src/volume/volume.ts'
import { SimDisk } from '../support/sim-disk.ts'
import { root } from '../support/volume-kit.ts'
import { createSimBucket, type Planted, type SimBucket } from './sim-bucket.ts'
import { createSimClock, type SimClock } from './sim-clock.ts'
import { connectDisk } from './sim-journal.ts'
import { SimModel } from './sim-model.ts'
import { Steps, observe, type Step } from './sim-steps.ts'

export interface SimOptions {
  readonly seed: number
  readonly durability: Durability
  readonly steps: number
  readonly faults?: boolean | undefined
  readonly crashes?: boolean | undefined
  /** Programs that hurry, and crashes at the journal's writes too, also while what crashed before is taken over. */
  readonly busy?: boolean | undefined
  readonly planted?: Planted
}

export interface SimResult {
  readonly problems: readonly string[]
  /** Every request with its time and outcome. */
  readonly lines: readonly string[]
  /** Their digest. */
  readonly trace: string
  readonly crashCount: number
}

const home = '/home'
const logLinesMax = Number(process.env['SIM_LOG'] ?? 12)
const shared = 'shared'
const abandonedMs = 11 * 60_000

export async function simulate(options: SimOptions): Promise<SimResult> {
  const simulation = new Simulation(options)
  await simulation.clock.run(simulation.live())
  const hash = createHash('sha256').update(simulation.bucket.trace.join('\n')).digest('hex')
  return {
    problems: simulation.problems,
    trace: hash,
    lines: simulation.bucket.trace,
    crashCount: simulation.crashCount,
  }
}

class Simulation {
  readonly clock: SimClock
  readonly bucket: SimBucket
  readonly problems: string[] = []
  crashCount = 0
  readonly #options: SimOptions
  readonly #random
  readonly #disk: SimDisk
  readonly #steps: Steps
  readonly #sharedContents = new Map<string, string>()
  readonly #log: string[] = []
  #model = new SimModel()
  #life = 0
  #eventsToCrash = Infinity
  #volume: Volume | null = null
  #crash: (() => void) | null = null
  #isDead = false

  constructor(options: SimOptions) {
    this.#options = options
    this.#random = createSeededRandom(options.seed)
    this.clock = createSimClock()
    this.bucket = createSimBucket(
      this.clock,
      createSeededRandom(options.seed + 1),
      options.faults ?? false,
      options.planted,
    )
    this.#disk = options.planted === 'early-sync' ? forgetful(new SimDisk()) : new SimDisk()
    this.#steps = new Steps(this.#random, home, options.busy ?? false)
  }

  async live(): Promise<void> {
    let calls = await this.#open()
    await this.#survive(calls.mkdir(root, home, 0o777, false))
    await this.#volume?.sync()
    for (let step = 0; step < this.#options.steps; step++) {
      if (this.#options.crashes && this.#eventsToCrash === Infinity && this.#random.float() < 0.08)
        this.#eventsToCrash = Math.floor(this.#random.float() * (this.#options.busy ? 200 : 25))
      const alive = await this.#step(calls)
      if (!alive) calls = await this.#reopen()
      if (this.#options.busy) {
        await this.clock.sleep(this.#random.float() * 60)
        continue
      }
      if (this.#random.float() < 0.15) await this.clock.sleep(this.#random.float() * 3000)
      if (this.#random.float() < 0.1) await this.#stranger()
      if (this.#random.float() < 0.1) await this.#shareWrite(calls)
    }
    await this.#end()
  }

  /** A bad network is asked again, as whoever starts a program would. */
  async #open(): Promise<VolumeCalls> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#openOnce()
      } catch (error) {
        if (!this.#options.faults || tries >= 20 || !isVolumeError(error, 'EIO')) throw error
      }
    }
  }

  async #openOnce(): Promise<VolumeCalls> {
    const life = ++this.#life
    const isAlive = (): boolean => life === this.#life
    const onEvent = (): void => this.#event()
    const store = this.bucket.connect(isAlive, onEvent)
    this.#volume = await startVolume({
      ...{ store, clock: this.clock, random: createSeededRandom(this.#options.seed * 1000 + life), log: silentLogger },
      settings: simSettings(this.#options),
      journalFiles: this.#options.busy ? connectDisk(this.#disk, isAlive, onEvent) : this.#disk,
    })
    return this.#volume.calls
  }

  /** A request leaves or a reply arrives: the machine may die here. */
  #event(): void {
    if (--this.#eventsToCrash > 0 || this.#eventsToCrash === -Infinity || !this.#crash) return
    this.#eventsToCrash = Infinity
    this.#life++
    this.#isDead = true
    this.#crash()
  }

  /** False when the machine died meanwhile. */
  async #survive(work: Promise<unknown>): Promise<boolean> {
    const crashed = new Promise<'crashed'>((resolve) => (this.#crash = () => resolve('crashed')))
    work.catch(() => undefined)
    const outcome = await Promise.race([work.then(() => 'done'), crashed])
    this.#crash = null
    return outcome === 'done'
  }

  async #step(calls: VolumeCalls): Promise<boolean> {
    const step = this.#steps.next(this.#model)
    this.#log.push(`${Math.round(this.clock.elapsedMs)} ${step.label}`)
    try {
      if (await this.#survive(step.run(calls))) {
        step.apply(this.#model)
        if (this.#isDead) {
          await this.#afterCrash(null)
          return false
        }
        if (this.#random.float() < 0.3) return await this.#look(calls)
        return true
      }
      await this.#afterCrash(step)
      return false
    } catch (error) {
      this.#crash = null
      if (this.#isDead) {
        await this.#afterCrash(step)
        return false
      }
      if (!isVolumeError(error, 'EIO', 'ESTALE', 'ENOENT', 'EINTR')) throw error
      // Refused by a bucket that did not answer: what it touched is as the volume shows it now.
      this.#log.push(`  failed: ${String(error)}`)
      if (!this.#options.faults) this.#problem(`${step.label} failed: ${String(error)}`)
      await this.#resync(calls, step.touches)
      return true
    }
  }

  async #look(calls: VolumeCalls): Promise<boolean> {
    try {
      let seen: SimModel | undefined
      const alive = await this.#survive(observe(calls, home, new SimModel()).then((model) => (seen = model)))
      if (!alive) {
        await this.#afterCrash(null)
        return false
      }
      if (seen) this.#compare('while running', seen, [])
      if (this.#isDead) {
        await this.#afterCrash(null)
        return false
      }
    } catch (error) {
      this.#crash = null
      if (this.#isDead) {
        await this.#afterCrash(null)
        return false
      }
      if (!this.#options.faults || !isVolumeError(error, 'EIO', 'ESTALE')) throw error
    }
    return true
  }

  async #afterCrash(step: Step | null): Promise<void> {
    this.#fall(step ? ` during ${step.label}` : '')
    // Without a journal a rename that was cut off is finished once nobody has renewed its intent for long.
    if (this.#options.durability !== 'journal') await this.clock.sleep(abandonedMs)
    while (this.#options.busy && this.#random.float() < 0.4) await this.#dieEarly()
    const calls = await this.#open()
    const seen = await this.#observe(calls)
    this.#compare('after a crash', seen, step?.touches ?? [])
    this.#model = seen
  }

  /** What the process had in memory is gone, and of the disk what was not synced, when it was the power that failed. */
  #fall(when: string): void {
    this.crashCount++
    this.#isDead = false
    const isKill = this.#options.busy && this.#random.float() < 0.5
    if (!isKill) this.#disk.crash(this.#random)
    this.#log.push(`${Math.round(this.clock.elapsedMs)} ${isKill ? 'kill' : 'crash'}${when}`)
  }

  /** Dies again while it takes over what the life before left, or soon after. */
  async #dieEarly(): Promise<void> {
    this.#eventsToCrash = 1 + Math.floor(this.#random.float() * 100)
    const look = async (): Promise<void> => void (await this.#observe(await this.#open()))
    const alive = await this.#survive(look()).catch((error: unknown) => {
      if (this.#isDead) return false
      throw error
    })
    this.#eventsToCrash = Infinity
    this.#crash = null
    // Nobody closes it either.
    this.#life++
    this.#fall(alive ? ' after recovery' : ' during recovery')
  }

  /** The whole tree; a bad network is asked again. */
  async #observe(calls: VolumeCalls): Promise<SimModel> {
    for (let tries = 1; ; tries++) {
      try {
        return await observe(calls, home, new SimModel())
      } catch (error) {
        const failure = new Error(
          `the tree cannot be read: ${String(error)}\n    ${this.#log.slice(-logLinesMax).join('\n    ')}`,
          { cause: error },
        )
        if (!this.#options.faults || tries >= 20 || !isVolumeError(error, 'EIO', 'ESTALE')) throw failure
      }
    }
  }

  async #reopen(): Promise<VolumeCalls> {
    if (!this.#volume) throw new Error('not open')
    return this.#volume.calls
  }

  async #resync(calls: VolumeCalls, touches: readonly string[]): Promise<void> {
    const seen = await this.#observe(calls)
    this.#compare('after a failure', seen, touches)
    this.#model = seen
  }

  /** Somebody else writes to files that a program here writes to too. */
  async #stranger(): Promise<void> {
    const key = `${shared}/${Math.floor(this.#random.float() * 2)}`
    this.#log.push(`${Math.round(this.clock.elapsedMs)} stranger ${key}`)
    await this.bucket.plain.put(key, utf8(`stranger ${this.#random.uint32()}`), { headers: { metadata: {} } })
  }

  async #shareWrite(calls: VolumeCalls): Promise<void> {
    const path = `/${shared}/${Math.floor(this.#random.float() * 2)}`
    const content = `local ${this.#random.uint32()}`
    this.#log.push(`${Math.round(this.clock.elapsedMs)} share ${path} ${content}`)
    try {
      await calls.mkdir(root, `/${shared}`, 0o777, true)
      await calls.writeFile(root, path, utf8(content), { flags: 0o1101, mode: 0o666 })
      if (this.#options.durability !== 'memory') this.#sharedContents.set(path, content)
    } catch (error) {
      if (!isVolumeError(error, 'ESTALE', 'EIO', 'EEXIST', 'EINTR', 'ENOENT')) throw error
    }
  }

  async #end(): Promise<void> {
    this.#eventsToCrash = -Infinity
    this.bucket.calm()
    await this.#volume?.sync().catch(() => undefined)
    await this.clock.sleep(120_000)
    await this.#volume?.sync().catch((error: unknown) => {
      if (!isVolumeError(error, 'ESTALE')) this.#problem(`sync failed in the end: ${String(error)}`)
    })
    await this.#volume?.close().catch((error: unknown) => this.#problem(`close failed: ${String(error)}`))
    const calls = await this.#open()
    this.#compare('in the end', await observe(calls, home, new SimModel()), [])
    await this.#volume?.close()
    this.#checkShared()
    for (const violation of this.bucket.violations) this.#problem(violation)
  }

  /** Every acknowledged local content was in the bucket once: at its key, or as a conflict copy. */
  #checkShared(): void {
    for (const [path, content] of this.#sharedContents)
      if (![...this.bucket.bodies].some((body) => body.includes(content))) this.#problem(`${path}: ${content} was lost`)
  }

  #compare(when: string, seen: SimModel, doubtful: readonly string[]): void {
    for (const difference of this.#model.differences(seen, doubtful)) this.#problem(`${when}: ${difference}`)
  }

  #problem(text: string): void {
    this.problems.push(`${text}\n    ${this.#log.slice(-logLinesMax).join('\n    ')}`)
  }
}

/** Small numbers, so that a few kilobytes take every path. */
function simSettings({ durability, busy }: SimOptions): VolumeSettings {
  const small = {
    blockBytes: 4096,
    putBytesMax: 16_384,
    partBytes: 8192,
    partBytesLate: 16_384,
    memoryBytesMax: 4 * 1024 * 1024,
  }
  const hurry = busy ? { writeBackDelayMs: 30 } : {}
  return { ...resolveSettings({ durability, uid: 0, gid: 0, ...hurry }), ...small }
}

/** The planted bug: syncs that do not. */
function forgetful(disk: SimDisk): SimDisk {
  const open = disk.open.bind(disk)
  disk.open = async (name) => ({ ...(await open(name)), sync: async () => {} })
  return disk
}
