import { utf8 } from '../base/bytes.ts'
import { bytesOfName, nameOfBytes } from './name.ts'

// One extended attribute `user.X` is one header `x-amz-meta-X`, readable by any S3 tool. Header names are
// case-insensitive tokens and values are one line of ASCII, so both are escaped with percent signs where they must be; an
// attribute named like a header of ours (`user.mode`) has its first byte escaped, so that it never becomes one. Only the
// one canonical spelling is read as an attribute: other headers are none of our business and stay as they are. A foreign
// value that is not a canonical spelling stands for itself.

const userPrefix = 'user.'
const plainName = /^[a-z0-9._-]$/

/** Headers with a meaning of their own in one of the dialects; never extended attributes. */
const reservedNames: ReadonlySet<string> = new Set([
  'mode',
  'uid',
  'gid',
  'mtime',
  'ctime',
  'atime',
  'btime',
  'rdev',
  'xattr',
  'file-permissions',
  'file-owner',
  'file-group',
  'file-mtime',
  'file-atime',
  'permissions',
  'owner',
  'group',
  '--symlink-target',
  'gcsfuse_mtime',
  'gcsfuse_symlink_target',
  'md5chksum',
  's3cmd-attrs',
  // No dialect's: a plain object cannot hold it as a key of its own.
  '__proto__',
])
const reservedPrefixes = ['bucketfs-', 'goog-reserved-'] as const

/** Whether a metadata name (lower case, without `x-amz-meta-`) belongs to a dialect. */
export function isReservedHeader(name: string): boolean {
  return reservedNames.has(name) || reservedPrefixes.some((prefix) => name.startsWith(prefix))
}

/** The metadata name that carries the attribute; undefined when it is not in the `user.` namespace or has no name. */
export function headerOfXattr(xattr: string): string | undefined {
  if (!xattr.startsWith(userPrefix) || xattr.length === userPrefix.length) return undefined
  let header = ''
  for (const byte of bytesOfName(xattr.slice(userPrefix.length))) {
    const character = String.fromCharCode(byte)
    header += plainName.test(character) ? character : hex(byte)
  }
  return isReservedHeader(header) ? hex(header.charCodeAt(0)) + header.slice(1) : header
}

/** The attribute a metadata name carries; undefined when it is a dialect's own or not in canonical spelling. */
export function xattrOfHeader(header: string): string | undefined {
  if (header === '' || isReservedHeader(header)) return undefined
  const bytes = unescape(header)
  if (!bytes) return undefined
  const xattr = userPrefix + nameOfBytes(bytes)
  return headerOfXattr(xattr) === header ? xattr : undefined
}

/**
 * A value as header text. Printable ASCII stays readable; other bytes, '%', spaces at the ends or in rows, and the '='
 * of a leading `=?` (which S3 might take for RFC 2047) become `%XX`. No bytes at all are a lone '%', because some servers
 * drop empty headers.
 */
export function encodeXattrValue(value: Uint8Array): string {
  if (value.byteLength === 0) return '%'
  let text = ''
  for (let i = 0; i < value.byteLength; i++) {
    const byte = value[i] as number
    const isEdge = i === 0 || i === value.byteLength - 1 || value[i - 1] === 0x20
    const isEncodedWord = byte === 0x3d && i === 0 && value[1] === 0x3f
    const plain = byte === 0x20 ? !isEdge : byte > 0x20 && byte < 0x7f && byte !== 0x25 && !isEncodedWord
    text += plain ? String.fromCharCode(byte) : hex(byte)
  }
  return text
}

/** The bytes of a header's text. */
export function decodeXattrValue(text: string): Uint8Array {
  if (text === '%') return new Uint8Array(0)
  const bytes = text.includes('%') ? unescape(text) : undefined
  return bytes && encodeXattrValue(bytes) === text ? bytes : utf8(text)
}

/** What a header counts toward S3's 2 KB: UTF-8 bytes of its name (without `x-amz-meta-`) and value. */
export function headerBytes(name: string, value: string): number {
  return Buffer.byteLength(name) + Buffer.byteLength(value)
}

/** What all user metadata counts toward S3's 2 KB. */
export function metadataBytes(metadata: Readonly<Record<string, string>>): number {
  let bytes = 0
  for (const [name, value] of Object.entries(metadata)) bytes += headerBytes(name, value)
  return bytes
}

function unescape(text: string): Uint8Array | undefined {
  const parts: Uint8Array[] = []
  let start = 0
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', start)) {
    const digits = text.slice(at + 1, at + 3)
    if (!/^[0-9a-f]{2}$/.test(digits)) return undefined
    parts.push(utf8(text.slice(start, at)), Uint8Array.of(Number.parseInt(digits, 16)))
    start = at + 3
  }
  parts.push(utf8(text.slice(start)))
  return Buffer.concat(parts)
}

function hex(byte: number): string {
  return `%${byte.toString(16).padStart(2, '0')}`
}
