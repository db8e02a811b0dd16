import { keyBytesMax, keySegmentOfName, nameBytesMax } from './key.ts'
import { nameByteLength } from './name.ts'
import { damaged, decodeSide, encodeSide } from './side-object.ts'
import type { SideDecoded } from './side-object.ts'
import { keyHash } from './system-key.ts'
import { formatCompactUtc } from './time.ts'

// Where the local bytes of a lost race are kept: `/.bucketfs/data/conflicts/PATH.<UTC>-<id>`, or beside the file. The
// path's own directories are kept, so that the copy is found where the file was looked for; when that makes a key too
// long, one directory named by the hash of the path stands for them all.

export interface ConflictPlace {
  /** Volume path, to be named in errors: absolute, of Names. */
  readonly path: string
  /** Object key. For 'beside' the caller derives it from its own tree. */
  readonly key: string
  /** The same for the note of a copy that is not whole. */
  readonly notePath: string
  readonly noteKey: string
}

/** A run of bytes: offset and length. */
export type Range = readonly [offset: number, length: number]

/** What is missing from a copy and where it would have been. */
export interface ConflictNote {
  /** Path of the file the copy is of. */
  readonly path: string
  /** Version the local changes were made on; it could not be read any more. */
  readonly baseEtag: string
  readonly size: number
  /** Runs that the copy has from the local changes; the rest are zeros standing for unknown bytes. */
  readonly present: readonly Range[]
  readonly missing: readonly Range[]
}

export const conflictsPath = '/.bucketfs/data/conflicts'
const conflictsPrefix = '.bucketfs/data/conflicts/'
const noteSuffix = '.missing.json'
const format = 'bucketfs-conflict'
const formatVersion = 1

/** `path`: of the file, absolute. `utcMs`: epoch ms. `id`: random hex digits; the first eight are used. */
export function conflictPlace(path: string, utcMs: number, id: string): ConflictPlace {
  const names = path.split('/').slice(1)
  const name = conflictName(names.pop() ?? '', utcMs, id)
  const directories = names.map((each) => `${keySegmentOfName(each, false)}/`).join('')
  const segment = keySegmentOfName(name, false)
  const noteSegment = keySegmentOfName(name + noteSuffix, false)
  // Half of a key, so that a bucket's own prefix has room before it.
  if (Buffer.byteLength(conflictsPrefix + directories + noteSegment) <= keyBytesMax / 2)
    return place(names.map((each) => `/${each}`).join(''), directories, name, segment, noteSegment)
  const hash = `long-${keyHash(directories)}`
  return place(`/${hash}`, `${hash}/`, name, segment, noteSegment)
}

/** Name of the copy in the directory it goes to; its note's has `.missing.json` behind. At most 255 bytes with it. */
export function conflictName(name: string, utcMs: number, id: string): string {
  const tail = `.${formatCompactUtc(utcMs)}-${id.slice(0, 8)}`
  return cut(name, nameBytesMax - tail.length - noteSuffix.length) + tail
}

/** Name of the copy beside the file. */
export function conflictNameBeside(name: string, utcMs: number, id: string): string {
  const tail = `.conflict.${formatCompactUtc(utcMs)}-${id.slice(0, 8)}`
  return cut(name, nameBytesMax - tail.length - noteSuffix.length) + tail
}

export function conflictNoteName(copyName: string): string {
  return copyName + noteSuffix
}

export function encodeConflictNote(note: ConflictNote): Uint8Array {
  return encodeSide(format, formatVersion, { ...note })
}

export function decodeConflictNote(body: Uint8Array): SideDecoded<ConflictNote> {
  const decoded = decodeSide(format, formatVersion, body)
  if (!decoded.ok) return decoded
  const { path, baseEtag, size, present, missing } = decoded.value.fields
  if (typeof path !== 'string' || typeof baseEtag !== 'string' || typeof size !== 'number') return damaged
  if (!isRanges(present) || !isRanges(missing)) return damaged
  return { ok: true, value: { path, baseEtag, size, present, missing } }
}

function place(
  directoryPath: string,
  directories: string,
  name: string,
  segment: string,
  noteSegment: string,
): ConflictPlace {
  const path = `${conflictsPath}${directoryPath}/${name}`
  return {
    path,
    key: conflictsPrefix + directories + segment,
    notePath: path + noteSuffix,
    noteKey: conflictsPrefix + directories + noteSegment,
  }
}

/** The first characters of a name that fit. */
function cut(name: string, bytesMax: number): string {
  let bytes = 0
  let kept = ''
  for (const character of name) {
    bytes += nameByteLength(character)
    if (bytes > bytesMax) break
    kept += character
  }
  return kept
}

function isRanges(value: unknown): value is readonly Range[] {
  return (
    Array.isArray(value) &&
    value.every(
      (range) => Array.isArray(range) && range.length === 2 && range.every((part) => typeof part === 'number'),
    )
  )
}
