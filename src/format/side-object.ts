import { crc32, utf8 } from '../base/bytes.ts'

// The shape of every object of ours that is not a file: lines of JSON. The first line names format and version, counts the
// rows and ends in a CRC-32 of everything but itself; each further line is one row. A reader takes a version it knows,
// undamaged, or nothing.

/** An object of our own, to be PUT under `key`. */
export interface SideObject {
  readonly key: string
  readonly body: Uint8Array
}

export type SideFields = Readonly<Record<string, unknown>>

export interface SideContents {
  /** Of the first line. */
  readonly fields: SideFields
  readonly rows: readonly unknown[]
}

/** 'newer': a later version wrote it, so it means something and must be left alone. 'damaged': it means nothing. */
export type SideDecoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: 'damaged' | 'newer' }

/** Most rows one object may have; more is damage. */
const sideRowsMax = 1_000_000

export function encodeSide(
  format: string,
  version: number,
  fields: SideFields,
  rows: readonly unknown[] = [],
): Uint8Array {
  let body = ''
  for (const row of rows) body += `${JSON.stringify(row)}\n`
  const head = JSON.stringify({ format, version, ...fields, rows: rows.length }).slice(0, -1)
  return utf8(`${head}${checkMark}${hex32(crc32(utf8(body), crc32(utf8(head))))}"}\n${body}`)
}

/** Fields and rows are what was written; what they mean is the reader's to check. */
export function decodeSide(format: string, version: number, body: Uint8Array): SideDecoded<SideContents> {
  const end = body.indexOf(0x0a)
  const fields = end < 0 ? undefined : parseRecord(body.subarray(0, end))
  if (!fields || fields['format'] !== format || typeof fields['version'] !== 'number') return damaged
  if (fields['version'] > version) return { ok: false, reason: 'newer' }
  const rest = body.subarray(end + 1)
  const count = fields['rows']
  const head = body.subarray(0, Math.max(end - checkBytes, 0))
  if (typeof count !== 'number' || count > sideRowsMax || fields['crc32'] !== hex32(crc32(rest, crc32(head))))
    return damaged
  const lines = rest.length === 0 ? [] : decoder.decode(rest).split('\n')
  if (lines.length > 0 && lines.pop() !== '') return damaged
  if (lines.length !== count) return damaged
  try {
    return { ok: true, value: { fields, rows: lines.map((line) => JSON.parse(line) as unknown) } }
  } catch {
    return damaged
  }
}

export const damaged: { readonly ok: false; readonly reason: 'damaged' } = { ok: false, reason: 'damaged' }

const checkMark = ',"crc32":"'
const checkBytes = checkMark.length + '00000000"}'.length
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function parseRecord(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(decoder.decode(bytes))
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}
