// Records of the journal, as JSON headers. State, not operations: each says how an inode, a name or a move is now; the
// last one counts. Contents are the exception: `data` carries bytes, `wrote` says where they stand in which file, and
// `truncated` cuts, in the order in which they happened. Times are decimal nanoseconds as text; xattrs are base64.

export const journalFormat = 'bucketfs-journal'
export const journalVersion = 1

/** A version of an object, as the volume knows it; `headers` and `checksum` are carried as they are. */
export interface JournalVersion {
  readonly key: string
  readonly etag: string
  readonly size: number
  readonly lastModified: number
  readonly headers?: object | undefined
  readonly tagCount?: number | undefined
  readonly checksum?: object | undefined
  readonly ours?: boolean | undefined
  readonly headersDate?: number | undefined
  readonly headersRead?: boolean | undefined
}

export interface JournalAttributes {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly rdev: number
  readonly size: number
  readonly atimeNs: string
  readonly mtimeNs: string
  readonly ctimeNs: string
  readonly birthtimeNs: string
  readonly atimeSet: boolean
}

/** [kind, offset, length, generation, data id, start in it]; the last two for dirty pieces. */
export type JournalPiece = readonly ['base' | 'zero' | 'dirty', number, number, number, string?, number?]

export type JournalRecord =
  /** First of each segment. */
  | {
      readonly t: 'segment'
      readonly format: string
      readonly version: number
      readonly journal: string
      readonly number: number
    }
  | {
      readonly t: 'inode'
      readonly ino: number
      readonly type: string
      readonly attributes: JournalAttributes
      readonly changed: Partial<JournalAttributes>
      readonly xattrs: readonly (readonly [string, string])[] | null
      readonly changedXattrs: readonly (readonly [string, string | null])[]
      readonly target: string | null
      readonly base: JournalVersion | null
      readonly attributesDirty: boolean
      /** Whether there are local contents, over `base`. */
      readonly content: boolean
    }
  /** Where an inode is; of files, and of all directories above them. */
  | { readonly t: 'place'; readonly ino: number; readonly parent: number; readonly name: string }
  /** Bytes follow as body. */
  | { readonly t: 'data'; readonly id: string; readonly ino: number }
  /** `length` bytes from `start` of the data stand at `offset`. */
  | {
      readonly t: 'wrote'
      readonly ino: number
      readonly data: string
      readonly start: number
      readonly length: number
      readonly offset: number
      readonly generation: number
    }
  | { readonly t: 'truncated'; readonly ino: number; readonly size: number; readonly generation: number }
  | {
      readonly t: 'zeroed'
      readonly ino: number
      readonly offset: number
      readonly length: number
      readonly generation: number
    }
  /** The whole of a file's local contents at a checkpoint. */
  | {
      readonly t: 'content'
      readonly ino: number
      readonly base: JournalVersion | null
      readonly size: number
      readonly pieces: readonly JournalPiece[]
    }
  | {
      readonly t: 'name'
      readonly parent: number
      readonly name: string
      readonly ino: number | null
      readonly object: JournalVersion | null
      readonly marker: JournalVersion | null
      /** Write ids whose outcome is not known. */
      readonly doubtful: readonly string[]
    }
  | { readonly t: 'settled'; readonly parent: number; readonly name: string }
  | { readonly t: 'writing'; readonly ino: number; readonly key: string; readonly writeId: string }
  /** Contents of `generation` and before are in the bucket as `base`; null: only attributes were written. */
  | { readonly t: 'written'; readonly ino: number; readonly generation: number | null; readonly base: JournalVersion }
  | { readonly t: 'forgotten'; readonly ino: number }
  /** With the place the directory has from now on, in one record: half of it would be neither before nor after. */
  | {
      readonly t: 'move'
      readonly id: string
      readonly from: string
      readonly to: string
      readonly place: { readonly ino: number; readonly parent: number; readonly name: string } | null
    }
  | { readonly t: 'moveDone'; readonly id: string }
  /** The file was synced up to here. */
  | { readonly t: 'synced'; readonly bytes: number }
  /** What lies between the two replaces everything before. */
  | { readonly t: 'checkpoint'; readonly begin: boolean }
  /** Everything that these journals held is in this one. */
  | { readonly t: 'adopted'; readonly journals: readonly string[] }

/** A header as a record; null when it is none (a newer writer's are told by the segment's version). */
export function asRecord(header: unknown): JournalRecord | null {
  return typeof header === 'object' && header !== null && typeof (header as { t?: unknown }).t === 'string'
    ? (header as JournalRecord)
    : null
}

export function syncedBytesOf(header: unknown): number | undefined {
  const record = asRecord(header)
  return record?.t === 'synced' ? record.bytes : undefined
}

const segmentPattern = /^([0-9]{8})\.journal$/

export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.journal`
}

/** The number of a segment file; null for other files. */
export function segmentNumber(name: string): number | null {
  const match = segmentPattern.exec(name)
  return match ? Number(match[1]) : null
}
