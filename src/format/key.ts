import { createHash } from 'node:crypto'
import { utf8 } from '../base/bytes.ts'
import { hasLoneSurrogate, isValidName, nameByteLength, nameOfBytes } from './name.ts'

// From names to segments of keys, and back. A name that is valid Unicode is its own segment; so keys of others are shown
// as they are. Three kinds of names cannot be: names with bytes that are no UTF-8 (keys are Unicode), our system folder's
// name at the root, and names that begin as an escaped segment does. Their segment is `.bucketfs%` and then the name with
// '%' as `%25` and each such byte as `%XX` (upper-case hex). Exactly one segment stands for a name: another spelling of it
// (a foreign key, most likely) is no name at all, so that nothing is ever shown twice under one name.
//
// Control characters are not escaped: stores carry them, and an escaped spelling beside the plain one of others would
// make two keys of one name.

/** Folder of everything of ours that is not a file, at the root of a volume. */
export const systemName = '.bucketfs'

/** May be deleted at the price of speed. */
export const cachePrefix = '.bucketfs/cache/'

/** May not be deleted. */
export const dataPrefix = '.bucketfs/data/'

/** S3's limit; a volume below a prefix of the bucket has less. */
export const keyBytesMax = 1024

/** Longest name a directory shows. */
export const nameBytesMax = 255

/** What lies under `longKeyOf` and `longPrefixOf`. */
export const longPathsPrefix = '.bucketfs/data/paths/'

const escapeMark = `${systemName}%`

/** The segment that stands for `name` in keys. `atRoot`: in the root directory of the volume. */
export function keySegmentOfName(name: string, atRoot: boolean): string {
  if (!hasLoneSurrogate(name) && !name.startsWith(escapeMark) && !(atRoot && name === systemName)) return name
  let escaped = escapeMark
  for (const character of name) {
    const code = character.codePointAt(0) as number
    if (character === '%') escaped += '%25'
    else if (code >= 0xdc80 && code <= 0xdcff) escaped += percent(code - 0xdc00)
    else escaped += character
  }
  return escaped
}

/**
 * The name a segment of a listed key stands for. Null when no tree can show it: empty, '.', '..', longer than 255 bytes,
 * with NUL, an escape that is not the one spelling of its name, or the system folder's own segment at the root.
 */
export function nameOfKeySegment(segment: string, atRoot: boolean): string | null {
  if (atRoot && segment === systemName) return null
  const name = segment.startsWith(escapeMark) ? unescape(segment.slice(escapeMark.length)) : segment
  if (name === null || name === '' || name === '.' || name === '..' || name.includes('\0')) return null
  if (name.length * 3 > nameBytesMax && nameByteLength(name) > nameBytesMax) return null
  if (name === segment) return hasLoneSurrogate(name) ? null : name
  return isValidName(name) && keySegmentOfName(name, atRoot) === segment ? name : null
}

/**
 * Where the object lies whose key by its place, `naturalKey`, is too long for a key. The entries of one directory share
 * `longPrefixOf(its prefix)`, each under its own segment, directories with a slash behind.
 */
export function longKeyOf(naturalKey: string): string {
  const end = naturalKey.endsWith('/') ? naturalKey.length - 2 : naturalKey.length - 1
  const slash = naturalKey.lastIndexOf('/', end)
  return longPrefixOf(naturalKey.slice(0, slash + 1)) + naturalKey.slice(slash + 1)
}

/** Common prefix of the entries of a directory whose own keys are too long. `naturalPrefix` ends in '/'. */
export function longPrefixOf(naturalPrefix: string): string {
  return `${longPathsPrefix}${createHash('sha256').update(naturalPrefix, 'utf8').digest('hex')}/`
}

function unescape(escaped: string): string | null {
  if (!escaped.includes('%')) return escaped
  if (hasLoneSurrogate(escaped)) return null
  const parts: Uint8Array[] = []
  let start = 0
  for (let at = escaped.indexOf('%'); at >= 0; at = escaped.indexOf('%', start)) {
    const digits = escaped.slice(at + 1, at + 3)
    if (!/^[0-9A-F]{2}$/.test(digits)) return null
    parts.push(utf8(escaped.slice(start, at)), Uint8Array.of(Number.parseInt(digits, 16)))
    start = at + 3
  }
  parts.push(utf8(escaped.slice(start)))
  return nameOfBytes(Buffer.concat(parts))
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}
