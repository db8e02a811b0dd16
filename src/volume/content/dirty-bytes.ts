// Bytes a caller wrote that the bucket does not have yet, and the place on disk they go to when memory is short.

/** An immutable run of written bytes, counted by references; the last `release` frees its memory or spool space. */
export interface DirtyBytes {
  readonly length: number
  /** False when reading takes the disk. */
  readonly inMemory: boolean
  /** Where they are in the spool, if they are there. */
  readonly spooled?: SpoolRef | undefined
  retain(): void
  release(): void
  /** Shared: not to be changed, good while a reference is held. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** As `read`, without waiting; undefined when not in memory. */
  view(offset: number, length: number): Uint8Array | undefined
  /**
   * Takes in `next` when it lies directly behind, in memory or in the spool: `length` grows and the caller's reference to `next` is
   * used up. False when it does not.
   */
  extend(next: DirtyBytes): boolean
}

/** Whose bytes and where in the file: a journal records both. */
export interface DirtyOwner {
  readonly ino: number
  readonly offset: number
}

/** Where the spool put some bytes; opaque to everybody else. */
export interface SpoolRef {
  readonly length: number
}

/** Disk room for dirty bytes. The scratch one is `scratch-spool.ts`; the journal brings its own. */
export interface Spool {
  /** `bytes` are borrowed until settled. Rejects with VolumeError ENOSPC when there is no room. */
  append(owner: DirtyOwner, bytes: Uint8Array): Promise<SpoolRef>
  /** Exactly `length` bytes; the result belongs to the caller. Rejects with EIO when they cannot be had. */
  read(ref: SpoolRef, offset: number, length: number): Promise<Uint8Array>
  release(ref: SpoolRef): void
  /** One reference to the bytes of both when `b` lies directly behind `a`; they are used up. Null when it does not. */
  join?(a: SpoolRef, b: SpoolRef): SpoolRef | null
}
