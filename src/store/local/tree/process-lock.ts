// Exclusion between processes on one directory, by link(2): a lock is a hard link to its owner's file, so it appears
// whole and exactly one of many takers gets it.
//
// Node has no flock, so the lock of a dead owner must be broken by hand, and only once: the breaker first takes a
// lock named after that very hold (by the same rules), looks again, and removes the dead one. An owner never comes
// back, so a hold seen under the breaker's lock is still the dead one. Owners are told dead by process id and start
// time on the same boot and pid namespace; one that cannot be judged (another machine or container) is waited for
// and then reported with the file to remove, never broken.

import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { utf8 } from '../../../base/bytes.ts'
import type { Clock } from '../../../base/clock.ts'
import { StoreError } from '../../../base/errors.ts'
import { randomId, type Random } from '../../../base/random.ts'
import { errnoOf } from '../../foreign-error.ts'
import type { FilePort } from '../shelf.ts'
import { hashKey } from './key-place.ts'
import { absentAsUndefined } from './sidecar.ts'

/** Locks are held for a few file operations; this long means trouble. */
const waitMsMax = 30_000
const pollMsMax = 20

export interface Owner {
  readonly id: string
  readonly host: string
  readonly boot: string
  readonly pidNamespace: string
  readonly pid: number
  readonly started: string
}

export class ProcessLocks {
  readonly #files: FilePort
  readonly #clock: Clock
  readonly #random: Random
  readonly #root: string
  readonly #ownerPath: string

  private constructor(files: FilePort, clock: Clock, random: Random, root: string, ownerPath: string) {
    this.#files = files
    this.#clock = clock
    this.#random = random
    this.#root = root
    this.#ownerPath = ownerPath
  }

  /** `ownersRoot` and `root` exist; `owner` is this process's. */
  static async open(
    files: FilePort,
    clock: Clock,
    random: Random,
    folders: { readonly owners: string; readonly locks: string },
    owner: Owner,
  ): Promise<ProcessLocks> {
    const ownerPath = `${folders.owners}/${owner.id}`
    const handle = await files.open(ownerPath, 'create')
    try {
      await handle.write(utf8(JSON.stringify(owner)), 0)
    } finally {
      await handle.close()
    }
    return new ProcessLocks(files, clock, random, folders.locks, ownerPath)
  }

  /** Runs `task` while no other process runs one under `name`. Within a process, callers queue before they come here. */
  async run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const path = `${this.#root}/${name}`
    await this.#take(path, this.#clock.monotonicMs() + waitMsMax)
    try {
      return await task()
    } finally {
      await this.#files.unlink(path)
    }
  }

  async close(): Promise<void> {
    await absentAsUndefined(this.#files.unlink(this.#ownerPath))
  }

  async #take(path: string, untilMs: number): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        await this.#files.link(this.#ownerPath, path)
        return
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error
      }
      const holder = await this.#holder(path)
      if (!holder) continue
      // Looking at /proc each time would cost more than the usual wait.
      if (tries % 8 === 0 && isDead(holder)) await this.#break(path, holder, untilMs)
      else if (this.#clock.monotonicMs() > untilMs) throw stuck(path, holder)
      else await this.#clock.sleep(this.#random.float() * Math.min(pollMsMax, 1 + tries))
    }
  }

  async #break(path: string, dead: Owner, untilMs: number): Promise<void> {
    // By hash: breakers that die in turn must not make the name ever longer.
    const breaking = `${this.#root}/break-${hashKey(`${path}\0${dead.id}`).slice(0, 40)}`
    await this.#take(breaking, untilMs)
    try {
      if ((await this.#holder(path))?.id === dead.id) await this.#files.unlink(path)
    } finally {
      await this.#files.unlink(breaking)
    }
  }

  async #holder(path: string): Promise<Owner | undefined> {
    const bytes = await absentAsUndefined(this.#files.readFile(path))
    return bytes && (JSON.parse(Buffer.from(bytes).toString()) as Owner)
  }
}

/** Who this process is, for others to judge whether it still lives. */
export function thisOwner(random: Random): Owner {
  return {
    id: randomId(random),
    host: hostname(),
    boot: quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: quietly(() => readlinkSync('/proc/self/ns/pid')),
    pid: process.pid,
    started: startOf(process.pid),
  }
}

/** True only when certain. */
export function isDead(owner: Owner): boolean {
  const self = thisProcess()
  if (owner.host !== self.host) return false
  if (owner.boot !== self.boot) return true
  if (owner.pidNamespace !== self.pidNamespace) return false
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    return errnoOf(error) === 'ESRCH'
  }
  return startOf(owner.pid) !== owner.started
}

let known: Owner | undefined

function thisProcess(): Owner {
  known ??= thisOwner({ uint32: () => 0, float: () => 0 })
  return known
}

/** Start time in clock ticks since boot; '' where there is no /proc. */
function startOf(pid: number): string {
  const text = quietly(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The command name, in parentheses, may hold anything; the start time is the 20th field after it.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

/** '' where the system does not tell. */
function quietly(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

function stuck(path: string, holder: Owner): StoreError {
  const message = `${path} is held by process ${holder.pid} of ${holder.host} for ${waitMsMax / 1000} s; remove it if that process is gone`
  return new StoreError({ kind: 'unavailable', operation: 'lock', code: 'ELOCKED', message })
}
