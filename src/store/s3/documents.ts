// The XML documents of S3, read and written. A field that is missing or malformed is an error: what cannot be understood
// is never taken for empty. Text is copied out of the document, or one key would keep a whole page in memory.

import { compareUtf8 } from '../../base/bytes.ts'
import type { DeleteEntry, ListedObject, ListOptions, ListReply, UploadedPart } from '../store.ts'
import { bareEtag, quotedEtag } from './object-headers.ts'
import { childText, escapeXml, XmlError, type XmlElement } from './wire/xml.ts'

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

/** One page of ListObjectsV2. Throws XmlError for a page that is damaged, out of order or not what was asked for. */
export function readListPage(document: XmlElement, asked: ListOptions, date: number): ListReply {
  // Empty is how some servers say none.
  const encoded = childText(document, 'EncodingType') ?? ''
  if (encoded !== '' && encoded !== 'url') throw new XmlError(`encoding type ${encoded}`)
  const keyOf = (text: string): string => (encoded === 'url' ? decodeUrl(text) : own(text))
  const prefix = asked.prefix ?? ''
  const objects: ListedObject[] = []
  const prefixes: string[] = []
  let fields: Record<string, string> = {}
  for (const child of document.children) {
    if (child.name === 'Contents') objects.push(readListed(child, keyOf))
    else if (child.name === 'CommonPrefixes') {
      for (const { name, text } of child.children) if (name === 'Prefix') prefixes.push(keyOf(text))
    } else fields = { ...fields, [child.name]: child.text }
  }
  const keys = objects.map(({ key }) => key)
  for (const list of [keys, prefixes]) checkOrder(list, prefix, asked.startAfter)
  const truncated = fields['IsTruncated']
  const token = fields['NextContinuationToken']
  if (truncated !== 'true' && truncated !== 'false') throw new XmlError('IsTruncated is missing')
  if (truncated === 'true' && (token === undefined || token === ''))
    throw new XmlError('NextContinuationToken is missing')
  if (truncated === 'true' && token === asked.token) throw new XmlError('the continuation token does not move on')
  const promised = Number(fields['KeyCount'] ?? 0)
  // Some servers do not count prefixes; none may show fewer than it counted.
  if (!(promised <= objects.length + prefixes.length)) throw new XmlError(`KeyCount is ${fields['KeyCount']}`)
  return { objects, prefixes, date, ...(truncated === 'true' ? { token } : {}) }
}

function readListed(element: XmlElement, keyOf: (text: string) => string): ListedObject {
  let key: string | undefined
  let size: string | undefined
  let etag: string | undefined
  let modified: string | undefined
  let storageClass: string | undefined
  for (const { name, text } of element.children) {
    if (name === 'Key') key = keyOf(text)
    else if (name === 'Size') size = text
    else if (name === 'ETag') etag = own(bareEtag(text))
    else if (name === 'LastModified') modified = text
    else if (name === 'StorageClass') storageClass = text
  }
  if (!key || size === undefined || etag === undefined || modified === undefined)
    throw new XmlError('listed object without key, size, ETag or date')
  if (!/^\d{1,15}$/.test(size)) throw new XmlError(`size ${size}`)
  const listed = { key, size: Number(size), etag, lastModified: isoSeconds(modified) }
  return storageClass === undefined || storageClass === 'STANDARD'
    ? listed
    : { ...listed, storageClass: own(storageClass) }
}

function checkOrder(list: readonly string[], prefix: string, startAfter: string | undefined): void {
  let before = startAfter
  for (const key of list) {
    if (!key.startsWith(prefix)) throw new XmlError('a key outside of the prefix')
    if (before !== undefined && key !== before && compareUtf8(before, key) > 0 && !before.startsWith(key))
      throw new XmlError('keys out of UTF-8 byte order')
    before = key
  }
}

export function readCopyResult(document: XmlElement): {
  etag: string
  lastModified: number
  crc32?: string | undefined
} {
  const etag = childText(document, 'ETag')
  const modified = childText(document, 'LastModified')
  if (!etag || modified === undefined) throw new XmlError('copy result without ETag or date')
  return { etag: own(bareEtag(etag)), lastModified: isoSeconds(modified), crc32: childText(document, 'ChecksumCRC32') }
}

export function readUploadId(document: XmlElement): string {
  const id = childText(document, 'UploadId')
  if (!id) throw new XmlError('no UploadId')
  return own(id)
}

export function readCompleted(document: XmlElement): {
  etag: string
  crc32?: string | undefined
  checksumType?: string | undefined
} {
  const etag = childText(document, 'ETag')
  if (!etag) throw new XmlError('no ETag')
  return {
    etag: own(bareEtag(etag)),
    crc32: childText(document, 'ChecksumCRC32'),
    checksumType: childText(document, 'ChecksumType'),
  }
}

/** Tags as a URL query string. */
export function readTags(document: XmlElement): string {
  const set = document.children.find(({ name }) => name === 'TagSet')
  if (!set) throw new XmlError('no TagSet')
  return set.children
    .map((tag) => {
      const [key, value] = [childText(tag, 'Key'), childText(tag, 'Value')]
      if (!key || value === undefined) throw new XmlError('tag without key or value')
      return `${encodeURIComponent(key)}=${encodeURIComponent(value)}`
    })
    .join('&')
}

export interface DeleteRefusal {
  readonly key: string
  readonly code: string
  readonly message: string | undefined
}

/** The entries that were not deleted. Every entry must have an answer of its own, unless the answers are silent. */
export function readDeleteResult(document: XmlElement): readonly DeleteRefusal[] {
  const refused: DeleteRefusal[] = []
  for (const { name, children } of document.children) {
    if (name !== 'Error') continue
    const text = (field: string): string | undefined => children.find((child) => child.name === field)?.text
    const [key, code] = [text('Key'), text('Code')]
    if (key === undefined || !code) throw new XmlError('refusal without key or code')
    refused.push({ key, code, message: text('Message') })
  }
  return refused
}

export function deleteDocument(entries: readonly DeleteEntry[]): string {
  const objects = entries.map(({ key, ifMatch }) => {
    const etag = ifMatch === undefined ? '' : `<ETag>${escapeXml(quotedEtag(ifMatch))}</ETag>`
    return `<Object><Key>${escapeXml(key)}</Key>${etag}</Object>`
  })
  return `${declaration}<Delete ${namespace}><Quiet>true</Quiet>${objects.join('')}</Delete>`
}

export function completeDocument(parts: readonly UploadedPart[], withChecksums: boolean): string {
  const rows = parts.map(({ partNumber, etag, crc32 }) => {
    const sum = withChecksums && crc32 !== undefined ? `<ChecksumCRC32>${escapeXml(crc32)}</ChecksumCRC32>` : ''
    return `<Part><PartNumber>${partNumber}</PartNumber><ETag>${escapeXml(quotedEtag(etag))}</ETag>${sum}</Part>`
  })
  return `${declaration}<CompleteMultipartUpload ${namespace}>${rows.join('')}</CompleteMultipartUpload>`
}

/** `2026-11-25T01:02:03.000Z` as epoch milliseconds, whole seconds. */
function isoSeconds(text: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new XmlError(`date ${text}`)
  return Math.floor(ms / 1000) * 1000
}

/** `encoding-type=url`: AWS shows a space as '+'. */
export function decodeUrl(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return own(text)
  try {
    return decodeURIComponent(text.replaceAll('+', '%20'))
  } catch (error) {
    throw new XmlError('key that is no percent-encoded UTF-8', { cause: error })
  }
}

/** A copy that does not hold on to the document it was cut from. */
function own(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}
