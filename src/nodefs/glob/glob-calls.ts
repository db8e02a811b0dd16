// The three forms of glob. Node 20 has none of them; ours are there on every version.

import type { Door } from '../door.ts'
import type { Definition } from '../define.ts'
import type { Task } from '../task.ts'
import { globOptions } from './glob-options.ts'
import { GlobWalk } from './glob-walk.ts'
import type { GlobResult } from './glob-walk.ts'

export const globDefinition: Definition = {
  name: 'glob',
  operation: (door, [pattern, options]) => globAll(new GlobWalk(door, globOptions(door, pattern, options))),
  required: 1,
  arity: 3,
}

/** promises.glob: results as directories are visited. */
export async function* globIterator(door: Door, pattern: unknown, options: unknown): AsyncGenerator<GlobResult> {
  const walk = new GlobWalk(door, globOptions(door, pattern, options))
  while (!walk.done) yield* await door.runAsync(walk.visitNext())
}

function* globAll(walk: GlobWalk): Task<GlobResult[]> {
  const results: GlobResult[] = []
  while (!walk.done) results.push(...(yield* walk.visitNext()))
  return results
}
