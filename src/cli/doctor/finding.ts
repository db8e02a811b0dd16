// What the doctor finds: one thing that is wrong or left over, in words, and what removing it would mean. The doctor
// looks at the bucket below the volume, never through the volume, so that what no tree can show is seen as well.
//
//   keys.ts        keys no directory tree can show
//   leftovers.ts   what unfinished work left: uploads, contents put aside, rename intents, conflict copies
//   provider.ts    what the bucket can and cannot do
//
// Only what is older than a limit counts as left over: somebody may be working on the rest. Removal is conditional on
// the version that was looked at.

export type FindingKind =
  | 'unrepresentable' // a key no tree can show
  | 'upload' // an unfinished multipart upload, which is paid for
  | 'stream' // a large file completed aside and never moved to its key
  | 'unlinked' // contents kept for a file that was removed while open
  | 'intent' // a directory rename nobody finished
  | 'conflict' // local bytes of a lost race, kept for their owner

export interface Finding {
  readonly kind: FindingKind
  readonly key: string
  readonly detail: string
  readonly bytes?: number | undefined
  readonly ageMs?: number | undefined
  /** Absent: nothing to remove, or not by a machine. Resolves when it is gone or was changed by someone else. */
  readonly remove?: (() => Promise<void>) | undefined
}
