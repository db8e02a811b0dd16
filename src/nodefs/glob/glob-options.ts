// Arguments of glob.

import type { Dirent } from 'node:fs'
import { posix } from 'node:path'
import type { Door } from '../door.ts'
import { invalidArgType } from '../validate/node-error.ts'
import { checkObject, checkString } from '../validate/values.ts'
import { parsePattern } from './pattern.ts'
import type { Pattern } from './pattern.ts'

type Exclude = (item: string | Dirent) => unknown

export interface GlobOptions {
  readonly patterns: readonly Pattern[]
  /** Absolute. */
  readonly cwd: string
  readonly withFileTypes: boolean
  /** A question asked of each name, or absolute patterns. */
  readonly exclude: Exclude | readonly Pattern[] | undefined
}

export function globOptions(door: Door, pattern: unknown, value: unknown): GlobOptions {
  const options = value === undefined ? {} : checkObject(value, 'options')
  const cwd = posix.resolve('/', door.path(options['cwd'] ?? '.', 'options.cwd').path)
  return {
    patterns: patternsOf(pattern).flatMap(parsePattern),
    cwd,
    withFileTypes: Boolean(options['withFileTypes']),
    exclude: excludeOf(options['exclude'], cwd),
  }
}

function patternsOf(value: unknown): string[] {
  if (typeof value !== 'object') return [checkString(value, 'patterns')]
  if (!Array.isArray(value)) throw invalidArgType('patterns', 'an instance of Array', value)
  return value.map((one, index) => checkString(one, `patterns[${index}]`))
}

function excludeOf(value: unknown, cwd: string): GlobOptions['exclude'] {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'function') return value as Exclude
  if (!Array.isArray(value)) throw invalidArgType('options.exclude', 'of type function or string[]', value)
  return value.flatMap((one, index) => parsePattern(posix.resolve(cwd, checkString(one, `options.exclude[${index}]`))))
}
