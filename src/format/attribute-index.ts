import { cachePrefix } from './key.ts'
import { damaged, decodeSide, encodeSide } from './side-object.ts'
import type { SideDecoded, SideObject } from './side-object.ts'
import { keyHash } from './system-key.ts'
import { formatTime, parseTime } from './time.ts'

// The attribute index of one directory: what HEAD told of its entries, so that `ls -l` needs none. One object per
// directory, or, past 5,000 rows, one that names parts by the first name each may hold. A cache: a row says of which
// version it speaks and how old the knowledge is, and its reader decides.

/** One entry. A directory's row speaks of its marker; without one, `etag` is '' and only the times mean something. */
export interface AttributeRow {
  readonly name: string
  readonly etag: string
  readonly size: number
  /** Server time, epoch ms, whole seconds. */
  readonly lastModified: number
  /** `Date` of the reply that told the attributes; likewise. */
  readonly headersDate: number
  /** True: our own write told them; false: they were read back. */
  readonly written: boolean
  /** The contents are ours, so that reads of them verify. */
  readonly ours: boolean
  /** Full st_mode; its type bits are the type. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly rdev: number
  readonly atimeNs: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly birthtimeNs: bigint
  readonly atimeSet: boolean
  /** Target of a symlink when it is known. */
  readonly target?: string | undefined
}

/** A part of a split index: rows from the name `from` on, up to the next part's. */
export interface IndexPart {
  readonly from: string
  /** 32 hex digits, fresh for each part. */
  readonly id: string
}

export type AttributeIndex =
  | { readonly kind: 'rows'; readonly rows: readonly AttributeRow[] }
  | { readonly kind: 'parts'; readonly parts: readonly IndexPart[] }

/** Most rows in one object; more are split. */
export const indexRowsMax = 5000

/** Rows per part right after a split, so that parts can grow. */
export const indexRowsPerPart = 2500

const format = 'bucketfs-attributes'
const formatVersion = 1
const bitWritten = 1
const bitOurs = 2
const bitAtimeSet = 4

/** Where the index of the directory with this natural prefix ('' for the root) lies. */
export function attributeIndexKey(prefix: string): string {
  return `${cachePrefix}attributes/${keyHash(prefix)}`
}

export function attributeIndexPartKey(prefix: string, id: string): string {
  return `${attributeIndexKey(prefix)}-${id}`
}

export function encodeAttributeRows(prefix: string, rows: readonly AttributeRow[], part?: string): SideObject {
  const key = part === undefined ? attributeIndexKey(prefix) : attributeIndexPartKey(prefix, part)
  return { key, body: encodeSide(format, formatVersion, { directory: prefix, kind: 'rows' }, rows.map(lineOfRow)) }
}

export function encodeAttributeParts(prefix: string, parts: readonly IndexPart[]): SideObject {
  const rows = parts.map(({ from, id }) => [from, id])
  return {
    key: attributeIndexKey(prefix),
    body: encodeSide(format, formatVersion, { directory: prefix, kind: 'parts' }, rows),
  }
}

/** An index, or a part of one, of the directory with this prefix. */
export function decodeAttributeIndex(body: Uint8Array, prefix: string): SideDecoded<AttributeIndex> {
  const decoded = decodeSide(format, formatVersion, body)
  if (!decoded.ok) return decoded
  const { fields, rows } = decoded.value
  if (fields['directory'] !== prefix) return damaged
  if (fields['kind'] === 'parts') {
    const parts = rows.map(partOfLine)
    return parts.every((part) => part !== undefined) ? { ok: true, value: { kind: 'parts', parts } } : damaged
  }
  if (fields['kind'] !== 'rows') return damaged
  const read = rows.map(rowOfLine)
  return read.every((row) => row !== undefined) ? { ok: true, value: { kind: 'rows', rows: read } } : damaged
}

/** Whether both rows say the same, so that writing one over the other would be for nothing. */
export function sameRow(a: AttributeRow, b: AttributeRow): boolean {
  return JSON.stringify(lineOfRow(a)) === JSON.stringify(lineOfRow(b))
}

/** [name, etag, size, lastModified s, headersDate s, bits, mode, uid, gid, rdev, mtime, ctime, atime, birthtime, target]; a time equal to mtime is null. */
function lineOfRow(row: AttributeRow): readonly unknown[] {
  const { name, etag, size, mode, uid, gid, rdev, mtimeNs, target } = row
  const bits = (row.written ? bitWritten : 0) | (row.ours ? bitOurs : 0) | (row.atimeSet ? bitAtimeSet : 0)
  const other = (ns: bigint): string | null => (ns === mtimeNs ? null : formatTime(ns))
  const line: unknown[] = [
    name,
    etag,
    size,
    seconds(row.lastModified),
    seconds(row.headersDate),
    bits,
    mode,
    uid,
    gid,
    rdev,
  ]
  line.push(formatTime(mtimeNs), other(row.ctimeNs), other(row.atimeNs), other(row.birthtimeNs))
  if (target !== undefined) line.push(target)
  return line
}

function rowOfLine(line: unknown): AttributeRow | undefined {
  if (!Array.isArray(line) || line.length < 14) return undefined
  const [name, etag, ...rest] = line as unknown[]
  if (typeof name !== 'string' || typeof etag !== 'string') return undefined
  const numbers = rest.slice(0, 8)
  if (!numbers.every((value) => typeof value === 'number' && Number.isSafeInteger(value))) return undefined
  const [size, lastModified, headersDate, bits, mode, uid, gid, rdev] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const mtimeNs = timeOf(rest[8])
  const [ctimeNs, atimeNs, birthtimeNs] = [9, 10, 11].map((at) => (rest[at] === null ? mtimeNs : timeOf(rest[at])))
  const target = rest[12]
  if (mtimeNs === undefined || ctimeNs === undefined || atimeNs === undefined || birthtimeNs === undefined)
    return undefined
  if (target !== undefined && typeof target !== 'string') return undefined
  return {
    name,
    etag,
    size,
    mode,
    uid,
    gid,
    rdev,
    mtimeNs,
    ctimeNs,
    atimeNs,
    birthtimeNs,
    target,
    lastModified: lastModified * 1000,
    headersDate: headersDate * 1000,
    written: (bits & bitWritten) !== 0,
    ours: (bits & bitOurs) !== 0,
    atimeSet: (bits & bitAtimeSet) !== 0,
  }
}

function partOfLine(line: unknown): IndexPart | undefined {
  if (!Array.isArray(line)) return undefined
  const [from, id] = line as unknown[]
  return typeof from === 'string' && typeof id === 'string' && /^[0-9a-f]{32}$/.test(id) ? { from, id } : undefined
}

function timeOf(value: unknown): bigint | undefined {
  return typeof value === 'string' ? parseTime(value) : undefined
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}
