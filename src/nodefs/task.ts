// An operation of node:fs written once, run twice: a Task is a generator of steps; each step knows how to be done
// blocking and how to be done asynchronously. `runSync` drives it over the blocking calls, `runAsync` over the promises.
// Arguments are parsed before the generator exists, so that bad ones throw at the call, as in Node.

import type { SyncVolumeCalls } from '../engine/engine-client.ts'
import type { VolumeCalls } from '../volume/calls.ts'
import { toFsError } from './errors.ts'
import type { Where } from './errors.ts'

export interface Step {
  sync(calls: SyncVolumeCalls): unknown
  async(calls: VolumeCalls): unknown
}

export type Task<T> = Generator<Step, T, unknown>

/** One call of the volume. Its failure becomes the node:fs error of `where`. */
export function* call<K extends keyof VolumeCalls>(
  where: Where,
  name: K,
  ...args: Parameters<VolumeCalls[K]>
): Task<Awaited<ReturnType<VolumeCalls[K]>>> {
  const step: Step = {
    sync(calls) {
      try {
        return (calls[name] as Callable)(...args)
      } catch (error) {
        throw toFsError(error, where)
      }
    },
    async async(calls) {
      try {
        return await (calls[name] as Callable)(...args)
      } catch (error) {
        throw toFsError(error, where)
      }
    },
  }
  return (yield step) as Awaited<ReturnType<VolumeCalls[K]>>
}

/** The task's result through `shape`. Operations use this and named generators: a generator made per call costs a microsecond. */
export function* mapped<T, U>(task: Task<T>, shape: (result: T) => U): Task<U> {
  return shape(yield* task)
}

/** A step that is not a call: `sync` when blocking, else `async` awaited. */
export function* step<T>(sync: () => T, async: () => Promise<T>): Task<T> {
  return (yield { sync, async }) as T
}

export function runSync<T>(calls: SyncVolumeCalls, task: Task<T>): T {
  let next = task.next()
  while (!next.done) {
    let result: unknown
    try {
      result = next.value.sync(calls)
    } catch (error) {
      next = task.throw(error)
      continue
    }
    next = task.next(result)
  }
  return next.value
}

export async function runAsync<T>(calls: VolumeCalls, task: Task<T>): Promise<T> {
  let next = task.next()
  while (!next.done) {
    let result: unknown
    try {
      result = await next.value.async(calls)
    } catch (error) {
      next = task.throw(error)
      continue
    }
    next = task.next(result)
  }
  return next.value
}

type Callable = (...args: readonly unknown[]) => unknown
