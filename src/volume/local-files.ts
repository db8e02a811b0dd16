// The small file interface that journal, spool and disk cache are given: one flat folder on a local disk. The engine
// brings one over node:fs, a simulation one that forgets what was not synced. Failures are Node's errors as they come
// (`code` ENOSPC, EROFS, EACCES, EIO ...). Nothing here follows a symlink out of its folder.

export interface LocalFile {
  /** Bytes at `offset`; fewer than `length` only at the end of the file. The result belongs to the caller. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** All of `bytes` (borrowed until settled) at `offset`; durable only after `sync`. */
  write(offset: number, bytes: Uint8Array): Promise<void>
  size(): Promise<number>
  truncate(size: number): Promise<void>
  /** fdatasync. After a failure nothing written since the last success may be trusted. */
  sync(): Promise<void>
  close(): Promise<void>
}

export interface LocalFiles {
  /** Opens for reading and writing, created empty when missing (its name is durable only after `syncNames`). */
  open(name: string): Promise<LocalFile>
  /** Names of the files, sorted. */
  list(): Promise<readonly string[]>
  /** Removing a missing file succeeds. */
  remove(name: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** fsync of the folder: names created, renamed and removed are durable when it returns. */
  syncNames(): Promise<void>
}
