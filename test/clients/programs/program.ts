// A program that people run on a file system, unmodified: given any fs and a folder, it works there and answers with
// plain data. Run on the real node:fs it gives the control; run on ours the answer must be the same.

export type FsModule = typeof import('node:fs')

export interface Program {
  readonly name: string
  /** `root` is an existing, empty folder of `fs`. The answer is JSON and names no path outside `root`. */
  run(fs: FsModule, root: string): Promise<unknown>
}
