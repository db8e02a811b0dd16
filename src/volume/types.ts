// The words of the volume: who asks (Caller), what a file is to the outside (Attributes), and what may be changed.
// Every door speaks these; none of them knows keys or ETags. Names are byte-exact: a `Name` is a string in which each
// byte that is not valid UTF-8 stands as a lone surrogate U+DC80..U+DCFF (see format/name.ts), so names compare,
// hash and cross threads as plain strings and still round-trip every byte but '/' and NUL.

/** Who asks. uid/gid/groups decide permission, umask masks new modes, lockOwner owns advisory locks. */
export interface Caller {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
  readonly umask: number
  readonly lockOwner?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export type Ino = number
export type HandleId = number
export type Name = string

export type FileType = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'character' | 'block'

/** What stat shows. Times are nanoseconds since the epoch (may be negative). */
export interface Attributes {
  readonly ino: Ino
  readonly type: FileType
  /** Full st_mode, type bits included. */
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly rdev: number
  readonly size: number
  readonly atimeNs: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly birthtimeNs: bigint
}

/** Attribute changes of one setattr; absent fields stay. `mode` is permission bits (07777) only. */
export interface AttributeChanges {
  readonly mode?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly size?: number | undefined
  readonly atimeNs?: bigint | 'now' | undefined
  readonly mtimeNs?: bigint | 'now' | undefined
}

export interface DirectoryEntry {
  readonly name: Name
  readonly ino: Ino
  readonly type: FileType
}

export interface StatFs {
  readonly type: number
  readonly blockBytes: number
  readonly blocks: number
  readonly blocksFree: number
  readonly blocksAvailable: number
  readonly files: number
  readonly filesFree: number
  readonly nameBytesMax: number
}

/** What this volume changed or learned to have changed; drives watch and cache invalidation. */
export interface VolumeEvent {
  readonly kind: 'created' | 'removed' | 'modified' | 'attributes' | 'renamed'
  readonly ino: Ino
  readonly parent: Ino
  /** Name in `parent` the event is about (the new one for 'renamed'). */
  readonly name: Name
  readonly path: string
  /** For 'renamed'. */
  readonly oldPath?: string | undefined
  /** 'remote' when a foreign writer caused it. */
  readonly origin: 'local' | 'remote'
}

export const rootIno: Ino = 1

/** st_mode type bits. */
export const S_IFMT = 0o170000
export const S_IFREG = 0o100000
export const S_IFDIR = 0o040000
export const S_IFLNK = 0o120000
const S_IFIFO = 0o010000
const S_IFSOCK = 0o140000
const S_IFCHR = 0o020000
const S_IFBLK = 0o060000

/** Linux open flags as node:fs constants and the kernel use them. */
export const O_RDONLY = 0
export const O_WRONLY = 1
export const O_RDWR = 2
export const O_ACCMODE = 3
export const O_CREAT = 0o100
export const O_EXCL = 0o200
export const O_TRUNC = 0o1000
export const O_APPEND = 0o2000
export const O_DSYNC = 0o10000
export const O_DIRECTORY = 0o200000
export const O_NOFOLLOW = 0o400000

export const nameBytesMax = 255
export const pathBytesMax = 4095
export const symlinkTargetBytesMax = 4095

/** File type of a mode's S_IFMT bits; unknown bits are a plain file. */
export function typeOfMode(mode: number): FileType {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return 'directory'
    case S_IFLNK:
      return 'symlink'
    case S_IFIFO:
      return 'fifo'
    case S_IFSOCK:
      return 'socket'
    case S_IFCHR:
      return 'character'
    case S_IFBLK:
      return 'block'
    default:
      return 'file'
  }
}
