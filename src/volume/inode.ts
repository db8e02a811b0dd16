// Identity of a file: the inode, never the key. An inode has a place in the tree (or none once unlinked) and, apart
// from that, the version of an object that holds its contents in the bucket (or none while it is new). Its key is
// derived from its place, so that renaming a directory re-keys everything below it at once; the object may still lie
// under the old key (`base.key`) until write-back has moved it.
//
// Mutated only inside src/volume, always synchronously between two awaits. Long remote work on one inode is
// serialised by `remoteLock`; it is taken before any store call that changes the bucket for that inode.

import type { ObjectHeaders, ObjectChecksum } from '../store/store.ts'
import { Mutex } from '../base/mutex.ts'
import type { Attributes, FileType, Ino, Name } from './types.ts'
import type { FileContent } from './content/file-content.ts'

/** One version of an object as we last saw or wrote it. Immutable. */
export interface Version {
  readonly key: string
  readonly etag: string
  readonly size: number
  /** Server time, whole seconds, epoch ms. */
  readonly lastModified: number
  /** Absent until a HEAD, GET or our own write told them. A LIST does not. */
  readonly headers?: ObjectHeaders | undefined
  readonly tagCount?: number | undefined
  readonly checksum?: ObjectChecksum | undefined
  /** True when our own write-back made this version (its reads must verify: P8). */
  readonly ours?: boolean | undefined
  /** `Date` of the reply the headers were read from, or of our own write's reply; epoch ms. */
  readonly headersDate?: number | undefined
  /** True when the headers were read back (HEAD, GET) rather than written by us; `headersDate` is then that reply's. */
  readonly headersRead?: boolean | undefined
}

/** Attributes of an inode, mutable in place. Sizes of dirty files are `content.size`. */
export interface InodeAttributes {
  mode: number
  uid: number
  gid: number
  rdev: number
  size: number
  atimeNs: bigint
  mtimeNs: bigint
  ctimeNs: bigint
  birthtimeNs: bigint
  /** atime was set explicitly and is written to the bucket. */
  atimeSet: boolean
}

export interface Place {
  readonly parent: Inode
  readonly name: Name
}

export class Inode {
  readonly ino: Ino
  /** May change between kinds other than 'directory' while only a LIST has been seen (`attributesKnown` never true). */
  type: FileType
  readonly attributes: InodeAttributes
  readonly remoteLock: Mutex = new Mutex()

  /** Where it is in the tree; null once unlinked (still readable while open). The root's is null too. */
  place: Place | null = null
  /** The object with its contents, null while nothing is in the bucket. For directories: the marker, null when implicit. */
  base: Version | null = null
  /** Symlink target when known. */
  target: Name | undefined = undefined
  /** Extended attributes by full name (`user.x`); undefined until headers are known. */
  xattrs: Map<string, Uint8Array> | undefined = undefined

  /** False while only a LIST has been seen: mode, owner, times and maybe the type are guesses that need a HEAD. */
  attributesKnown = false
  /** Monotonic ms until which attributes may be used without looking again. Infinity while locally changed. */
  attributesFreshUntilMs = 0
  /** Whether `type` has ever been certain: read from headers, made by us, or too large for a symlink. */
  typeKnown = false
  /** Tick of the inode table when it was last looked up; drives eviction. */
  usedTick = 0

  /** Local changes not yet in the bucket. */
  content: FileContent | null = null
  attributesDirty = false
  /** Attributes set here since `base` was read: what is applied again when a foreign version turns out to be there. */
  changed: Partial<InodeAttributes> = {}
  /** Likewise of xattrs; null: removed. */
  changedXattrs: Map<string, Uint8Array | null> = new Map()
  /** Bumped by every local change; write-back compares it to learn whether more changed while it was writing. */
  changeCount = 0
  /** The `changeCount` that the bucket holds. */
  writtenCount = 0
  /** Bumped whenever a foreign version replaced `base`: handles opened before that must not read a mix (DESIGN P6). */
  foreignCount = 0

  /** Write ids of requests whose outcome was never told, and their keys; versions that carry one are ours. */
  readonly doubtfulIds: Map<string, string> = new Map()
  /** Server time (epoch ms) of the open that truncated the file to nothing, while its new contents are not written. */
  truncatedAtMs: number | undefined = undefined

  openCount = 0
  /** Kernel references (FUSE); 0 elsewhere. */
  lookupCount = 0
  /** Failure of a write-back, thrown by the next fsync/close of this file, once. */
  failure: Error | null = null

  /** Directories only. */
  readonly directory: DirectoryState | null

  constructor(ino: Ino, type: FileType, attributes: InodeAttributes) {
    this.ino = ino
    this.type = type
    this.attributes = attributes
    this.directory = type === 'directory' ? new DirectoryState() : null
    this.typeKnown = type === 'directory'
  }

  get dirty(): boolean {
    return this.content !== null || this.attributesDirty
  }

  get size(): number {
    return this.content?.size ?? this.attributes.size
  }

  toAttributes(): Attributes {
    const { mode, uid, gid, rdev, atimeNs, mtimeNs, ctimeNs, birthtimeNs } = this.attributes
    const nlink = this.directory ? 2 : this.place ? 1 : 0
    return {
      ino: this.ino,
      type: this.type,
      mode,
      nlink,
      uid,
      gid,
      rdev,
      size: this.size,
      atimeNs,
      mtimeNs,
      ctimeNs,
      birthtimeNs,
    }
  }
}

/** (parent, name) → inode, or the knowledge that there is none. */
export interface Dentry {
  readonly name: Name
  /** null: negative. */
  readonly inode: Inode | null
  /** Monotonic ms until which it is trusted; Infinity while `pinned`. */
  freshUntilMs: number
  /** True while the local tree differs from the bucket here (created, renamed or removed, not yet written back). */
  pinned: boolean
  /** The directory's generation when this was last changed locally: a listing sent before that knows less. */
  generation: number
  /** Generation of the latest request whose reply told of the name: the reply to an earlier one knows less. */
  seenGeneration: number
}

/** What a directory knows of its entries. */
export class DirectoryState {
  readonly dentries: Map<Name, Dentry> = new Map()
  /** Monotonic ms until which `dentries` is the complete listing. 0: not complete. */
  completeUntilMs = 0
  /** Bumped whenever a dentry is added, removed or replaced; readers of a listing in flight compare it. */
  generation = 0
  /** undefined: not looked; false: no `dir/` object. */
  hasMarker: boolean | undefined = undefined
  /** Monotonic ms at which the request was sent that last showed the marker or its absence. */
  markerSeenMs: number = -Infinity
  /** Generation at the last `invalidate`: a listing sent before it is not complete. */
  invalidatedGeneration = 0
  /** Generation of the latest complete listing while nothing was evicted since: what is not in `dentries` was missing then. */
  absentGeneration = 0
  /** All names were known once and nothing was evicted since: what shows up besides is new. */
  namesKnown = false
  /** Names asked for one by one since the last listing; a few of them make listing the whole directory cheaper. */
  missCount = 0
  /** More names than one page shows: single names are asked for one by one. */
  large = false
  /** How many `rm -r` of the directory are under way: nothing below it can be renamed, its contents may be gone already. */
  removals = 0
  /** Names asked for one by one in ascending order, and where that stands. */
  orderedCount = 0
  orderedAfter: Name | undefined = undefined
}
