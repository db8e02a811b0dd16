// What the tests of file contents share: versions, and a reader over a counted store.

import type { Version } from '../../../src/volume/inode.ts'

export function versionOf(key: string, etag: string, size: number): Version {
  return { key, etag, size, lastModified: 0 }
}
