// Folders as buckets: each folder of a directory is one, opened on first use. Creating a bucket makes a folder, removing
// one removes it. Or the directory itself is the only bucket, under a name of the caller's choice: the same bytes that
// `file:///dir` shows.

import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemRandom } from '../../base/system.ts'
import type { BucketEntry, Buckets } from '../../s3-endpoint/buckets.ts'
import { createDirectoryStore } from '../../store/directory.ts'
import type { ObjectStore } from '../../store/store.ts'
import { codeOf } from '../places/file-calls.ts'

/** What S3 allows; also keeps `..` and hidden folders out. */
const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

export interface FolderBuckets extends Buckets {
  close(): Promise<void>
}

export interface FolderBucketsOptions {
  readonly folder: string
  /** Serve the folder itself as this bucket, and no other. */
  readonly only?: string | undefined
}

export async function createFolderBuckets({ folder, only }: FolderBucketsOptions): Promise<FolderBuckets> {
  await mkdir(folder, { recursive: true })
  const stores = new Map<string, Promise<ObjectStore>>()
  const pathOf = (name: string): string => (only === undefined ? join(folder, name) : folder)
  const open = (name: string, create: boolean): Promise<ObjectStore> => {
    let store = stores.get(name)
    if (!store) {
      store = createDirectoryStore({ root: pathOf(name), create, random: systemRandom })
      stores.set(name, store)
      // A failed opening is tried again by the next request.
      store.catch(() => stores.delete(name))
    }
    return store
  }
  const has = async (name: string): Promise<boolean> =>
    only === undefined ? bucketName.test(name) && (await isFolder(pathOf(name))) : name === only
  return {
    find: async (name) => ((await has(name)) ? open(name, false) : undefined),
    list: async () => (only === undefined ? listFolders(folder) : [await entryOf(folder, only)]),
    ...(only === undefined && {
      create: async (name: string) => {
        await mkdir(pathOf(name), { recursive: true })
        await open(name, true)
      },
      remove: async (name: string) => {
        const store = stores.get(name)
        stores.delete(name)
        await (await store)?.close()
        await rm(pathOf(name), { recursive: true })
      },
    }),
    close: async () => {
      const opened = await Promise.allSettled(stores.values())
      stores.clear()
      for (const result of opened) if (result.status === 'fulfilled') await result.value.close()
    },
  }
}

async function listFolders(folder: string): Promise<BucketEntry[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory() && bucketName.test(entry.name)).map(({ name }) => name)
  return Promise.all(names.toSorted().map((name) => entryOf(join(folder, name), name)))
}

async function entryOf(path: string, name: string): Promise<BucketEntry> {
  return { name, created: Math.floor((await stat(path)).birthtimeMs) }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}
