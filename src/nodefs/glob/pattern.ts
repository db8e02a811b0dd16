// A glob pattern as lists of segments, and whether a whole path matches it.

import { expandBraces } from './braces.ts'
import { globstar, matchesSegment, parseSegment } from './segment.ts'
import type { Segment } from './segment.ts'

export type Pattern = readonly Segment[]

/** Every brace-free pattern a pattern stands for. A backslash is a separator, as in Node's glob. */
export function parsePattern(text: string): Pattern[] {
  return expandBraces(text.replaceAll('\\', '/')).map(toPattern)
}

/** Whether a '/'-separated path matches. */
export function matchesPath(pattern: Pattern, path: string): boolean {
  return matchesFrom(pattern, 0, path.split('/'), 0)
}

/** Doubled slashes, inner '.' and repeated `**` say nothing more. */
function toPattern(text: string): Pattern {
  const parts = text.split('/')
  const kept = parts.filter((part, index) => {
    if (part === '') return index === 0 || index === parts.length - 1
    if (part === '.') return index === 0
    return !(part === '**' && parts[index - 1] === '**')
  })
  return kept.map(parseSegment)
}

function matchesFrom(pattern: Pattern, index: number, parts: readonly string[], at: number): boolean {
  if (index === pattern.length) return at === parts.length
  const segment = pattern[index]
  if (segment === globstar) {
    if (matchesFrom(pattern, index + 1, parts, at)) return true
    const part = parts[at]
    return part !== undefined && !part.startsWith('.') && matchesFrom(pattern, index, parts, at + 1)
  }
  const part = parts[at]
  return part !== undefined && matchesSegment(segment, part) && matchesFrom(pattern, index + 1, parts, at + 1)
}
