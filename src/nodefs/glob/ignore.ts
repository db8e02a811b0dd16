// The `ignore` option of watch: names by glob, regular expression or function, one or several.

import { types } from 'node:util'
import { invalidArgType, invalidArgValue } from '../validate/node-error.ts'
import { matchesPath, parsePattern } from './pattern.ts'

type Ignore = (name: string) => boolean

/** undefined when nothing is ignored. */
export function ignoreMatcher(value: unknown, name: string): Ignore | undefined {
  if (value === null || value === undefined) return undefined
  const matchers = Array.isArray(value)
    ? value.map((one: unknown, index) => matcherOf(one, `${name}[${index}]`))
    : [matcherOf(value, name)]
  return (path) => matchers.some((matches) => matches(path))
}

function matcherOf(value: unknown, name: string): Ignore {
  if (typeof value === 'string') {
    if (value === '') throw invalidArgValue(name, value, 'must be a non-empty string')
    return globMatcher(value)
  }
  if (types.isRegExp(value)) return (path) => new RegExp(value.source, value.flags.replace(/[gy]/g, '')).test(path)
  if (typeof value === 'function') return (path) => Boolean((value as (path: string) => unknown)(path))
  throw invalidArgType(name, 'of type string or function or an instance of RegExp', value)
}

/** A pattern without a slash matches the last name of a path. */
function globMatcher(text: string): Ignore {
  const patterns = parsePattern(text)
  const baseOnly = !text.includes('/')
  return (path) => {
    const tested = baseOnly ? path.slice(path.lastIndexOf('/') + 1) : path
    return patterns.some((pattern) => matchesPath(pattern, tested))
  }
}
