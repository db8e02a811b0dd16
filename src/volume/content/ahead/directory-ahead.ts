// Read-ahead across the files of a directory: when its files are read one after another from their start (tar, grep,
// git add, a compiler), those that follow in listing order are fetched in parallel before they are opened. As within a
// file: it starts with the second file in order (or a few in any order), doubles when the reader has to wait or has
// read as many as were ahead, halves when memory is short or when what was fetched is passed over, and takes longer to
// convince after each failure. A small directory that is read in some other order is fetched whole, once.

import type { Inode, Version } from '../../inode.ts'

export interface DirectoryAheadDeps {
  /** Versions of at most `count` clean files that follow `inode` in listing order. */
  readonly nextFiles: (inode: Inode, count: number) => readonly Version[]
  /** Versions of the clean files beside `inode`, itself included, in any order; at most `count`. */
  readonly siblings: (inode: Inode, count: number) => readonly Version[]
  /** Fetches the beginning of `version`, or all of it; 'full' when memory is short, 'there' when nothing was needed. */
  readonly fetch: (version: Version) => 'started' | 'there' | 'full'
}

/** Files ahead at first, and at most: twice what a fresh store limit (64) has in flight. */
const filesFirst = 16
const filesMax = 128
/** A file so close behind the last one is in order: others may have been skipped by their names. */
const adjacentFiles = 4
/** Files of one directory, in any order, that start it; doubles with each failure up to the most. */
const patienceFirst = 4
const patienceMax = 1024
/** Bytes of all files of a directory that is fetched whole; it has at most `filesMax` of them. */
const wholeDirectoryBytesMax: number = 2 * 1024 * 1024
/** Readers followed at once (`tar`, several `grep`s). */
const streamsMax = 16

interface Stream {
  /** The file read last. */
  inode: Inode
  filesAhead: number
  /** Fetched or there, in listing order, and not yet read. */
  readonly expected: Set<string>
  /** Files that were expected and came, since it last grew. */
  hitCount: number
  /** Files read since nothing is fetched ahead. */
  readCount: number
  patience: number
  /** The directory that was fetched whole, or is too large for that. */
  gathered: Inode | undefined
}

export class DirectoryAhead {
  readonly #deps: DirectoryAheadDeps
  /** Least recently used first. */
  readonly #streams: Stream[] = []

  constructor(deps: DirectoryAheadDeps) {
    this.#deps = deps
  }

  /** `inode` is read from its start; `waits` when its bytes are not there yet. */
  started(inode: Inode, version: Version, waits: boolean): void {
    const id = idOf(version)
    const stream = this.#find(inode, id)
    if (!stream) return this.#follow(inode)
    this.#touch(stream)
    const adjacent = stream.filesAhead === 0 && this.#isAdjacent(stream.inode, id)
    stream.inode = inode
    if (judge(stream, id, waits, adjacent) === 'scattered' && this.#gather(stream)) return
    if (stream.expected.size <= stream.filesAhead / 2) this.#extend(stream)
  }

  #isAdjacent(inode: Inode, id: string): boolean {
    return this.#deps.nextFiles(inode, adjacentFiles).some((version) => idOf(version) === id)
  }

  #extend(stream: Stream): void {
    for (const version of this.#deps.nextFiles(stream.inode, stream.filesAhead)) {
      const id = idOf(version)
      if (stream.expected.has(id)) continue
      if (this.#deps.fetch(version) === 'full') {
        stream.filesAhead = Math.max(1, Math.floor(stream.filesAhead / 2))
        return
      }
      stream.expected.add(id)
    }
  }

  /** Fetches all of a small directory. False when it is not small, or that was done before. */
  #gather(stream: Stream): boolean {
    const directory = stream.inode.place?.parent
    if (!directory || stream.gathered === directory) return false
    stream.gathered = directory
    const versions = this.#deps.siblings(stream.inode, filesMax + 1)
    let bytes = 0
    for (const version of versions) bytes += version.size
    if (versions.length === 0 || versions.length > filesMax || bytes > wholeDirectoryBytesMax) return false
    stream.expected.clear()
    stream.filesAhead = 0
    return versions.every((version) => this.#deps.fetch(version) !== 'full')
  }

  /** The stream that expects this file, else the one that last read in its directory or right before it. */
  #find(inode: Inode, id: string): Stream | undefined {
    const expecting = this.#streams.find(({ expected }) => expected.has(id))
    if (expecting) return expecting
    const directory = inode.place?.parent
    const beside = this.#streams.find((stream) => stream.inode !== inode && stream.inode.place?.parent === directory)
    if (beside) return beside
    const latest = this.#streams[this.#streams.length - 1]
    return latest && latest.inode !== inode && this.#isAdjacent(latest.inode, id) ? latest : undefined
  }

  #follow(inode: Inode): void {
    if (!inode.place || this.#streams.some((stream) => stream.inode === inode)) return
    if (this.#streams.length >= streamsMax) this.#streams.shift()
    this.#streams.push({
      inode,
      filesAhead: 0,
      expected: new Set(),
      hitCount: 0,
      readCount: 1,
      patience: patienceFirst,
      gathered: undefined,
    })
  }

  #touch(stream: Stream): void {
    this.#streams.splice(this.#streams.indexOf(stream), 1)
    this.#streams.push(stream)
  }
}

/** Learns from the file that is read now how far ahead is right, and whether files are read out of order. */
function judge(stream: Stream, id: string, waits: boolean, adjacent: boolean): 'ordered' | 'scattered' {
  const skipped = passOver(stream.expected, id)
  if (skipped > stream.filesAhead / 2) {
    stream.filesAhead = Math.ceil(stream.filesAhead / 2)
    return 'scattered'
  }
  if (skipped >= 0) {
    // Who waits for something else between two files (attributes) never waits here, and deserves more all the same.
    if (!waits && ++stream.hitCount < stream.filesAhead) return 'ordered'
    stream.filesAhead = Math.min(filesMax, stream.filesAhead * 2)
    stream.hitCount = 0
    return 'ordered'
  }
  if (stream.filesAhead === 0) {
    stream.readCount++
    if (adjacent || stream.readCount >= stream.patience) stream.filesAhead = filesFirst
    return stream.filesAhead > 0 && !adjacent ? 'scattered' : 'ordered'
  }
  if (!waits) return 'ordered'
  stream.expected.clear()
  stream.filesAhead = Math.floor(stream.filesAhead / 2)
  if (stream.filesAhead > 0) return 'scattered'
  stream.readCount = 0
  stream.patience = Math.min(patienceMax, stream.patience * 2)
  return 'scattered'
}

/** Forgets `id` and what comes before it; how many those were, or -1 when it was not expected. */
function passOver(expected: Set<string>, id: string): number {
  if (!expected.has(id)) return -1
  let skipped = 0
  for (const before of expected) {
    expected.delete(before)
    if (before === id) break
    skipped++
  }
  return skipped
}

function idOf({ key, etag }: Version): string {
  return `${etag}\n${key}`
}
