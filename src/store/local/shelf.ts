// What a local store stands on. `LocalStore` holds S3's semantics (conditions, limits, ranges, paging, multipart) once;
// a Shelf holds the objects: `MemoryShelf` an index in memory with bytes in memfs, `TreeShelf` a directory tree that
// others may use too. Both keep bytes in an fs-shaped object, the FilePort.
//
// Invariants of a Shelf: `publish`, `rewrite` and `remove` run inside `exclusive(key)`, which excludes every other
// writer of that key, other processes included; each of them is atomic for readers and for a crash.

import type { ListedObject, ObjectChecksum, ObjectHeaders, StoreLimits } from '../store.ts'
import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other'
  readonly size: number
  readonly ino: bigint
  readonly mtimeNs: bigint
}

export interface FileEntry {
  readonly name: string
  readonly kind: 'file' | 'directory' | 'other'
}

export interface FileHandlePort {
  /** Fewer bytes than asked only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>
  write(bytes: Uint8Array, offset: number): Promise<void>
  sync(): Promise<void>
  stat(): Promise<FileStat>
  close(): Promise<void>
}

/** The few fs calls a local store needs; errors carry node's `code`. `stat` does not follow links. */
export interface FilePort {
  open(path: string, mode: 'read' | 'create'): Promise<FileHandlePort>
  readFile(path: string): Promise<Uint8Array>
  readdir(path: string): Promise<FileEntry[]>
  stat(path: string): Promise<FileStat>
  rename(from: string, to: string): Promise<void>
  link(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** With all parents; existing is fine. Resolves with the topmost folder it made, if any. */
  mkdir(path: string): Promise<string | undefined>
  rmdir(path: string): Promise<void>
  /** A whole tree; absent is fine. */
  remove(path: string): Promise<void>
  /** Makes the names of a directory durable. */
  syncDirectory(path: string): Promise<void>
}

/** Everything known of one object but its bytes. */
export interface ObjectRecord extends ListedObject {
  readonly headers: ObjectHeaders
  /** URL query form; '' for none. */
  readonly tags: string
  readonly checksum?: ObjectChecksum | undefined
}

/** One version of an object held open: its bytes stay readable whatever happens to the key. */
export interface OpenObject {
  readonly record: ObjectRecord
  read(offset: number, length: number): Promise<Uint8Array>
  /** True when someone wrote into the file since it was opened: bytes read may be torn. */
  changed(): Promise<boolean>
  close(): Promise<void>
}

/** Keys in UTF-8 order. `next(skip)` leaves out every further key that starts with `skip`. */
export type KeyScan = AsyncGenerator<string, void, string | undefined>

export interface Shelf {
  readonly files: FilePort
  /** Folder for staged bytes, on the same file system as the objects. */
  readonly stagingRoot: string
  readonly uploadsRoot: string
  /** Whether staged bytes must reach the disk before they are published. */
  readonly durable: boolean
  exclusive<T>(key: string, task: () => Promise<T>): Promise<T>
  find(key: string): Promise<ObjectRecord | undefined>
  open(key: string): Promise<OpenObject | undefined>
  /** Makes the staged file the object; takes the file over. */
  publish(record: ObjectRecord, stagedPath: string): Promise<void>
  /** Same bytes, new record. */
  rewrite(record: ObjectRecord): Promise<void>
  remove(key: string): Promise<void>
  /** A second name for the bytes of `key`, if they can never change under it; false when they must be copied. */
  linkBytes(key: string, etag: string, stagedPath: string): Promise<boolean>
  /** Keys that start with `prefix` and sort after `after`. */
  scan(prefix: string, after: string): KeyScan
  close(): Promise<void>
}

/** What every verb of a local store works with. */
export interface LocalContext {
  readonly shelf: Shelf
  readonly clock: Clock
  readonly random: Random
  readonly limits: StoreLimits
}
