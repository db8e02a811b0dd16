// The volume by path: the flat, thread-crossing surface that the node:fs door, the CLI and other path-shaped doors
// call. Arguments and results are plain data (structured-clonable). Implemented in `paths/` over the inode-level
// operations; carried to other threads by `src/engine`.
//
// Paths are absolute inside the volume ('/a/b'), '/'-separated byte-exact Names; '.' and '..' are resolved here, after
// symlinks, as the kernel does; a trailing slash demands a directory. The empty path is ENOENT. Failures are VolumeError.

import type { Attributes, AttributeChanges, Caller, DirectoryEntry, HandleId, StatFs } from './types.ts'

export interface OpenedFile {
  readonly handle: HandleId
  readonly attributes: Attributes
}

export interface DirectoryEntryWithAttributes extends DirectoryEntry {
  readonly attributes: Attributes
}

export interface WalkEntry {
  /** Relative to the walked directory, without a leading slash. */
  readonly path: string
  readonly type: DirectoryEntry['type']
  readonly size: number
  readonly mtimeNs: bigint
}

export interface WalkPage {
  readonly entries: readonly WalkEntry[]
  /** Give it back to go on; absent at the end. */
  readonly cursor?: string | undefined
}

export interface WriteFileOptions {
  /** Open flags: O_WRONLY with O_CREAT, O_TRUNC, O_APPEND, O_EXCL as asked. */
  readonly flags: number
  readonly mode: number
  /** fsync before close. */
  readonly flush?: boolean | undefined
}

export interface RemoveOptions {
  readonly recursive: boolean
  /** A missing path is success. */
  readonly force: boolean
}

/** renameat2 flags. */
export interface RenameOptions {
  readonly noReplace?: boolean | undefined
  readonly exchange?: boolean | undefined
}

export interface VolumeCalls {
  stat(caller: Caller, path: string, followLast: boolean): Promise<Attributes>
  /** `mode`: F_OK 0, or R_OK 4 | W_OK 2 | X_OK 1. */
  access(caller: Caller, path: string, mode: number): Promise<void>
  readlink(caller: Caller, path: string): Promise<string>
  realpath(caller: Caller, path: string): Promise<string>
  statfs(caller: Caller, path: string): Promise<StatFs>

  /** Entries with types in UTF-8 byte order, without '.' and '..'. */
  /**
   * With `namesOnly` no request is sent for types alone: an entry whose type is not known has `ino` 0 and a `type` that
   * says nothing.
   */
  readdir(caller: Caller, path: string, namesOnly?: boolean): Promise<readonly DirectoryEntry[]>
  /** `ls -l` in one call. */
  readdirAttributes(caller: Caller, path: string): Promise<readonly DirectoryEntryWithAttributes[]>
  /** The subtree below a directory, from the flat key space: parents before children, pages of ≤ 1,000 entries. */
  walk(caller: Caller, path: string, cursor?: string): Promise<WalkPage>

  /** With `recursive`: the first directory created, or null when all were there. */
  mkdir(caller: Caller, path: string, mode: number, recursive: boolean): Promise<string | null>
  /** Creates a uniquely named directory: `prefix` + six random characters; gives the path. */
  mkdtemp(caller: Caller, prefix: string): Promise<string>
  rmdir(caller: Caller, path: string): Promise<void>
  unlink(caller: Caller, path: string): Promise<void>
  /** As `rm`: with `recursive` whole trees by batches; stops at the first error. A directory without `recursive` is EISDIR. */
  remove(caller: Caller, path: string, options: RemoveOptions): Promise<void>
  rename(caller: Caller, from: string, to: string, options?: RenameOptions): Promise<void>
  link(caller: Caller, from: string, to: string): Promise<void>
  symlink(caller: Caller, target: string, path: string): Promise<void>
  /** `mode` with S_IFMT bits: fifos, sockets, devices, plain files. */
  mknod(caller: Caller, path: string, mode: number, rdev: number): Promise<void>
  setAttributes(caller: Caller, path: string, changes: AttributeChanges, followLast: boolean): Promise<Attributes>
  /** Server-side where it can be. `exclusive`: EEXIST when the destination is there. */
  copyFile(caller: Caller, from: string, to: string, exclusive: boolean): Promise<void>

  /** `flags`: O_* of types.ts. */
  open(caller: Caller, path: string, flags: number, mode: number): Promise<OpenedFile>
  /** Fewer bytes than asked only at the end of file; empty at or past it. The result belongs to the caller. */
  read(handle: HandleId, offset: number, length: number): Promise<Uint8Array>
  /** Takes all of `data` (borrowed until settled). With O_APPEND `offset` is ignored. Gives the offset written at. */
  write(handle: HandleId, offset: number, data: Uint8Array): Promise<number>
  fstat(handle: HandleId): Promise<Attributes>
  setHandleAttributes(caller: Caller, handle: HandleId, changes: AttributeChanges): Promise<Attributes>
  /** Returns when the file (and its own pending names) is in the bucket, whatever the durability. */
  fsync(handle: HandleId): Promise<void>
  /** flush + release. What it waits for is the volume's durability. The handle is gone even when it fails. */
  close(handle: HandleId): Promise<void>

  /** Whole file; follows symlinks. EFBIG above 2 GiB - 1. */
  readFile(caller: Caller, path: string): Promise<Uint8Array>
  /** open + write + close; ≤ 1 PUT for a small file, also with O_EXCL. */
  writeFile(caller: Caller, path: string, data: Uint8Array, options: WriteFileOptions): Promise<void>

  getXattr(caller: Caller, path: string, name: string, followLast: boolean): Promise<Uint8Array>
  /** `mode`: 'create' fails EEXIST, 'replace' fails ENODATA. */
  setXattr(
    caller: Caller,
    path: string,
    name: string,
    value: Uint8Array,
    mode: 'either' | 'create' | 'replace',
    followLast: boolean,
  ): Promise<void>
  listXattrs(caller: Caller, path: string, followLast: boolean): Promise<readonly string[]>
  removeXattr(caller: Caller, path: string, name: string, followLast: boolean): Promise<void>

  /** Everything dirty is in the bucket when it returns. */
  sync(): Promise<void>
  /** Waits for pending operations on the entries of a directory. */
  fsyncDirectory(caller: Caller, path: string): Promise<void>
}
