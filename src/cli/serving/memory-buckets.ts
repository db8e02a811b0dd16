// Buckets in memory, gone when the server ends.

import { openBuckets, type Buckets } from '../../s3-endpoint/buckets.ts'
import { createMemoryStore } from '../../store/memory.ts'

/** `first`: a bucket that is there from the start. */
export function createMemoryBuckets(first: string | undefined): Buckets & { close(): Promise<void> } {
  const stores = first === undefined ? new Map() : new Map([[first, createMemoryStore()]])
  const buckets = openBuckets({ stores, open: () => createMemoryStore(), now: () => Date.now() })
  // Memory needs no closing.
  return { ...buckets, close: () => Promise.resolve() }
}
