// XML of requests: bounded in size, without document types, entities beyond XML's own five, or CDATA. What is not a
// plain tree of elements and text is MalformedXML.

import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { MiB } from '../../base/bytes.ts'
import { S3Error } from '../errors.ts'

/** 10,000 parts with checksums, or 1,000 keys with every character escaped, fit in this. */
export const documentBytesMax: number = 8 * MiB

export interface XmlNode {
  /** Text of the element itself; '' when it has children only. */
  readonly text: string
  /** Children of that name, in order. */
  all(name: string): readonly XmlNode[]
  /** Text of the first child of that name. */
  value(name: string): string | undefined
}

const parser = new XMLParser({
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  // Five entities and character references are decoded below; nothing a document declares.
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  alwaysCreateTextNode: true,
  isArray: () => true,
})

/** The root element, which must be called `root`. */
export function parseDocument(bytes: Uint8Array, root: string): XmlNode {
  const text = decodeUtf8(bytes)
  if (text.includes('<!DOCTYPE') || text.includes('<![CDATA[') || text.includes('<!ENTITY'))
    throw new S3Error('MalformedXML')
  if (XMLValidator.validate(text) !== true) throw new S3Error('MalformedXML')
  let tree: unknown
  try {
    tree = parser.parse(text)
  } catch (cause) {
    throw new S3Error('MalformedXML', { cause })
  }
  const [found] = nodeOf(tree).all(root)
  if (!found) throw new S3Error('MalformedXML', { message: `The document is not a ${root}.` })
  return found
}

function nodeOf(raw: unknown): XmlNode {
  const record = (typeof raw === 'object' && raw !== null ? raw : {}) as Readonly<Record<string, unknown>>
  const own = Object.hasOwn(record, '#text') ? record['#text'] : ''
  const all = (name: string): readonly XmlNode[] => {
    const found = Object.hasOwn(record, name) ? record[name] : undefined
    return Array.isArray(found) ? found.map(nodeOf) : []
  }
  const text = decodeEntities(typeof raw === 'string' ? raw : typeof own === 'string' ? own : '')
  return { text, all, value: (name) => all(name)[0]?.text }
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&([^;&]*);?/g, (whole, name: string) => {
    const known = Object.hasOwn(entities, name) ? entities[name] : undefined
    const digits = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name)
    const code = digits
      ? Number.parseInt(digits[1] ?? (digits[2] as string), digits[1] === undefined ? 10 : 16)
      : Number.NaN
    if (!whole.endsWith(';') || (known === undefined && !(code <= 0x10ffff))) throw new S3Error('MalformedXML')
    return known ?? String.fromCodePoint(code)
  })
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new S3Error('MalformedXML', { cause })
  }
}
