import { compareUtf8 } from '../../../base/bytes.ts'
import { sameRow } from '../../../format/attribute-index.ts'
import type { AttributeRow, IndexPart } from '../../../format/attribute-index.ts'
import { typeOfMode } from '../../types.ts'
import type { Name } from '../../types.ts'

// What becomes of the rows of an index when two writers know different things. Pure.

/** A row to be; null: none. */
export interface RowChange {
  readonly row: AttributeRow | null
  /** The times are what we wrote, even if a row of the same version knows later ones. */
  readonly isOwn: boolean
}

export type RowChanges = ReadonlyMap<Name, RowChange>

/** Rows by their names, in their order. */
export function byName(rows: readonly AttributeRow[]): Map<Name, AttributeRow> {
  return new Map(rows.map((row) => [row.name, row]))
}

/** The rows of these names that there are. */
export function pick(rows: ReadonlyMap<Name, AttributeRow>, names: readonly Name[]): AttributeRow[] {
  return names.flatMap((name) => rows.get(name) ?? [])
}

/** Undefined when nothing changes; else in UTF-8 order. Of two rows the one that knows the later version counts, then the later knowledge. */
export function merged(
  before: ReadonlyMap<Name, AttributeRow>,
  changes: RowChanges,
  isGone: (name: Name) => boolean,
): Map<Name, AttributeRow> | undefined {
  const rows = new Map<Name, AttributeRow>()
  let changed = false
  for (const [name, row] of before) {
    if (isGone(name) && !changes.has(name)) changed = true
    else rows.set(name, row)
  }
  for (const [name, change] of changes) {
    const there = rows.get(name)
    const row = there && change.row && !change.isOwn ? withLaterTimes(change.row, there) : change.row
    if (row === null) changed = rows.delete(name) || changed
    else if (!there || (!sameRow(there, row) && !isLater(there, row))) {
      rows.set(name, row)
      changed = true
    }
  }
  if (!changed) return undefined
  return new Map([...rows].sort(([a], [b]) => compareUtf8(a, b)))
}

/** Entries made and removed give a directory times that its marker does not have: the latest stay. */
function withLaterTimes(row: AttributeRow, there: AttributeRow): AttributeRow {
  if (typeOfMode(row.mode) !== 'directory' || there.etag !== row.etag || there.lastModified !== row.lastModified)
    return row
  const later = (a: bigint, b: bigint): bigint => (a > b ? a : b)
  return { ...row, mtimeNs: later(row.mtimeNs, there.mtimeNs), ctimeNs: later(row.ctimeNs, there.ctimeNs) }
}

function isLater(there: AttributeRow, row: AttributeRow): boolean {
  if (there.lastModified !== row.lastModified) return there.lastModified > row.lastModified
  return there.headersDate > row.headersDate
}

/** Names by the part that may hold them; `parts` are in order of their first name. */
export function groupByPart(parts: readonly IndexPart[], names: readonly Name[]): Map<IndexPart, Name[]> {
  const groups = new Map<IndexPart, Name[]>()
  for (const name of names) {
    let low = 0
    let high = parts.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (compareUtf8((parts[middle] as IndexPart).from, name) <= 0) low = middle
      else high = middle
    }
    const part = parts[low] as IndexPart
    const group = groups.get(part)
    if (group) group.push(name)
    else groups.set(part, [name])
  }
  return groups
}
