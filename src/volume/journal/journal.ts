// The journal of one open volume (`durability: 'journal'`): everything acknowledged and not yet in the bucket is on local
// disk. It is also the spool of dirty bytes. First file of the folder; then `segments.ts` (the files), `read-journal.ts`
// (what a crash left), `adopt.ts` (going on from there).
//
// Invariants: a record is appended in the same synchronous step as the change it tells; bytes before the `wrote` that
// places them; `writing` is committed before the request goes out. A checkpoint is built synchronously from the live
// volume, and records that follow may repeat what is in it: every record says how things are, so repeating is harmless.

import type { JournalRecord } from '../../format/journal/records.ts'
import type { DirtyBytes, DirtyOwner, Spool, SpoolRef } from '../content/dirty-bytes.ts'
import type { FileContent, FrozenContent } from '../content/file-content.ts'
import type { Inode, Version } from '../inode.ts'
import type { LocalFiles } from '../local-files.ts'
import type { VolumeMetrics } from '../metrics.ts'
import type { PendingName } from '../names/pending-names.ts'
import type { Ino } from '../types.ts'
import { contentRecord, inodeRecord, nameRecord } from './record-of.ts'
import { Segments } from './segments.ts'
import type { DataRef } from './segments.ts'
import type { BytesPart, MoveRecord, VolumeJournal } from './volume-journal.ts'

/** What is dirty now; read synchronously when a segment begins. */
export interface LiveState {
  readonly inodes: readonly Inode[]
  readonly names: readonly PendingName[]
}

export interface JournalOptions {
  readonly files: LocalFiles
  readonly journal: string
  readonly firstNumber: number
  readonly bytesMax: number
  readonly metrics: VolumeMetrics
  readonly live: () => LiveState
}

export class Journal implements VolumeJournal, Spool {
  readonly #segments: Segments
  readonly #metrics: VolumeMetrics
  readonly #live: () => LiveState
  readonly #moves = new Map<string, MoveRecord>()
  /** Where each inode was last said to be. */
  readonly #places = new Map<Ino, string>()
  /** Told when the volume was open; a journal without it holds a part of what it was to take over, or nothing. */
  #adopted: readonly string[] | null = null

  constructor(options: JournalOptions) {
    const { files, journal, firstNumber, bytesMax } = options
    this.#metrics = options.metrics
    this.#live = options.live
    this.#segments = new Segments({
      ...{ files, journal, firstNumber, bytesMax },
      checkpoint: () => this.#checkpoint(),
      isIdle: () => this.#isIdle(),
    })
  }

  get bytes(): number {
    return this.#segments.bytes
  }

  inode(inode: Inode): void {
    this.#place(inode, (record) => this.#segments.append(record))
    this.#segments.append(inodeRecord(inode))
  }

  wrote({ ino }: Inode, offset: number, bytes: DirtyBytes, { generation }: FileContent, part?: BytesPart): void {
    const data = bytes.spooled as DataRef | undefined
    const { start, length } = part ?? { start: 0, length: bytes.length }
    if (data) this.#segments.append({ t: 'wrote', ino, data: data.id, start, length, offset, generation })
  }

  zeroed({ ino }: Inode, offset: number, length: number, { generation }: FileContent): void {
    this.#segments.append({ t: 'zeroed', ino, offset, length, generation })
  }

  truncated(inode: Inode, size: number): void {
    const generation = inode.content?.generation ?? 0
    this.#segments.append({ t: 'truncated', ino: inode.ino, size, generation })
  }

  name(pending: PendingName): void {
    this.#place(pending.directory, (record) => this.#segments.append(record))
    this.#segments.append(nameRecord(pending))
  }

  nameSettled({ directory, name }: PendingName): void {
    this.#segments.append({ t: 'settled', parent: directory.ino, name })
  }

  writing(ino: Ino, key: string, writeId: string): void {
    this.#segments.append({ t: 'writing', ino, key, writeId })
  }

  written(inode: Inode, frozen: FrozenContent | null, version: Version): void {
    this.#segments.append({ t: 'written', ino: inode.ino, generation: frozen?.generation ?? null, base: version })
    // What is still dirty, or no longer.
    this.#segments.append(inodeRecord(inode))
  }

  forgotten(ino: Ino): void {
    this.#places.delete(ino)
    this.#segments.append({ t: 'forgotten', ino })
  }

  move({ id, from, to }: MoveRecord, directory: Inode | null): void {
    this.#moves.set(id, { id, from, to })
    const { place } = directory ?? { place: null }
    if (!directory || !place) return this.#segments.append({ t: 'move', id, from, to, place: null })
    this.#place(place.parent, (record) => this.#segments.append(record))
    this.#places.set(directory.ino, `${place.parent.ino}/${place.name}`)
    const placed = { ino: directory.ino, parent: place.parent.ino, name: place.name }
    this.#segments.append({ t: 'move', id, from, to, place: placed })
  }

  moveDone(id: string): void {
    if (this.#moves.delete(id)) this.#segments.append({ t: 'moveDone', id })
  }

  adopted(journals: readonly string[]): void {
    this.#adopted = journals
    this.#segments.append({ t: 'adopted', journals })
  }

  async commit(): Promise<void> {
    this.#metrics.count('journalCommits')
    await this.#segments.commit()
  }

  async close(): Promise<void> {
    await this.#segments.close(!this.#isIdle())
  }

  append(owner: DirtyOwner, bytes: Uint8Array): Promise<SpoolRef> {
    return this.#segments.appendData(owner.ino, bytes)
  }

  read(ref: SpoolRef, offset: number, length: number): Promise<Uint8Array> {
    return this.#segments.readData(ref as DataRef, offset, length)
  }

  release(ref: SpoolRef): void {
    this.#segments.releaseData(ref as DataRef)
  }

  #isIdle(): boolean {
    const { inodes, names } = this.#live()
    return inodes.length === 0 && names.length === 0 && this.#moves.size === 0
  }

  /** Where the inode and the directories above it are, as far as that was not said before. */
  #place(inode: Inode, append: (record: JournalRecord) => void, said = this.#places): void {
    const { place } = inode
    if (!place) return
    this.#place(place.parent, append, said)
    const where = `${place.parent.ino}/${place.name}`
    if (said.get(inode.ino) === where) return
    said.set(inode.ino, where)
    append({ t: 'place', ino: inode.ino, parent: place.parent.ino, name: place.name })
  }

  #checkpoint(): readonly JournalRecord[] {
    const { inodes, names } = this.#live()
    const records: JournalRecord[] = []
    const append = (record: JournalRecord): void => void records.push(record)
    if (this.#adopted) records.push({ t: 'adopted', journals: this.#adopted })
    this.#places.clear()
    const all = new Set(inodes)
    for (const { inode } of names) if (inode) all.add(inode)
    for (const inode of all) {
      this.#place(inode, append)
      records.push(inodeRecord(inode))
      if (inode.content) records.push(contentRecord(inode, inode.content))
      for (const [writeId, key] of inode.doubtfulIds) records.push({ t: 'writing', ino: inode.ino, key, writeId })
    }
    for (const pending of names) {
      this.#place(pending.directory, append)
      records.push(nameRecord(pending))
    }
    for (const record of this.#moves.values()) records.push({ t: 'move', ...record, place: null })
    return records
  }
}
