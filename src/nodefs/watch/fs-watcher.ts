// fs.watch: an emitter of 'change', 'error' and 'close'.

import { EventEmitter } from 'node:events'
import type { Door } from '../door.ts'
import { hasCode } from '../errors.ts'
import { readOptions } from '../validate/options.ts'
import { findTarget, keepAlive, subscribe, watchOptions } from './watch-start.ts'
import type { WatchOptions } from './watch-target.ts'

type Listener = (eventType: string, filename: string | Buffer) => void

export class FSWatcher extends EventEmitter {
  readonly #timer: NodeJS.Timeout
  #unsubscribe: (() => void) | undefined
  #closed = false

  constructor(persistent: boolean) {
    super()
    this.#timer = keepAlive(persistent)
  }

  /** Kept for old callers, as in Node; watching starts by itself. */
  start(): void {}

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#unsubscribe?.()
    clearInterval(this.#timer)
    process.nextTick(() => this.emit('close'))
  }

  ref(): this {
    this.#timer.ref()
    return this
  }

  unref(): this {
    this.#timer.unref()
    return this
  }

  /** Begins to tell of changes at `path`, unless closed before. */
  attach(door: Door, path: string, options: WatchOptions): void {
    if (this.#closed) return
    this.#unsubscribe = subscribe(door, path, options, ({ eventType, filename }) =>
      this.emit('change', eventType, filename),
    )
  }
}

/** Throws at once when there is nothing to watch. */
export function watch(door: Door, filename: unknown, value: unknown, listener: unknown): FSWatcher {
  const changed = (typeof value === 'function' ? value : listener) as Listener | undefined
  const options = readOptions(value)
  const at = door.path(filename, 'filename')
  const how = watchOptions(options)
  const watcher = new FSWatcher(how.persistent)
  try {
    watcher.attach(door, door.runSync(findTarget(door, at)), how)
  } catch (error) {
    const tolerated = options['throwIfNoEntry'] === false && hasCode(error, 'ENOENT')
    if (hasCode(error, 'ERR_BUCKETFS_SYNC_INLINE')) attachLater(door, at, how, watcher)
    else if (!tolerated) {
      watcher.close()
      throw error
    }
  }
  if (changed) watcher.on('change', changed)
  closeOnAbort(watcher, options['signal'] as AbortSignal | undefined)
  return watcher
}

/** An inline engine cannot answer while we wait; failures come as 'error' then. */
function attachLater(door: Door, at: Parameters<typeof findTarget>[1], how: WatchOptions, watcher: FSWatcher): void {
  door.runAsync(findTarget(door, at)).then(
    (path) => watcher.attach(door, path, how),
    (error: unknown) => process.nextTick(() => watcher.emit('error', error)),
  )
}

function closeOnAbort(watcher: FSWatcher, signal: AbortSignal | undefined): void {
  if (signal === undefined) return
  const close = (): void => watcher.close()
  if (signal.aborted) process.nextTick(close)
  else {
    signal.addEventListener('abort', close, { once: true })
    watcher.once('close', () => signal.removeEventListener('abort', close))
  }
}
