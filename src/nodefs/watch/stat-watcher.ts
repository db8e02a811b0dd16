// fs.watchFile: attributes compared at an interval, and at once when the volume says the file changed. Polling stays,
// because what others write to the bucket shows only when asked for.

import { EventEmitter } from 'node:events'
import { posix } from 'node:path'
import type { Attributes } from '../../volume/types.ts'
import type { Door } from '../door.ts'
import { noAttributes, shapeStats } from '../results/stats.ts'
import { call, runAsync } from '../task.ts'
import { looseOptions } from '../validate/options.ts'
import { checkFunction, checkUint32 } from '../validate/values.ts'
import type { AnyFunction } from '../validate/values.ts'

type ChangeListener = AnyFunction & ((...args: unknown[]) => void)

/** Node's default, once libev's. */
const intervalMsDefault = 5007

const compared = ['ino', 'size', 'mode', 'uid', 'gid', 'mtimeNs', 'ctimeNs', 'birthtimeNs'] as const

export class StatWatcher extends EventEmitter {
  readonly #door: Door
  readonly #path: string
  readonly #bigint: boolean
  readonly #unsubscribe: () => void
  readonly #timer: NodeJS.Timeout
  #known: Attributes | undefined
  #looking = false
  #lookAgain = false
  #stopped = false

  constructor(door: Door, path: string, options: { bigint: boolean; persistent: boolean; intervalMs: number }) {
    super()
    this.#door = door
    this.#path = path
    this.#bigint = options.bigint
    this.#unsubscribe = door.client.subscribe(({ path: changed, oldPath }) => {
      if (changed === path || oldPath === path) this.#look()
    })
    this.#timer = setInterval(() => this.#look(), Math.max(1, options.intervalMs))
    if (!options.persistent) this.#timer.unref()
    this.#look()
  }

  /** Kept for old callers, as in Node. */
  start(): void {}

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    clearInterval(this.#timer)
    this.#unsubscribe()
    process.nextTick(() => this.emit('stop'))
  }

  ref(): this {
    this.#timer.ref()
    return this
  }

  unref(): this {
    this.#timer.unref()
    return this
  }

  /** One look at a time; a change during one leads to another. */
  #look(): void {
    if (this.#looking) {
      this.#lookAgain = true
      return
    }
    this.#looking = true
    void this.#compare().finally(() => {
      this.#looking = false
      if (!this.#lookAgain || this.#stopped) return
      this.#lookAgain = false
      this.#look()
    })
  }

  async #compare(): Promise<void> {
    const now = await this.#read()
    if (this.#stopped) return
    const before = this.#known
    this.#known = now
    const changed = before === undefined ? now === noAttributes : compared.some((name) => now[name] !== before[name])
    if (changed) this.emit('change', this.#shape(now), this.#shape(before ?? noAttributes))
  }

  async #read(): Promise<Attributes> {
    const { client } = this.#door
    try {
      return await runAsync(client.calls, call({ syscall: 'stat' }, 'stat', client.caller(), this.#path, true))
    } catch {
      // Whatever the reason, Node shows a file that cannot be looked at as all zeros.
      return noAttributes
    }
  }

  #shape(attributes: Attributes): unknown {
    return shapeStats(attributes, attributes === noAttributes ? 0 : this.#door.dev, this.#bigint)
  }
}

export interface FileWatches {
  watchFile(filename: unknown, options: unknown, listener?: unknown): StatWatcher
  unwatchFile(filename: unknown, listener?: unknown): void
}

/** The watched files of one fs object: all listeners of one path share a watcher. */
export function fileWatches(door: Door): FileWatches {
  const watchers = new Map<string, StatWatcher>()
  const keyOf = (filename: unknown): string => posix.resolve('/', door.path(filename).path)
  return {
    watchFile: (filename, value, listener) => {
      const key = keyOf(filename)
      const called = typeof value === 'object' && value !== null ? listener : value
      const { bigint = false, persistent = true, interval = intervalMsDefault } = looseOptions(value)
      const changed = checkFunction(called, 'listener') as ChangeListener
      const intervalMs = checkUint32(interval, 'interval')
      const options = { bigint: Boolean(bigint), persistent: Boolean(persistent), intervalMs }
      const watcher = watchers.get(key) ?? new StatWatcher(door, key, options)
      watchers.set(key, watcher)
      watcher.on('change', changed)
      return watcher
    },
    unwatchFile: (filename, listener) => {
      const key = keyOf(filename)
      const watcher = watchers.get(key)
      if (watcher === undefined) return
      if (typeof listener === 'function') watcher.off('change', listener as ChangeListener)
      else watcher.removeAllListeners('change')
      if (watcher.listenerCount('change') > 0) return
      watcher.stop()
      watchers.delete(key)
    },
  }
}
