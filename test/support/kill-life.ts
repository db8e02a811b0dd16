// Lives of one program on one volume, each ended by SIGKILL, with what each was promised compared with what the next finds.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { after, possible, textOf, type KillStep, type KillTree } from './kill-model.ts'

export interface KillOptions {
  readonly url: string
  readonly options: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Longest pause between two operations. */
  readonly paceMs: number
  /** Names under way may be seen half done: without a journal a rename is a copy and a delete. */
  readonly lenient: boolean
}

interface Line {
  readonly tree?: Readonly<Record<string, string>>
  readonly begin?: KillStep
  readonly done?: KillStep
}

const program = new URL('./kill-program.mjs', import.meta.url).pathname
const historyMax = Number(process.env['KILL_LOG'] ?? 40)
const dist = process.env['KILL_DIST'] ?? new URL('../../dist/index.js', import.meta.url).href

export class KillLives {
  readonly #options: KillOptions
  #tree: KillTree = new Map()
  /** Begun and not acknowledged, in the life before or in those that were killed before they had looked. */
  #underWay: KillStep | null = null
  /** What was done in all lives, for the report of a failure. */
  readonly #history: string[] = []
  killCount = 0
  /** Kills before the volume was open again. */
  earlyCount = 0
  doneCount = 0
  underWayCount = 0

  constructor(options: KillOptions) {
    this.#options = options
  }

  /** One life. `openMs`: killed so long after its start; else `workMs` after it has looked at the tree. */
  async live(seed: number, when: { readonly openMs?: number; readonly workMs?: number }): Promise<void> {
    const { url, options, env, paceMs } = this.#options
    const child = spawn(process.execPath, [program, JSON.stringify({ dist, url, options, seed, paceMs })], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    let killed = false
    const kill = (): void => {
      killed = true
      child.kill('SIGKILL')
    }
    let errors = ''
    child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()))
    let hasLooked = false
    if (when.openMs !== undefined) setTimeout(kill, when.openMs)
    for await (const text of createInterface({ input: child.stdout })) {
      const line = parsed(text)
      if (!line) continue
      if (line.tree) {
        hasLooked = true
        this.#history.push(`looked (seed ${seed})`)
        this.#compare(line.tree, seed)
        if (when.openMs === undefined) setTimeout(kill, when.workMs)
      }
      if (line.begin) this.#underWay = line.begin
      if (line.done) {
        this.#tree = after(this.#tree, line.done)
        this.#underWay = null
        this.doneCount++
        this.#history.push(`done ${JSON.stringify(line.done)}`)
      }
    }
    if (!killed) throw new Error(`seed ${seed}: the program ended by itself: ${errors}\n    ${this.#told()}`)
    this.killCount++
    this.#history.push(`killed${this.#underWay ? ` during ${JSON.stringify(this.#underWay)}` : ''}`)
    if (!hasLooked) this.earlyCount++
    if (this.#underWay) this.underWayCount++
  }

  /** The last things that were done. */
  #told(): string {
    const underWay = this.#underWay ? [`under way ${JSON.stringify(this.#underWay)}`] : []
    return [...this.#history.slice(-historyMax), ...underWay].join('\n    ')
  }

  /** What another volume finds is as promised. Afterwards that is what the next life starts from. */
  #compare(found: Readonly<Record<string, string>>, seed: number): void {
    const step = this.#underWay
    this.#underWay = null
    const trees = step ? possible(this.#tree, step) : [this.#tree]
    const match = trees.find((tree) => differences(tree, found).length === 0)
    if (match) {
      this.#tree = match
      return
    }
    if (step && (step.op === 'removeTree' || (step.op === 'rename' && this.#options.lenient))) {
      this.#tree = this.#halfDone(step, found, seed)
      return
    }
    const lists = trees.map((tree) => differences(tree, found).join('\n    '))
    const during = step ? ` during ${JSON.stringify(step)}` : ''
    throw new Error(
      `seed ${seed}: after a kill${during} the next volume differs:\n    ${lists.join('\n  or\n    ')}\n    ${this.#told()}`,
    )
  }

  /** A name is there or not, but every file of a rename is in one place at least, whole. */
  #halfDone(step: KillStep, found: Readonly<Record<string, string>>, seed: number): KillTree {
    const { path, to = path } = step
    const touched = (each: string): boolean => [path, to].some((top) => each === top || each.startsWith(`${top}/`))
    const before = this.#tree
    const done = after(before, step)
    const result = new Map([...before].filter(([each]) => !touched(each)))
    for (const [each, text] of Object.entries(found)) {
      if (!touched(each)) continue
      const entry = [before.get(each), done.get(each)].find((known) => known !== undefined && textOf(known) === text)
      if (!entry) throw new Error(`seed ${seed}: ${JSON.stringify(step)} left ${each}: ${text}`)
      result.set(each, entry)
    }
    const problems = differences(result, found)
    for (const each of before.keys())
      if (
        step.op === 'rename' &&
        (each === path || each.startsWith(`${path}/`)) &&
        !result.has(each) &&
        !result.has(to + each.slice(path.length))
      )
        problems.push(`${each} is in neither place`)
    if (problems.length > 0)
      throw new Error(
        `seed ${seed}: after a kill during ${JSON.stringify(step)}:\n    ${problems.join('\n    ')}\n    ${this.#told()}`,
      )
    return result
  }
}

function differences(tree: KillTree, found: Readonly<Record<string, string>>): string[] {
  const result: string[] = []
  for (const path of new Set([...tree.keys(), ...Object.keys(found)])) {
    const entry = tree.get(path)
    const wanted = entry && textOf(entry)
    if (wanted !== found[path])
      result.push(`${path}: promised ${wanted ?? 'nothing'}, found ${found[path] ?? 'nothing'}`)
  }
  return result
}

/** The last line may be cut by the kill. */
function parsed(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
