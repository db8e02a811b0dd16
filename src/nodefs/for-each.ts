// Many tasks of one kind: one after another when blocking, several at once when asynchronous.

import type { Door } from './door.ts'
import { step } from './task.ts'
import type { Task } from './task.ts'

/** Runs `make(item)` for each item, at most `parallelMax` at once. The first failure starts no more, and is thrown. */
export function* forEach<T>(
  door: Door,
  items: readonly T[],
  parallelMax: number,
  make: (item: T) => Task<void>,
): Task<void> {
  yield* step(
    () => {
      for (const item of items) door.runSync(make(item))
    },
    async () => {
      let next = 0
      let failed = false
      const work = async (): Promise<void> => {
        while (next < items.length && !failed) {
          try {
            await door.runAsync(make(items[next++] as T))
          } catch (error) {
            failed = true
            throw error
          }
        }
      }
      const results = await Promise.allSettled(Array.from({ length: Math.min(parallelMax, items.length) }, work))
      const failure = results.find((result) => result.status === 'rejected')
      if (failure) throw failure.reason
    },
  )
}
