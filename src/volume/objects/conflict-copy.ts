import { isVolumeError } from '../../base/errors.ts'
import { wallMs } from '../../base/clock.ts'
import { randomId } from '../../base/random.ts'
import {
  conflictNameBeside,
  conflictNoteName,
  conflictPlace,
  encodeConflictNote,
  type ConflictPlace,
  type Range,
} from '../../format/conflict-name.ts'
import { encodeMetadata, type EncodedAttributes } from '../../format/metadata.ts'
import type { ObjectHeaders } from '../../store/store.ts'
import type { FrozenContent } from '../content/file-content.ts'
import type { Version } from '../inode.ts'
import type { Name } from '../types.ts'
import type { JobOptions, ObjectDeps, ObjectReader } from './object-deps.ts'
import { putObject } from './put-object.ts'
import { writeFrozen, type ContentJob } from './write-frozen.ts'

// The local bytes of a lost race, kept for their owner: whole where all of them can still be had, else what this volume
// wrote and what of the base is cached, at its offsets, zeros for the rest, and a note that says which is which. The note
// is there before the copy: one that is not whole must never look as if it were.

export interface ConflictJob extends JobOptions {
  /** Volume path of the file. */
  readonly path: string
  readonly frozen: FrozenContent
  readonly attributes: EncodedAttributes
  /** Under `conflictCopies: 'beside'`: the key of a name in the file's directory. Without it the copy goes to `.bucketfs/`. */
  readonly keyBeside?: ((name: Name) => string) | undefined
}

/** Returns the volume path of the copy. */
export async function keepConflict(deps: ObjectDeps, job: ConflictJob): Promise<string> {
  const place = placeOf(deps, job)
  const copy = copyJob(deps, job, place)
  try {
    await writeFrozen(deps, copy)
  } catch (error) {
    if (!isVolumeError(error, 'ESTALE')) throw error
    await keepWhatIsThere(deps, job, place, copy)
  }
  return place.path
}

/** The clean bytes are gone from the bucket: those that are cached nowhere become zeros. */
async function keepWhatIsThere(
  deps: ObjectDeps,
  job: ConflictJob,
  place: ConflictPlace,
  copy: ContentJob,
): Promise<void> {
  const { store, clock, random, log, settings, metrics, budget } = deps
  const missing = new Map<number, number>()
  const reader = forgivingReader(deps.reader, settings.blockBytes, missing)
  const beforePublish = async (): Promise<void> => {
    if (missing.size > 0) await putNote(deps, job, place, missing)
  }
  await writeFrozen(
    { store, clock, random, log, settings, metrics, budget, reader },
    { ...copy, withoutCopies: true, beforePublish },
  )
}

/** Reads what it can; what is gone is zeros, entered in `missing` by offset and length. */
function forgivingReader(reader: ObjectReader, stepBytes: number, missing: Map<number, number>): ObjectReader {
  const readStep = async (
    version: Version,
    offset: number,
    length: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> => {
    try {
      return await reader.read(version, offset, length, { signal })
    } catch (error) {
      if (!isVolumeError(error, 'ESTALE')) throw error
      missing.set(offset, length)
      return new Uint8Array(length)
    }
  }
  return {
    async read(version, offset, length, options) {
      const result = new Uint8Array(length)
      for (let at = offset; at < offset + length;) {
        const end = Math.min(offset + length, at - (at % stepBytes) + stepBytes)
        result.set(await readStep(version, at, end - at, options?.signal), at - offset)
        at = end
      }
      return result
    },
    move: (from, to) => reader.move(from, to),
    checksumBuilder: (size) => reader.checksumBuilder(size),
    inheritChecksums: (builder, base, range, size) => reader.inheritChecksums(builder, base, range, size),
    keepChecksums: (version, builder) => reader.keepChecksums(version, builder),
  }
}

function placeOf(deps: ObjectDeps, job: ConflictJob): ConflictPlace {
  const { path, keyBeside } = job
  const id = randomId(deps.random)
  const utcMs = wallMs(deps.clock)
  if (deps.settings.conflictCopies !== 'beside' || !keyBeside) return conflictPlace(path, utcMs, id)
  const slash = path.lastIndexOf('/') + 1
  const directory = path.slice(0, slash)
  const name = conflictNameBeside(path.slice(slash), utcMs, id)
  const noteName = conflictNoteName(name)
  return { path: directory + name, key: keyBeside(name), notePath: directory + noteName, noteKey: keyBeside(noteName) }
}

function copyJob(deps: ObjectDeps, job: ConflictJob, place: ConflictPlace): ContentJob {
  const { frozen, attributes, signal, waiting } = job
  const writeId = randomId(deps.random)
  // A lock on the original is no lock on the copy: its owner must be able to remove it.
  const unlocked: ObjectHeaders = {
    ...(frozen.base?.headers ?? { metadata: {} }),
    objectLockMode: undefined,
    objectLockRetainUntil: undefined,
    objectLockLegalHold: undefined,
  }
  const { headers } = encodeMetadata<ObjectHeaders>(unlocked, {
    attributes,
    xattrs: undefined,
    writeId,
    contents: 'new',
  })
  return { key: place.key, condition: { ifNoneMatch: '*' }, frozen, headers, writeId, replaces: null, signal, waiting }
}

async function putNote(
  deps: ObjectDeps,
  job: ConflictJob,
  place: ConflictPlace,
  missing: ReadonlyMap<number, number>,
): Promise<void> {
  const { path, frozen, signal, waiting } = job
  const gaps = joinRanges([...missing].sort(([a], [b]) => a - b))
  const note = {
    path,
    baseEtag: frozen.base?.etag ?? '',
    size: frozen.size,
    present: between(gaps, frozen.size),
    missing: gaps,
  }
  const body = [encodeConflictNote(note)]
  const headers = { contentType: 'application/json', metadata: {} }
  const writeId = randomId(deps.random)
  await putObject(deps, { key: place.noteKey, condition: {}, body, headers, writeId, signal, waiting })
}

function joinRanges(sorted: readonly Range[]): readonly Range[] {
  const joined: [number, number][] = []
  for (const [offset, length] of sorted) {
    const last = joined[joined.length - 1]
    if (last && last[0] + last[1] >= offset) last[1] = Math.max(last[1], offset + length - last[0])
    else joined.push([offset, length])
  }
  return joined
}

/** What `gaps` leave of [0, size). */
function between(gaps: readonly Range[], size: number): readonly Range[] {
  const present: Range[] = []
  let at = 0
  for (const [offset, length] of gaps) {
    if (offset > at) present.push([at, offset - at])
    at = offset + length
  }
  if (at < size) present.push([at, size - at])
  return present
}
