import { createHash } from 'node:crypto'
import { cachePrefix, dataPrefix } from './key.ts'

// Keys of the objects that have no codec of their own. Those below `.bucketfs/cache/` can be made again.

/** Streams completed aside, to be moved to their key: `.bucketfs/data/streams/ID`. */
export const streamsPrefix: string = `${dataPrefix}streams/`

/** Contents of files that were unlinked while open: `.bucketfs/data/unlinked/ID`. */
export const unlinkedPrefix: string = `${dataPrefix}unlinked/`

export function streamKey(id: string): string {
  return streamsPrefix + id
}

export function unlinkedKey(id: string): string {
  return unlinkedPrefix + id
}

/** An object of `size` zero bytes: source of part copies for holes. */
export function zerosKey(size: number): string {
  return `${cachePrefix}zeros/${size}`
}

/** A fixed name for what cannot be part of a key as it is: 32 hex digits of SHA-256. */
export function keyHash(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 32)
}
