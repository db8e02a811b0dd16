// The segment files of the disk cache: one that grows, finished ones before it, the oldest removed when room is needed.

import { concatBytes } from '../../../base/bytes.ts'
import type { LocalFile, LocalFiles } from '../../local-files.ts'
import type { DiskIndex, DiskPlace } from './disk-index.ts'
import { decodeIndex, encodeHeader, encodeIndex, scanSegment } from './disk-segment.ts'
import type { PlacedRecord, RecordHeader } from './disk-segment.ts'

interface Segment {
  readonly number: number
  readonly file: LocalFile
  /** With its index file once finished. */
  bytes: number
  /** What the index file will say, and its size; none once it is written. */
  records: PlacedRecord[]
  indexBytes: number
}

/** Files a full cache has, about: room is made in steps of this part, and as many are open. */
const segmentsPerCache = 32
const segmentBytesMin: number = 256 * 1024
/** Bounds the index in memory, at some 400 bytes each. */
const blockCountMax = 100_000

/** Up to here copying is cheaper than a second write. */
const joinedBytesMax: number = 128 * 1024

const decoder = new TextDecoder()

export class DiskSegments {
  readonly #files: LocalFiles
  readonly #bytesMax: number
  readonly #segmentBytes: number
  readonly #index: DiskIndex
  /** Oldest first; the last one grows unless it was finished. */
  #segments: Segment[] = []
  #current: Segment | null = null
  #nextNumber = 1
  #bytes = 0

  constructor(files: LocalFiles, bytesMax: number, index: DiskIndex) {
    this.#files = files
    this.#bytesMax = bytesMax
    this.#segmentBytes = Math.max(segmentBytesMin, Math.floor(bytesMax / segmentsPerCache))
    this.#index = index
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Takes over what is in the folder; files that make no sense are removed. */
  async open(): Promise<void> {
    const names = await this.#files.list()
    const numbers = names.flatMap((name) => numberOf(name) ?? [])
    numbers.sort((a, b) => a - b)
    for (const name of names) if (!belongs(name, numbers)) await this.#files.remove(name)
    for (const number of numbers) await this.#openSegment(number, names.includes(indexName(number)))
    this.#nextNumber = (numbers[numbers.length - 1] ?? 0) + 1
    await this.#continueLast()
    for (const segment of this.#segments) if (segment !== this.#current) await this.#writeIndex(segment)
    await this.#makeRoom(0)
  }

  async read({ segment: number, offset, length }: DiskPlace): Promise<Uint8Array | undefined> {
    return this.#segments.find((segment) => segment.number === number)?.file.read(offset, length)
  }

  /** Among the older half of a full cache. */
  isOld(number: number): boolean {
    if (this.#bytes < this.#bytesMax / 2) return false
    return this.#segments.findIndex((segment) => segment.number === number) < this.#segments.length / 2
  }

  /** Found by the index once this resolves. Calls come one at a time. */
  async append(header: RecordHeader, data: Uint8Array): Promise<void> {
    const head = encodeHeader(header)
    const size = head.byteLength + data.byteLength
    if (size > this.#bytesMax / 2) return
    await this.#makeRoom(size + indexEntryBytes(head))
    const current = await this.#currentForNext()
    const at = current.bytes
    current.bytes += size
    this.#bytes += size
    if (data.byteLength <= joinedBytesMax) await current.file.write(at, concatBytes([head, data]))
    else {
      await current.file.write(at, head)
      await current.file.write(at + head.byteLength, data)
    }
    const record = { ...header, offset: at + head.byteLength }
    current.records.push(record)
    current.indexBytes += indexEntryBytes(head)
    // A move was applied when it was asked for, but not to blocks that were written since.
    this.#index.apply(record, current.number, header.kind === 'move' ? decoder.decode(data) : undefined)
  }

  /** After a failed write: the growing file ends where its last whole record ends, and the oldest file makes room. */
  async giveUpCurrent(): Promise<void> {
    this.#current = null
    const [oldest] = this.#segments
    if (oldest && this.#segments.length > 1) await this.#remove(oldest)
  }

  async close(): Promise<void> {
    try {
      await this.#finish()
    } finally {
      const segments = this.#segments
      this.#segments = []
      await Promise.all(segments.map(({ file }) => file.close()))
    }
  }

  async #openSegment(number: number, indexed: boolean): Promise<void> {
    const file = await this.#files.open(segmentName(number))
    const known = indexed ? await this.#readIndex(number) : undefined
    const records = known?.records ?? (await scanSegment(file))
    for (const record of records) {
      const moved = record.kind === 'move' ? decoder.decode(await file.read(record.offset, record.length)) : undefined
      this.#index.apply(record, number, moved)
    }
    const bytes = (await file.size()) + (known?.bytes ?? 0)
    this.#bytes += bytes
    this.#segments.push({ number, file, bytes, records: known ? [] : records, indexBytes: 4 })
  }

  /** Runs do not leave a file each: the last one grows on, from its last whole record. */
  async #continueLast(): Promise<void> {
    const last = this.#segments[this.#segments.length - 1]
    if (!last) return
    const records = last.records.length > 0 ? last.records : ((await this.#readIndex(last.number))?.records ?? [])
    const end = records.reduce((most, { offset, length }) => Math.max(most, offset + length), 0)
    await last.file.truncate(end)
    await this.#files.remove(indexName(last.number))
    this.#bytes += end - last.bytes
    last.bytes = end
    last.records = records
    last.indexBytes = records.reduce((sum, record) => sum + indexEntryBytes(encodeHeader(record)), 4)
    this.#current = last
  }

  async #readIndex(number: number): Promise<{ readonly records: PlacedRecord[]; readonly bytes: number } | undefined> {
    const file = await this.#files.open(indexName(number))
    try {
      const bytes = await file.size()
      const records = decodeIndex(await file.read(0, bytes))
      return records && { records, bytes }
    } finally {
      await file.close()
    }
  }

  async #currentForNext(): Promise<Segment> {
    if (this.#current && this.#current.bytes < this.#segmentBytes) return this.#current
    await this.#finish()
    const number = this.#nextNumber++
    const file = await this.#files.open(segmentName(number))
    const segment: Segment = { number, file, bytes: 0, records: [], indexBytes: 4 }
    this.#segments.push(segment)
    this.#current = segment
    return segment
  }

  /** The growing segment grows no more. */
  async #finish(): Promise<void> {
    const current = this.#current
    this.#current = null
    if (current) await this.#writeIndex(current)
  }

  /** Unless it has one. Its room was made when the records were appended. */
  async #writeIndex(segment: Segment): Promise<void> {
    if (segment.records.length === 0) return
    const index = encodeIndex(segment.records)
    segment.records = []
    segment.bytes += index.byteLength
    this.#bytes += index.byteLength
    const file = await this.#files.open(indexName(segment.number))
    try {
      await file.write(0, index)
    } finally {
      await file.close()
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    const unwritten = this.#current?.indexBytes ?? 0
    while (this.#bytes + bytes + unwritten > this.#bytesMax || this.#index.count > blockCountMax) {
      const [oldest] = this.#segments
      if (!oldest) return
      if (oldest === this.#current) this.#current = null
      await this.#remove(oldest)
    }
  }

  async #remove(segment: Segment): Promise<void> {
    this.#segments.splice(this.#segments.indexOf(segment), 1)
    this.#index.removeSegment(segment.number)
    await segment.file.close()
    await this.#files.remove(segmentName(segment.number))
    await this.#files.remove(indexName(segment.number))
    this.#bytes -= segment.bytes
  }
}

function indexEntryBytes(head: Uint8Array): number {
  return 8 + head.byteLength
}

function segmentName(number: number): string {
  return `${String(number).padStart(12, '0')}.blocks`
}

function indexName(number: number): string {
  return `${String(number).padStart(12, '0')}.index`
}

function numberOf(name: string): number | undefined {
  const match = /^(\d{12})\.blocks$/.exec(name)
  return match ? Number(match[1]) : undefined
}

function belongs(name: string, numbers: readonly number[]): boolean {
  const match = /^(\d{12})\.(blocks|index)$/.exec(name)
  return match !== null && numbers.includes(Number(match[1]))
}
