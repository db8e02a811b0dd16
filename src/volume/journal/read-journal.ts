// What a crash left in a journal folder: its records, applied in order to the state they tell. Reads only.

import { VolumeError } from '../../base/errors.ts'
import { scanFrames } from '../../format/journal/frame.ts'
import type { Frame } from '../../format/journal/frame.ts'
import {
  asRecord,
  journalFormat,
  journalVersion,
  segmentName,
  segmentNumber,
  syncedBytesOf,
} from '../../format/journal/records.ts'
import type { JournalPiece, JournalRecord, JournalVersion } from '../../format/journal/records.ts'
import type { LocalFile, LocalFiles } from '../local-files.ts'

type InodeRecord = Extract<JournalRecord, { readonly t: 'inode' }>
type NameRecord = Extract<JournalRecord, { readonly t: 'name' }>

/** One change of contents, oldest first. */
export type ContentStep =
  | {
      readonly kind: 'write'
      readonly data: string
      readonly start: number
      readonly length: number
      readonly offset: number
      readonly generation: number
    }
  | { readonly kind: 'zero'; readonly offset: number; readonly length: number; readonly generation: number }
  | { readonly kind: 'truncate'; readonly size: number; readonly generation: number }
  | { readonly kind: 'piece'; readonly piece: JournalPiece; readonly generation: number }

export interface RecoveredInode {
  record: InodeRecord
  base: JournalVersion | null
  /** Size of the file before the steps, when a checkpoint told it. */
  startSize: number | undefined
  steps: ContentStep[]
  hasContent: boolean
  /** Write id → key of requests without an answer. */
  readonly writeIds: Map<string, string>
}

export interface JournalState {
  readonly inodes: Map<number, RecoveredInode>
  readonly places: Map<number, { readonly parent: number; readonly name: string }>
  /** By `parent/name`. */
  readonly names: Map<string, NameRecord>
  readonly moves: Map<string, { readonly id: string; readonly from: string; readonly to: string }>
}

export interface RecoveredJournal {
  readonly journal: string
  readonly state: JournalState
  /** Whether its volume was open: before that, a journal holds a part of what it was to take over. */
  readonly wasOpen: boolean
  /** Journals whose state this one has taken over. */
  readonly adopted: ReadonlySet<string>
  read(data: string): Promise<Uint8Array>
}

export interface RecoveredFolder {
  /** Oldest first. */
  readonly journals: readonly RecoveredJournal[]
  readonly segmentNames: readonly string[]
  close(): Promise<void>
}

interface DataPlace {
  readonly file: LocalFile
  readonly offset: number
  readonly length: number
}

/** Number of the last segment in a folder; 0 when there is none. */
export async function lastSegmentNumber(files: LocalFiles): Promise<number> {
  return Math.max(0, ...(await files.list()).flatMap((name) => segmentNumber(name) ?? []))
}

/** EIO, naming file and offset, when something that had been synced is damaged; nothing is changed then. */
export async function readJournals(files: LocalFiles): Promise<RecoveredFolder> {
  const numbers = (await files.list()).flatMap((name) => segmentNumber(name) ?? []).sort((a, b) => a - b)
  const open: LocalFile[] = []
  const readings = new Map<string, Reading>()
  const close = async (): Promise<void> => {
    for (const file of open.splice(0)) await file.close()
  }
  try {
    for (const number of numbers) {
      const file = await files.open(segmentName(number))
      open.push(file)
      await readSegment(file, segmentName(number), readings)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { journals: [...readings.values()], segmentNames: numbers.map(segmentName), close }
}

async function readSegment(file: LocalFile, name: string, readings: Map<string, Reading>): Promise<void> {
  const size = await file.size()
  const { frames, damagedAt } = await scanFrames((offset, length) => file.read(offset, length), size, syncedBytesOf)
  if (damagedAt !== undefined) {
    const message = `the journal is damaged at byte ${damagedAt} of ${name}; to open without it, move its folder away`
    throw new VolumeError('EIO', { message })
  }
  const journal = frames[0] && journalOf(asRecord(frames[0].header), name)
  if (journal === undefined) return
  let reading = readings.get(journal)
  if (!reading) readings.set(journal, (reading = new Reading(journal)))
  reading.segment(file, frames)
}

/** The journal a segment belongs to; undefined when it was never synced. */
function journalOf(record: JournalRecord | null, name: string): string | undefined {
  if (record?.t !== 'segment') return undefined
  if (record.format === journalFormat && record.version <= journalVersion) return record.journal
  const message = `${name} was written by a newer version (${record.format} ${record.version}); open with that one`
  throw new VolumeError('EIO', { message })
}

class Reading implements RecoveredJournal {
  readonly journal: string
  state: JournalState = emptyState()
  wasOpen = false
  readonly adopted = new Set<string>()
  readonly #data = new Map<string, DataPlace>()

  constructor(journal: string) {
    this.journal = journal
  }

  segment(file: LocalFile, frames: readonly Frame[]): void {
    let checkpoint: JournalState | null = null
    let adopted: readonly string[] | null = null
    for (const { header, bodyOffset, bodyLength } of frames) {
      const record = asRecord(header)
      if (!record || record.t === 'segment') continue
      if (record.t === 'data') this.#data.set(record.id, { file, offset: bodyOffset, length: bodyLength })
      else if (record.t === 'adopted') {
        // Within a checkpoint it holds once that is whole.
        if (checkpoint) adopted = record.journals
        else this.#open(record.journals)
      } else if (record.t !== 'checkpoint') applyRecord(checkpoint ?? this.state, record)
      else if (record.begin) checkpoint = emptyState()
      else if (checkpoint) {
        this.state = checkpoint
        checkpoint = null
        if (adopted) this.#open(adopted)
      }
    }
  }

  #open(adopted: readonly string[]): void {
    this.wasOpen = true
    for (const journal of adopted) this.adopted.add(journal)
  }

  async read(data: string): Promise<Uint8Array> {
    const place = this.#data.get(data)
    const bytes = place && (await place.file.read(place.offset, place.length))
    if (!place || bytes?.byteLength !== place.length)
      throw new VolumeError('EIO', { message: `the journal lost the bytes ${data}` })
    return bytes
  }
}

function emptyState(): JournalState {
  return { inodes: new Map(), places: new Map(), names: new Map(), moves: new Map() }
}

function applyRecord(state: JournalState, record: JournalRecord): void {
  switch (record.t) {
    case 'inode':
      return applyInode(state, record)
    case 'place':
      return void state.places.set(record.ino, { parent: record.parent, name: record.name })
    case 'wrote':
      return step(state, record.ino, { kind: 'write', ...record })
    case 'truncated':
      return step(state, record.ino, { kind: 'truncate', ...record })
    case 'zeroed':
      return step(state, record.ino, { kind: 'zero', ...record })
    case 'content':
      return applyContent(state, record)
    case 'name':
      return void state.names.set(`${record.parent}/${record.name}`, record)
    case 'settled':
      return void state.names.delete(`${record.parent}/${record.name}`)
    case 'writing':
      return void state.inodes.get(record.ino)?.writeIds.set(record.writeId, record.key)
    case 'written':
      return applyWritten(state, record)
    case 'forgotten':
      return void state.inodes.delete(record.ino)
    case 'move':
      if (record.place) state.places.set(record.place.ino, record.place)
      return void state.moves.set(record.id, { id: record.id, from: record.from, to: record.to })
    case 'moveDone':
      return void state.moves.delete(record.id)
    default:
  }
}

function applyInode(state: JournalState, record: InodeRecord): void {
  const known = state.inodes.get(record.ino)
  if (!record.content && !record.attributesDirty) {
    // As in the bucket; it stays only while a pending name leads to it.
    if (known) Object.assign(known, { record, base: record.base, steps: [], startSize: undefined, hasContent: false })
    else state.inodes.set(record.ino, recovered(record))
    return
  }
  if (!known) state.inodes.set(record.ino, recovered(record))
  else {
    if (!record.content || !known.hasContent) Object.assign(known, { steps: [], startSize: undefined })
    Object.assign(known, { record, base: record.base, hasContent: record.content })
  }
}

function recovered(record: InodeRecord): RecoveredInode {
  const { base, content } = record
  return { record, base, startSize: undefined, steps: [], hasContent: content, writeIds: new Map() }
}

function step(state: JournalState, ino: number, next: ContentStep): void {
  state.inodes.get(ino)?.steps.push(next)
}

function applyContent(state: JournalState, record: Extract<JournalRecord, { readonly t: 'content' }>): void {
  const known = state.inodes.get(record.ino)
  if (!known) return
  known.base = record.base
  known.startSize = record.size
  known.hasContent = true
  known.steps = record.pieces.map((piece) => ({ kind: 'piece', piece, generation: piece[3] }))
}

function applyWritten(state: JournalState, record: Extract<JournalRecord, { readonly t: 'written' }>): void {
  const known = state.inodes.get(record.ino)
  if (!known) return
  known.base = record.base
  known.record = { ...known.record, base: record.base }
  known.writeIds.clear()
  const { generation } = record
  if (generation === null) return
  known.startSize = undefined
  known.steps = known.steps.filter((each) => each.generation > generation)
}
