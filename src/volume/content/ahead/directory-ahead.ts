// Read-ahead across the files of a directory: when one file after another is read from its start in listing order (tar,
// grep, git add, a compiler), the files that follow are fetched in parallel before they are opened. The same rules as
// within a file: it starts with the second file, doubles when the reader has to wait, halves when memory is short or
// when most of what was fetched is passed over.

import { compareUtf8 } from '../../../base/bytes.ts'
import type { Inode, Version } from '../../inode.ts'

export interface DirectoryAheadDeps {
  /** Versions of at most `count` clean files that follow `inode` in listing order. */
  readonly nextFiles: (inode: Inode, count: number) => readonly Version[]
  /** Fetches the beginning of `version`, or all of it; 'full' when memory is short, 'there' when nothing was needed. */
  readonly fetch: (version: Version) => 'started' | 'there' | 'full'
}

/** Files ahead at first, and at most: twice what a fresh store limit (64) has in flight. */
const filesFirst = 16
const filesMax = 128
/** Readers followed at once (`tar`, several `grep`s). */
const streamsMax = 16

interface Stream {
  /** The file read last. */
  inode: Inode
  filesAhead: number
  /** Fetched or there, in listing order, and not yet read. */
  readonly expected: Set<string>
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
    const skipped = passOver(stream.expected, id)
    const inOrder = skipped >= 0 || follows(stream.inode, inode)
    stream.inode = inode
    if (!inOrder) {
      stream.filesAhead = 0
      stream.expected.clear()
      return
    }
    if (stream.filesAhead === 0) stream.filesAhead = filesFirst
    else if (skipped > stream.filesAhead / 2) stream.filesAhead = Math.ceil(stream.filesAhead / 2)
    else if (waits) stream.filesAhead = Math.min(filesMax, stream.filesAhead * 2)
    if (stream.expected.size <= stream.filesAhead / 2) this.#extend(stream)
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

  /** The stream that expects this file, else the one that last read in its directory. */
  #find(inode: Inode, id: string): Stream | undefined {
    const expecting = this.#streams.find(({ expected }) => expected.has(id))
    if (expecting) return expecting
    const directory = inode.place?.parent
    return this.#streams.find((stream) => stream.inode !== inode && stream.inode.place?.parent === directory)
  }

  #follow(inode: Inode): void {
    if (!inode.place || this.#streams.some((stream) => stream.inode === inode)) return
    if (this.#streams.length >= streamsMax) this.#streams.shift()
    this.#streams.push({ inode, filesAhead: 0, expected: new Set() })
  }

  #touch(stream: Stream): void {
    this.#streams.splice(this.#streams.indexOf(stream), 1)
    this.#streams.push(stream)
  }
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

/** Whether `next` comes after `previous` in their directory. */
function follows(previous: Inode, next: Inode): boolean {
  const a = previous.place
  const b = next.place
  return a !== null && b !== null && a.parent === b.parent && compareUtf8(a.name, b.name) < 0
}

function idOf({ key, etag }: Version): string {
  return `${etag}\n${key}`
}
