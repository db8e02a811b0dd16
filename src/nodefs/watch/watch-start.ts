// How a watch begins: its options, the real path of what is watched, the subscription, and the timer by which a
// persistent watcher keeps its process alive.

import type { Door } from '../door.ts'
import { hasCode } from '../errors.ts'
import type { FsError } from '../errors.ts'
import { ignoreMatcher } from '../glob/ignore.ts'
import { call } from '../task.ts'
import type { Task } from '../task.ts'
import { nameEncoding } from '../validate/options.ts'
import type { Options } from '../validate/options.ts'
import type { GivenPath } from '../validate/path.ts'
import { checkBoolean } from '../validate/values.ts'
import { WatchTarget } from './watch-target.ts'
import type { WatchEvent, WatchOptions } from './watch-target.ts'

/** Longest delay a timer takes; it only has to exist. */
const keepAliveMs = 2 ** 31 - 1

export function watchOptions(options: Options): WatchOptions {
  const { persistent = true, recursive = false, ignore } = options
  return {
    persistent: checkBoolean(persistent, 'options.persistent'),
    recursive: checkBoolean(recursive, 'options.recursive'),
    encoding: nameEncoding(options),
    ignores: ignoreMatcher(ignore, 'options.ignore'),
  }
}

/** Gives the real path to watch; fails as fs.watch does, with `filename` set. */
export function* findTarget(door: Door, { given, path }: GivenPath): Task<string> {
  try {
    return yield* call({ syscall: 'watch', path: given }, 'realpath', door.caller(), path)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG')) namedAs(error as FsError, given)
    throw error
  }
}

/** Tells `listener` of events on later turns until the returned function is called. */
export function subscribe(
  door: Door,
  path: string,
  options: WatchOptions,
  listener: (event: WatchEvent) => void,
): () => void {
  const target = new WatchTarget(path, options)
  let stopped = false
  const unsubscribe = door.client.subscribe((event) => {
    for (const seen of target.see(event))
      setImmediate(() => {
        if (!stopped) listener(seen)
      })
  })
  return () => {
    stopped = true
    unsubscribe()
  }
}

/** A timer whose only use is its reference. */
export function keepAlive(persistent: boolean): NodeJS.Timeout {
  const timer = setInterval(() => {}, keepAliveMs)
  return persistent ? timer : timer.unref()
}

function namedAs(error: FsError, filename: string): void {
  Object.assign(error, { filename })
}
