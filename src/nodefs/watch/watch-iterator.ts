// promises.watch: an async iterator of changes, with a bounded queue.

import type { Door } from '../door.ts'
import { abortError, invalidArgValue, nodeError } from '../validate/node-error.ts'
import { checkEncoding } from '../validate/options.ts'
import { checkInteger, checkObject, checkOneOf, checkSignal } from '../validate/values.ts'
import { findTarget, keepAlive, subscribe, watchOptions } from './watch-start.ts'
import type { WatchEvent } from './watch-target.ts'

/** Events kept for a slow reader; as Node's default. */
const queueMaxDefault = 2048

export async function* watchIterator(door: Door, filename: unknown, value: unknown): AsyncGenerator<WatchEvent> {
  const at = door.path(filename)
  const given = value === undefined ? {} : checkObject(value, 'options')
  const { maxQueue = queueMaxDefault, overflow = 'ignore', encoding } = given
  const queueMax = checkInteger(maxQueue, 'options.maxQueue')
  checkOneOf(overflow, 'options.overflow', ['ignore', 'error'])
  if (encoding === 'buffer') throw invalidArgValue('encoding', encoding, 'is invalid encoding')
  checkEncoding(encoding)
  const options = watchOptions(given)
  const signal = checkSignal(given['signal'], 'options.signal')
  if (signal?.aborted) throw abortError(signal.reason)

  const queue: (WatchEvent | Error)[] = []
  let wake: () => void = () => {}
  const push = (event: WatchEvent): void => {
    if (queue.length < queueMax) queue.push(event)
    else if (overflow === 'error') queue.splice(0, queue.length, overflowError(queueMax))
    else process.emitWarning('fs.watch maxQueue exceeded')
    wake()
  }
  const aborted = (): void => wake()
  const timer = keepAlive(options.persistent)
  let unsubscribe: (() => void) | undefined
  try {
    unsubscribe = subscribe(door, await door.runAsync(findTarget(door, at)), options, push)
    signal?.addEventListener('abort', aborted, { once: true })
    while (!signal?.aborted) {
      const event = queue.shift()
      if (event instanceof Error) throw event
      if (event) yield bare(event)
      else await new Promise<void>((resolve) => (wake = resolve))
    }
    throw abortError(signal.reason)
  } finally {
    clearInterval(timer)
    unsubscribe?.()
    signal?.removeEventListener('abort', aborted)
  }
}

/** Events have no prototype in Node. */
function bare(event: WatchEvent): WatchEvent {
  return Object.assign(Object.create(null) as object, event) as WatchEvent
}

function overflowError(queueMax: number): Error {
  return nodeError(Error, 'ERR_FS_WATCH_QUEUE_OVERFLOW', `fs.watch() queued more than ${queueMax} events`)
}
