// One segment of a glob pattern (what stands between two slashes) as a matcher of one name. Wildcards do not match a
// leading dot unless the pattern spells it.

/** A literal name, a matcher of names, or `**`. */
export type Segment = string | RegExp | typeof globstar

export const globstar: unique symbol = Symbol('**')

const anyCharacters = '[^/]*?'

const posixClasses: Readonly<Record<string, string>> = {
  alnum: '\\p{L}\\p{Nl}\\p{Nd}',
  alpha: '\\p{L}\\p{Nl}',
  ascii: '\\x00-\\x7f',
  blank: '\\p{Zs}\\t',
  cntrl: '\\p{Cc}',
  digit: '\\p{Nd}',
  graph: '\\p{L}\\p{N}\\p{P}\\p{S}',
  lower: '\\p{Ll}',
  print: '\\p{L}\\p{N}\\p{P}\\p{S}\\p{Zs}',
  punct: '\\p{P}',
  space: '\\p{Z}\\t\\r\\n\\v\\f',
  upper: '\\p{Lu}',
  word: '\\p{L}\\p{Nl}\\p{Nd}\\p{Pc}',
  xdigit: 'A-Fa-f0-9',
}

export function parseSegment(text: string): Segment {
  if (text === '**') return globstar
  if (!/[*?[]|[+@!]\(/.test(text)) return text
  const body = new SegmentParser(text).parse()
  // A class that never closes leaves nothing magic.
  if (body === undefined) return text
  const dots = text.startsWith('.') ? '' : '(?!\\.)'
  return new RegExp(`^${dots}(?=.)${body}$`, 'u')
}

export function matchesSegment(segment: Segment | undefined, name: string): boolean {
  if (segment === undefined) return false
  if (typeof segment === 'string') return segment === name
  return typeof segment === 'symbol' ? true : segment.test(name)
}

/** Recursive descent over one segment; gives regular expression source. */
class SegmentParser {
  readonly #text: string
  #at = 0
  #magic = false

  constructor(text: string) {
    this.#text = text
  }

  /** undefined when nothing turned out to be a wildcard. */
  parse(): string | undefined {
    const source = this.#sequence('')
    return this.#magic ? source : undefined
  }

  /** Up to the end, or to one of `stops` at this level. */
  #sequence(stops: string): string {
    let source = ''
    while (this.#at < this.#text.length && !stops.includes(this.#text[this.#at] as string)) {
      const character = this.#text[this.#at] as string
      if ('?*+@!'.includes(character) && this.#text[this.#at + 1] === '(' && this.#closes(this.#at + 1)) {
        source += this.#group(character, stops)
        continue
      }
      this.#at++
      if (character === '*') {
        while (this.#text[this.#at] === '*') this.#at++
        source += this.#wild(anyCharacters)
      } else if (character === '?') source += this.#wild('[^/]')
      else if (character === '[') source += this.#class()
      else source += escaped(character)
    }
    return source
  }

  /** ?(a|b) *(a|b) +(a|b) @(a|b) !(a|b) */
  #group(kind: string, stops: string): string {
    this.#magic = true
    this.#at += 2
    const choices: string[] = []
    for (;;) {
      choices.push(this.#sequence('|)'))
      if (this.#text[this.#at++] !== '|') break
    }
    const body = choices.join('|')
    if (kind !== '!') return `(?:${body})${kind === '@' ? '' : kind}`
    const rest = this.#sequence(stops)
    return `(?!(?:${body})${rest}${stops === '' ? '$' : ''})${anyCharacters}${rest}`
  }

  #class(): string {
    const rest = this.#text.slice(this.#at)
    const found = /^([!^]?)(\]?(?:\[:\w+:\]|[^\]])*)\]/.exec(rest)
    if (!found || found[2] === '') return escaped('[')
    this.#at += found[0].length
    const members = (found[2] as string).replace(/\[:(\w+):\]|[\\\][&~^]/g, (text, name?: string) =>
      name === undefined ? `\\${text}` : (posixClasses[name] ?? ''),
    )
    return this.#wild(`[${found[1] ? '^/' : ''}${members}]`)
  }

  #closes(open: number): boolean {
    return this.#text.indexOf(')', open) > 0
  }

  #wild(source: string): string {
    this.#magic = true
    return source
  }
}

function escaped(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&')
}
