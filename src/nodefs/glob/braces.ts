// Brace expansion, as the shell does it before any file is looked at: a{b,c} and a{1..3} become several patterns.

/** Most patterns one pattern may become; a safeguard against {1..9999}{1..9999}. */
const expansionsMax = 100_000

/** All patterns without braces that `pattern` stands for; itself when it has none. */
export function expandBraces(pattern: string): string[] {
  const open = findGroup(pattern)
  if (open === undefined) return [pattern]
  const { start, end } = open
  const before = pattern.slice(0, start)
  const inside = pattern.slice(start + 1, end)
  const tails = expandBraces(pattern.slice(end + 1))
  const choices = range(inside) ?? alternatives(inside).flatMap(expandBraces)
  const expanded: string[] = []
  for (const choice of choices)
    for (const tail of tails) {
      if (expanded.length >= expansionsMax) return expanded
      expanded.push(before + choice + tail)
    }
  return expanded
}

/** The first balanced group that is one: with a comma at its own level, or a range. `${` is none. */
function findGroup(pattern: string): { start: number; end: number } | undefined {
  for (let start = pattern.indexOf('{'); start >= 0; start = pattern.indexOf('{', start + 1)) {
    if (pattern[start - 1] === '$') continue
    const end = closing(pattern, start)
    if (end < 0) continue
    const inside = pattern.slice(start + 1, end)
    if (alternatives(inside).length > 1 || range(inside)) return { start, end }
  }
  return undefined
}

function closing(pattern: string, start: number): number {
  let depth = 0
  for (let index = start; index < pattern.length; index++) {
    if (pattern[index] === '{') depth++
    else if (pattern[index] === '}' && --depth === 0) return index
  }
  return -1
}

/** Split at the commas of the outermost level. */
function alternatives(inside: string): string[] {
  const parts: string[] = []
  let depth = 0
  let part = ''
  for (const character of inside) {
    if (character === ',' && depth === 0) {
      parts.push(part)
      part = ''
      continue
    }
    if (character === '{') depth++
    if (character === '}') depth--
    part += character
  }
  parts.push(part)
  return parts
}

/** {1..10}, {01..10}, {1..10..2}, {a..e}; undefined when it is none. */
function range(inside: string): string[] | undefined {
  const numbers = /^(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?$/.exec(inside)
  const letters = /^([a-zA-Z])\.\.([a-zA-Z])(?:\.\.(-?\d+))?$/.exec(inside)
  const found = numbers ?? letters
  if (!found) return undefined
  const [, first = '', last = '', stepText] = found
  const from = numbers ? Number(first) : first.charCodeAt(0)
  const to = numbers ? Number(last) : last.charCodeAt(0)
  const size = Math.max(1, Math.abs(Number(stepText ?? 1)))
  const step = from <= to ? size : -size
  const padded = numbers && [first, last].some((text) => /^-?0\d/.test(text))
  const width = padded ? Math.max(first.length, last.length) : 0
  const values: string[] = []
  for (let value = from; step > 0 ? value <= to : value >= to; value += step) {
    if (values.length >= expansionsMax) break
    values.push(numbers ? pad(value, width) : String.fromCharCode(value))
  }
  return values
}

function pad(value: number, width: number): string {
  const sign = value < 0 ? '-' : ''
  return sign + String(Math.abs(value)).padStart(width - sign.length, '0')
}
