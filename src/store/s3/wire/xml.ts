// A strict reader for the little XML that S3 speaks. Whatever is not complete and well-formed is an error: a cut or
// damaged listing must never be read as a shorter one. DTDs, and with them entities of one's own, are refused.

export interface XmlElement {
  readonly name: string
  /** Decoded text between the tags; '' for an element with children. */
  readonly text: string
  readonly children: readonly XmlElement[]
}

export class XmlError extends Error {
  override readonly name: string = 'XmlError'
}

/** 1,000 keys of 1,024 bytes, percent-encoded, with room for the rest. */
export const xmlBytesMax: number = 16 * 1024 * 1024
const depthMax = 16
const elementsMax = 200_000

const decoder = new TextDecoder('utf-8', { fatal: true })
const namePattern = /^[A-Za-z_][\w.\-:]*$/
const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

interface OpenElement {
  readonly name: string
  text: string
  children: OpenElement[]
}

/** Shared by all elements without children: most are leaves. */
const noChildren: OpenElement[] = []

/** The root element of a document. */
export function parseXml(bytes: Uint8Array): XmlElement {
  if (bytes.byteLength > xmlBytesMax) throw new XmlError(`document of ${bytes.byteLength} bytes`)
  return new Reader(decode(bytes)).read()
}

export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text
}

/** Text as element content. Throws for what XML 1.0 cannot hold; see `isXmlText`. */
export function escapeXml(text: string): string {
  if (!isXmlText(text)) throw new XmlError('character that XML cannot hold')
  return text.replace(/[&<>"'\t\n\r]/g, (c) => `&#${c.charCodeAt(0)};`)
}

export function isXmlText(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what XML 1.0 forbids
  return !/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(text)
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (error) {
    throw new XmlError('not UTF-8', { cause: error })
  }
}

class Reader {
  readonly #source: string
  readonly #stack: OpenElement[] = []
  /** Names without attributes that were checked already. */
  readonly #names = new Set<string>()
  #root: OpenElement | undefined
  #elements = 0

  constructor(source: string) {
    this.#source = source
  }

  read(): XmlElement {
    const source = this.#source
    // Servers that keep a connection alive during a long Complete send spaces first.
    const first = source.length - source.trimStart().length
    let at = source.startsWith('<?xml ', first) ? this.#after('?>', first) : first
    for (;;) {
      const open = source.indexOf('<', at)
      if (open < 0) break
      if (open > at) this.#text(source.slice(at, open))
      at = this.#markup(open)
    }
    if (source.slice(at).trim() !== '') throw new XmlError('text after the root element')
    if (this.#stack.length > 0 || !this.#root) throw new XmlError('document ends early')
    return this.#root
  }

  /** One tag or comment at `open`; the position after it. */
  #markup(open: number): number {
    const source = this.#source
    const next = source.charCodeAt(open + 1)
    if (next === 0x21) {
      if (source.startsWith('<!--', open)) return this.#after('-->', open + 4)
      throw new XmlError('markup declaration or CDATA')
    }
    if (next === 0x3f) throw new XmlError('processing instruction')
    if (next === 0x2f) {
      // The end of the element that is open, spelt as it should be: the usual case, without cutting out the name.
      const name = this.#stack.at(-1)?.name ?? ''
      const end = open + 2 + name.length
      if (source.charCodeAt(end) === 0x3e && source.startsWith(name, open + 2)) {
        this.#end(name)
        return end + 1
      }
    }
    const close = source.indexOf('>', open)
    if (close < 0) throw new XmlError('tag without end')
    if (next === 0x2f) this.#end(source.slice(open + 2, close).trimEnd())
    else if (source.charCodeAt(close - 1) === 0x2f) {
      this.#end(this.#start(source.slice(open + 1, close - 1)))
    } else this.#start(source.slice(open + 1, close))
    return close + 1
  }

  #start(tag: string): string {
    if (++this.#elements > elementsMax) throw new XmlError('too many elements')
    if (this.#stack.length >= depthMax) throw new XmlError('nested too deep')
    const name = this.#names.has(tag) ? tag : this.#checkTag(tag)
    const element: OpenElement = { name, text: '', children: noChildren }
    const parent = this.#stack.at(-1)
    if (parent && parent.children.length === 0 && parent.text.trim() !== '') throw new XmlError('text beside elements')
    if (parent) {
      if (parent.children.length === 0) parent.children = [element]
      else parent.children.push(element)
    } else if (this.#root) throw new XmlError('second root element')
    else this.#root = element
    this.#stack.push(element)
    return name
  }

  /** The name of a tag; attributes are checked to be attributes and dropped. */
  #checkTag(tag: string): string {
    const name = tag.split(/\s/, 1)[0] ?? ''
    if (!namePattern.test(name)) throw new XmlError('tag without a name')
    const attributes = tag.slice(name.length)
    if (!/^(\s+[\w.\-:]+\s*=\s*("[^"<]*"|'[^'<]*'))*\s*$/.test(attributes))
      throw new XmlError(`tag ${name} is malformed`)
    if (attributes === '' && this.#names.size < 100) this.#names.add(name)
    return name
  }

  #end(name: string): void {
    const element = this.#stack.pop()
    if (!element || element.name !== name) throw new XmlError(`end of ${name} where none is open`)
    // White space between children is layout.
    if (element.children.length > 0) element.text = ''
  }

  #text(raw: string): void {
    const element = this.#stack.at(-1)
    if (element && element.children.length === 0) element.text += decodeText(raw)
    else if (raw.trim() !== '') throw new XmlError('text outside of an element')
  }

  #after(mark: string, from: number): number {
    const at = this.#source.indexOf(mark, from)
    if (at < 0) throw new XmlError('document ends early')
    return at + mark.length
  }
}

function decodeText(raw: string): string {
  if (!raw.includes('&')) return raw
  return raw.replace(/&([^;&]*;?)/g, (_, reference: string) => {
    const body = reference.slice(0, -1)
    const plain = reference.endsWith(';') ? named[body] : undefined
    if (plain !== undefined) return plain
    const number = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));$/.exec(reference)
    const code = number ? Number.parseInt(number[1] ?? (number[2] as string), number[1] === undefined ? 10 : 16) : -1
    if (code < 1 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new XmlError('unknown entity')
    return String.fromCodePoint(code)
  })
}
