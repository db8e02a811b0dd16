import { writeIdHeader } from '../../../format/metadata.ts'
import type { ObjectHeaders } from '../../../store/store.ts'

/** Whether two writes would give an object the same headers; the write ids, which always differ, left aside. */
export function sameHeaders(a: ObjectHeaders, b: ObjectHeaders): boolean {
  return comparable(a) === comparable(b)
}

function comparable(headers: ObjectHeaders): string {
  const { metadata, ...others } = headers
  return JSON.stringify([sorted(others), sorted(metadata)])
}

function sorted(record: object): unknown[] {
  return Object.entries(record)
    .filter(([name, value]) => value !== undefined && name !== writeIdHeader)
    .sort(([a], [b]) => (a < b ? -1 : 1))
}
