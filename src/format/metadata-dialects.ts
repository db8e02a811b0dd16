import { utf8 } from '../base/bytes.ts'
import { fullMode, parseId, parseMode, parseNumber, parseNumericMode, parseOctalMode } from './mode.ts'
import type { ObjectType, ParsedMode } from './mode.ts'
import { nameOfBytes } from './name.ts'
import { parseNsTime, parseRfc3339, parseTime, timeNsMax, timeNsMin } from './time.ts'

// The read order of metadata dialects, field by field; the first text that makes sense wins: s3fs, geesefs, Resilio and
// rclone (`mode` …), the AWS family (`file-permissions` …), Google's tools (`goog-reserved-posix-mode` …), s3sync
// (`permissions` …), and at last what the store itself says.

export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface ObjectFacts {
  readonly isDirectoryKey: boolean
  readonly size: number
  /** Epoch milliseconds. */
  readonly lastModified: number
  readonly contentType: string | undefined
  readonly metadata: Readonly<Record<string, string>>
}

/** Without the extended attributes. */
export interface DecodedAttributes {
  readonly type: ObjectType
  /** Full st_mode. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly rdev: number
  readonly atimeNs: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly birthtimeNs: bigint
  readonly atimeSet: boolean
  /** Of a symlink, when metadata carries it; otherwise the body is the target. */
  readonly target: string | undefined
}

/** Longest target a symlink has (PATH_MAX - 1); a longer object is a plain file, whatever its mode says. */
const symlinkBytesMax = 4095

const directoryContentTypes: ReadonlySet<string> = new Set(['application/x-directory', 'httpd/unix-directory'])

type Reader<T> = readonly [field: string, parse: (text: string) => T | undefined]

const uidFields: readonly Reader<number>[] = [
  ['uid', parseId],
  ['file-owner', parseId],
  ['goog-reserved-posix-uid', parseId],
  ['owner', parseId],
]

const gidFields: readonly Reader<number>[] = [
  ['gid', parseId],
  ['file-group', parseId],
  ['goog-reserved-posix-gid', parseId],
  ['group', parseId],
]

const mtimeFields: readonly Reader<bigint>[] = [
  ['mtime', within(parseTime)],
  ['file-mtime', within(parseNsTime)],
  ['goog-reserved-file-mtime', within(parseTime)],
  ['gcsfuse_mtime', within(parseRfc3339)],
]

const atimeFields: readonly Reader<bigint>[] = [
  ['atime', within(parseTime)],
  ['file-atime', within(parseNsTime)],
  ['goog-reserved-file-atime', within(parseTime)],
]

const ctimeFields: readonly Reader<bigint>[] = [['ctime', within(parseTime)]]
const btimeFields: readonly Reader<bigint>[] = [['btime', within(parseTime)]]

export function decodeAttributes(object: ObjectFacts, defaults: Owner): DecodedAttributes {
  const { metadata } = object
  const parsed = firstMode(object)
  const targetText = metadata['--symlink-target'] ?? metadata['gcsfuse_symlink_target']
  const type = typeOf(object, parsed?.type, targetText)
  // A symlink marked by its target alone may carry the mode of a plain file.
  const permissions = type === 'symlink' && parsed?.type !== 'symlink' ? 0o777 : parsed?.permissions
  const modifiedNs = BigInt(Math.trunc(object.lastModified)) * 1_000_000n
  const mtimeNs = first(metadata, mtimeFields) ?? modifiedNs
  const ctimeNs = first(metadata, ctimeFields) ?? modifiedNs
  const atimeNs = first(metadata, atimeFields)
  return {
    type,
    mode: fullMode(type, permissions ?? defaultPermissions(type)),
    uid: first(metadata, uidFields) ?? defaults.uid,
    gid: first(metadata, gidFields) ?? defaults.gid,
    rdev: type === 'character' || type === 'block' ? (first(metadata, [['rdev', parseNumber]]) ?? 0) : 0,
    atimeNs: atimeNs ?? mtimeNs,
    mtimeNs,
    ctimeNs,
    birthtimeNs: first(metadata, btimeFields) ?? earliest(mtimeNs, ctimeNs, modifiedNs),
    atimeSet: atimeNs !== undefined,
    target: type === 'symlink' && targetText !== undefined ? targetOf(targetText) : undefined,
  }
}

function firstMode(object: ObjectFacts): ParsedMode | undefined {
  return first(object.metadata, [
    ['mode', (text) => parseMode(text, object.isDirectoryKey, object.size)],
    ['file-permissions', parseOctalMode],
    ['goog-reserved-posix-mode', parseOctalMode],
    ['permissions', parseNumericMode],
  ])
}

function typeOf(object: ObjectFacts, byMode: ObjectType | undefined, target: string | undefined): ObjectType {
  if (object.isDirectoryKey) return 'directory'
  if (object.size === 0 && object.contentType !== undefined && directoryContentTypes.has(bareType(object.contentType)))
    return 'directory'
  const canBeSpecial = object.size <= symlinkBytesMax
  if (target !== undefined && target !== '' && object.size === 0) return 'symlink'
  switch (byMode) {
    case 'directory':
      return object.size === 0 ? 'directory' : 'file'
    case 'symlink':
      return canBeSpecial && object.size > 0 ? 'symlink' : 'file'
    case undefined:
      return 'file'
    default:
      return canBeSpecial ? byMode : 'file'
  }
}

function bareType(contentType: string): string {
  return (contentType.split(';')[0] as string).trim().toLowerCase()
}

function defaultPermissions(type: ObjectType): number {
  return type === 'directory' ? 0o755 : type === 'symlink' ? 0o777 : 0o644
}

/** geesefs escapes with percent signs; a text that is no such escape is the target itself. */
function targetOf(text: string): string {
  if (!text.includes('%')) return text
  if (!/^(?:[^%]|%[0-9A-Fa-f]{2})*$/.test(text)) return text
  const parts = text
    .split(/(%[0-9A-Fa-f]{2})/)
    .map((part) => (/^%[0-9A-Fa-f]{2}$/.test(part) ? Uint8Array.of(Number.parseInt(part.slice(1), 16)) : utf8(part)))
  return nameOfBytes(Buffer.concat(parts))
}

function first<T>(metadata: Readonly<Record<string, string>>, readers: readonly Reader<T>[]): T | undefined {
  for (const [field, parse] of readers) {
    const text = metadata[field]
    const value = text === undefined ? undefined : parse(text.trim())
    if (value !== undefined) return value
  }
  return undefined
}

/** Times outside what file systems keep are no times. */
function within(parse: (text: string) => bigint | undefined): (text: string) => bigint | undefined {
  return (text) => {
    const ns = parse(text)
    return ns !== undefined && ns >= timeNsMin && ns <= timeNsMax ? ns : undefined
  }
}

function earliest(...times: readonly [bigint, ...bigint[]]): bigint {
  return times.reduce((a, b) => (b < a ? b : a))
}
