// The files of a journal: append-only segments. Bytes of writes go to the file at once, so that their memory may go, and
// fail to their writer; state records wait for the next commit. One write and one fdatasync serve everybody who waits.
// A segment is removed when a later one has a synced checkpoint and no live bytes lie in it.

import { concatBytes } from '../../base/bytes.ts'
import { VolumeError } from '../../base/errors.ts'
import { Mutex } from '../../base/mutex.ts'
import { bodyOffsetOf, encodeFrame } from '../../format/journal/frame.ts'
import { journalFormat, journalVersion, segmentName } from '../../format/journal/records.ts'
import type { JournalRecord } from '../../format/journal/records.ts'
import type { SpoolRef } from '../content/dirty-bytes.ts'
import type { LocalFile, LocalFiles } from '../local-files.ts'
import { asVolumeError } from '../volume-errors.ts'

/** A new segment is begun past this. */
const segmentBytesMax: number = 64 * 1024 * 1024
/** With nothing dirty, a segment longer than this is given up for an empty one. */
const idleBytesMax = 256 * 1024

export interface SegmentsOptions {
  readonly files: LocalFiles
  /** Random id of this journal. */
  readonly journal: string
  readonly firstNumber: number
  /** Of all segments together; ENOSPC beyond. */
  readonly bytesMax: number
  /** The live state as records, for the beginning of a segment. Synchronous. */
  readonly checkpoint: () => readonly JournalRecord[]
  /** Whether nothing is dirty. */
  readonly isIdle: () => boolean
}

interface Segment {
  readonly number: number
  readonly file: LocalFile
  size: number
  liveCount: number
}

export interface DataRef extends SpoolRef {
  readonly id: string
  readonly segment: number
  readonly offset: number
}

export class Segments {
  readonly #options: SegmentsOptions
  readonly #mutex = new Mutex()
  readonly #segments = new Map<number, Segment>()
  #current: Segment | null = null
  #buffer: Uint8Array[] = []
  #unsynced = false
  #syncedBytes = 0
  #commit: Promise<void> | null = null
  #failure: VolumeError | null = null
  #nextData = 1

  constructor(options: SegmentsOptions) {
    this.#options = options
  }

  get bytes(): number {
    let bytes = 0
    for (const { size } of this.#segments.values()) bytes += size
    return bytes
  }

  append(record: JournalRecord): void {
    this.#buffer.push(encodeFrame(record))
  }

  /** Writes bytes to the file; durable after the next `commit`. ENOSPC and the like leave nothing behind. */
  appendData(ino: number, bytes: Uint8Array): Promise<DataRef> {
    const id = `${this.#options.journal.slice(0, 8)}-${this.#nextData++}`
    const frame = encodeFrame({ t: 'data', id, ino } satisfies JournalRecord, bytes)
    return this.#mutex.run(async () => {
      this.#check()
      const segment = await this.#room(frame.byteLength)
      const offset = segment.size + bodyOffsetOf(frame)
      await this.#write(segment, frame)
      segment.liveCount++
      return { id, segment: segment.number, offset, length: bytes.byteLength }
    })
  }

  async readData(ref: DataRef, offset: number, length: number): Promise<Uint8Array> {
    const segment = this.#segments.get(ref.segment)
    const bytes = await segment?.file.read(ref.offset + offset, length)
    if (bytes?.byteLength !== length)
      throw new VolumeError('EIO', { message: `the journal lost bytes of segment ${ref.segment}` })
    return bytes
  }

  releaseData(ref: DataRef): void {
    const segment = this.#segments.get(ref.segment)
    if (segment) segment.liveCount--
  }

  /** Everything appended before the call is on disk when it resolves. */
  commit(): Promise<void> {
    this.#commit ??= this.#mutex.run(async () => {
      // Whoever comes from here on has records that this commit may not see.
      this.#commit = null
      await this.#flush()
    })
    return this.#commit
  }

  /** Removes all segments; the journal holds nothing any more. */
  close(keep: boolean): Promise<void> {
    return this.#mutex.run(async () => {
      for (const { number, file } of this.#segments.values()) {
        await file.close()
        if (!keep) await this.#options.files.remove(segmentName(number))
      }
      this.#segments.clear()
      this.#current = null
      this.#buffer = []
      this.#failure = new VolumeError('EBADF', { message: 'the journal is closed' })
    })
  }

  async #flush(): Promise<void> {
    this.#check()
    if (this.#buffer.length === 0 && !this.#unsynced) return
    const { isIdle } = this.#options
    if (this.#current && isIdle() && this.#current.size > idleBytesMax) await this.#rotate()
    // Records appended while these are written must stay for the next commit.
    const records = this.#buffer.slice()
    const bytes = concatBytes([encodeFrame({ t: 'synced', bytes: this.#syncedBytes }), ...records])
    const segment = await this.#room(bytes.byteLength, true)
    await this.#write(segment, bytes)
    this.#buffer = this.#buffer.slice(records.length)
    await this.#sync(segment)
    await this.#removeDead(segment)
  }

  async #sync(segment: Segment): Promise<void> {
    try {
      await segment.file.sync()
    } catch (error) {
      // After a failed fsync nobody knows what is on disk: nothing of this journal may be acknowledged any more.
      this.#failure = new VolumeError('EIO', { message: 'the journal could not be synced', cause: error })
      throw this.#failure
    }
    this.#unsynced = false
    this.#syncedBytes = segment.size
  }

  /** The segment to write to, a new one when the present one is full. */
  async #room(bytes: number, isState = false): Promise<Segment> {
    const { bytesMax } = this.#options
    // State records are small and must get through; bytes of writes are what is bounded.
    if (!isState && this.bytes + bytes > bytesMax)
      throw new VolumeError('ENOSPC', { message: `dirty bytes would exceed spoolBytesMax (${bytesMax})` })
    if (!this.#current || this.#current.size >= segmentBytesMax) await this.#rotate()
    return this.#current as Segment
  }

  async #write(segment: Segment, bytes: Uint8Array): Promise<void> {
    try {
      await segment.file.write(segment.size, bytes)
    } catch (error) {
      await segment.file.truncate(segment.size).catch((failed: unknown) => {
        this.#failure = new VolumeError('EIO', { message: 'the journal cannot be cut back', cause: failed })
      })
      throw asVolumeError(error)
    }
    segment.size += bytes.byteLength
    this.#unsynced = true
  }

  /** A new segment that begins with all there is. */
  async #rotate(): Promise<void> {
    const { files, journal, firstNumber, checkpoint } = this.#options
    const previous = this.#current
    if (previous && this.#unsynced) await this.#sync(previous)
    const number = previous ? previous.number + 1 : firstNumber
    const records: JournalRecord[] = [
      { t: 'segment', format: journalFormat, version: journalVersion, journal, number },
      { t: 'checkpoint', begin: true },
      ...checkpoint(),
      { t: 'checkpoint', begin: false },
    ]
    const file = await files.open(segmentName(number))
    const segment: Segment = { number, file, size: 0, liveCount: 0 }
    try {
      await file.truncate(0)
      await this.#write(segment, concatBytes(records.map((record) => encodeFrame(record))))
      await file.sync()
      await files.syncNames()
    } catch (error) {
      await file.close()
      await files.remove(segmentName(number))
      throw asVolumeError(error)
    }
    this.#segments.set(number, segment)
    this.#current = segment
    this.#syncedBytes = segment.size
    this.#unsynced = false
  }

  /** Segments whose checkpoint has a synced successor and in which no live bytes lie. */
  async #removeDead(current: Segment): Promise<void> {
    for (const segment of [...this.#segments.values()]) {
      if (segment === current || segment.liveCount > 0) continue
      this.#segments.delete(segment.number)
      await segment.file.close()
      await this.#options.files.remove(segmentName(segment.number))
    }
  }

  #check(): void {
    if (this.#failure) throw this.#failure
  }
}
