// What the volume tells the journal. The journal holds the state of everything that is not in the bucket yet, as upserts
// in order: whoever replays them has the dirty inodes and pending names of the moment of the crash, and write-back goes
// on from there, recognising its own requests by their write ids. Every method only appends; `commit` makes all of it
// durable. `durability: 'bucket'` and `'memory'` have the null journal.

import type { Inode, Version } from '../inode.ts'
import type { DirtyBytes } from '../content/dirty-bytes.ts'
import type { FileContent, FrozenContent } from '../content/file-content.ts'
import type { PendingName } from '../names/pending-names.ts'
import type { Ino } from '../types.ts'

export interface MoveRecord {
  readonly id: string
  /** Prefixes end in '/'. */
  readonly from: string
  readonly to: string
}

/** A run of dirty bytes. */
export interface BytesPart {
  readonly start: number
  readonly length: number
}

export interface VolumeJournal {
  /** Attributes, xattrs, target, base version, or kind of an inode changed; also before its first data record. */
  inode(inode: Inode): void
  /** `part` of `bytes` (kept by the dirty store; default all) is about to be written at `offset`; before `FileContent.write`. */
  wrote(inode: Inode, offset: number, bytes: DirtyBytes, content: FileContent, part?: BytesPart): void
  /** Zeros within the file. */
  zeroed(inode: Inode, offset: number, length: number, content: FileContent): void
  truncated(inode: Inode, size: number): void
  /** A pending name came into being or changed (its inode, what the bucket holds). */
  name(pending: PendingName): void
  /** The bucket shows the name as we do. */
  nameSettled(pending: PendingName): void
  /** A request that creates `key` with this write id is about to be sent for `inode`. */
  writing(ino: Ino, key: string, writeId: string): void
  /** `frozen` is in the bucket as `version`; data records of its generation and before are not needed any more. */
  written(inode: Inode, frozen: FrozenContent | null, version: Version): void
  /** Nothing local is left of the inode (conflict kept elsewhere, unlinked and closed). */
  forgotten(ino: Ino): void
  /** `directory`: in its new place; null when its place is not known here. */
  move(record: MoveRecord, directory: Inode | null): void
  moveDone(id: string): void
  /** Everything these journals held has been told to this one. */
  adopted(journals: readonly string[]): void
  /** All that was appended is on disk when it resolves. ENOSPC and EIO reject before anything is acknowledged. */
  commit(): Promise<void>
  /** Everything is settled: the files are emptied. Idempotent. */
  close(): Promise<void>
}

const nothing = (): void => {}
const done = (): Promise<void> => Promise.resolve()

export const nullJournal: VolumeJournal = {
  inode: nothing,
  wrote: nothing,
  zeroed: nothing,
  truncated: nothing,
  name: nothing,
  nameSettled: nothing,
  writing: nothing,
  written: nothing,
  forgotten: nothing,
  move: nothing,
  moveDone: nothing,
  adopted: nothing,
  commit: done,
  close: done,
}
