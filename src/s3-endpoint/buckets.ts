// Which buckets there are, as a component: the endpoint serves ObjectStores and knows nothing of where they come from.
// Whoever answers `find` decides what a caller may see.

import type { ObjectStore } from '../store/store.ts'
import { S3Error } from './errors.ts'

/** Who asks: the access key id that signed, or nobody. */
export interface Caller {
  readonly accessKeyId: string | undefined
}

export interface BucketEntry {
  readonly name: string
  /** Epoch milliseconds. */
  readonly created: number
}

export interface Buckets {
  /** Undefined: NoSuchBucket. Called for every request; keep it cheap. */
  find(name: string, caller: Caller): ObjectStore | undefined | Promise<ObjectStore | undefined>
  list(caller: Caller): readonly BucketEntry[] | Promise<readonly BucketEntry[]>
  /** Absent: buckets cannot be created through the endpoint. Called for valid names that `find` does not know. */
  create?(name: string, caller: Caller): void | Promise<void>
  /** Absent: buckets cannot be deleted through the endpoint. Called for buckets that listed empty. */
  remove?(name: string, caller: Caller): void | Promise<void>
}

/** A fixed set of buckets, the same for every caller. */
export function fixedBuckets(stores: ReadonlyMap<string, ObjectStore>, created = 0): Buckets {
  return {
    find: (name) => stores.get(name),
    list: () => [...stores.keys()].sort().map((name) => ({ name, created })),
  }
}

export interface OpenBucketsOptions {
  /** Buckets there from the start; they belong to the caller, who closes them. */
  readonly stores?: ReadonlyMap<string, ObjectStore> | undefined
  /** Makes the store of a new bucket. */
  open(name: string): ObjectStore | Promise<ObjectStore>
  /** Epoch milliseconds, for the listing. */
  now(): number
}

/** Buckets that come and go through the endpoint. A removed bucket's store is closed. */
export function openBuckets(options: OpenBucketsOptions): Buckets {
  const entries = new Map<string, { readonly store: Promise<ObjectStore>; readonly created: number }>()
  for (const [name, store] of options.stores ?? []) {
    entries.set(name, { store: Promise.resolve(store), created: options.now() })
  }
  return {
    find: (name) => entries.get(name)?.store,
    list: () =>
      [...entries].map(([name, { created }]) => ({ name, created })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    async create(name) {
      // Two may create it at once; `find` knew neither.
      if (entries.has(name)) throw new S3Error('BucketAlreadyOwnedByYou', { fields: { BucketName: name } })
      const store = Promise.resolve(options.open(name))
      entries.set(name, { store, created: options.now() })
      try {
        await store
      } catch (error) {
        entries.delete(name)
        throw error
      }
    },
    async remove(name) {
      const entry = entries.get(name)
      entries.delete(name)
      await (await entry?.store)?.close()
    },
  }
}
