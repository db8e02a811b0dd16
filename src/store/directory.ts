// `file:`: a directory as a bucket, shared safely by several processes. Every ordinary file in it is an object; what a
// file cannot be or hold lives below `.bucketfs-store/`, which is never listed. Puts are published by rename after
// fsync; conditions hold between processes (`local/tree/process-lock.ts`).

import { resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { StoreError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { systemClock, systemRandom } from '../base/system.ts'
import { errnoOf, toStoreError } from './foreign-error.ts'
import { createLocalStore } from './local/local-store.ts'
import { diskFiles } from './local/tree/disk-files.ts'
import { areaName, rootsOf } from './local/tree/key-place.ts'
import { isDead, ProcessLocks, thisOwner, type Owner } from './local/tree/process-lock.ts'
import { Sidecars } from './local/tree/sidecar.ts'
import { TreeShelf } from './local/tree/tree-shelf.ts'
import type { ObjectStore, StoreLimits } from './store.ts'
import { withReadOnly } from './with-read-only.ts'
import { mutations, wrapStore } from './wrap.ts'

export interface DirectoryStoreOptions {
  readonly root: string
  /** Make the directory if it is missing; else that is kind 'no-bucket'. Default true. */
  readonly create?: boolean | undefined
  /** fsync before a write is answered. Default true; false for tests and scratch buckets. */
  readonly durable?: boolean | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  readonly limits?: Partial<StoreLimits> | undefined
}

/** Opens the bucket. A directory that may not be written is served read-only. */
export async function createDirectoryStore(options: DirectoryStoreOptions): Promise<ObjectStore> {
  const { clock = systemClock, random = systemRandom, durable = true, limits } = options
  const root = resolve(options.root)
  await openRoot(root, options.create ?? true)
  const area = `${root}/${areaName}`
  const owner = thisOwner(random)
  const folders = { owners: `${area}/owners`, locks: `${area}/locks` }
  const stagingRoot = `${area}/staging/${owner.id}`
  const uploadsRoot = `${area}/uploads`
  const metaRoot = `${area}/meta`
  let locks: ProcessLocks | undefined
  try {
    for (const path of [folders.owners, folders.locks, stagingRoot, uploadsRoot, metaRoot]) await diskFiles.mkdir(path)
    await sweep(folders.owners, `${area}/staging`)
    locks = await ProcessLocks.open(diskFiles, clock, random, folders, owner)
  } catch (error) {
    if (!isDenied(error)) throw toStoreError(error, { operation: 'open' })
  }
  const sidecars = new Sidecars(diskFiles, random, metaRoot, stagingRoot, durable)
  const roots = rootsOf(root)
  const shelf = new TreeShelf({ files: diskFiles, clock, roots, stagingRoot, uploadsRoot, durable, sidecars, locks })
  const store = createLocalStore({ shelf, clock, random, limits })
  const named = wrapStore(store, async ({ operation, key }, run) => {
    try {
      return await run()
    } catch (error) {
      // A body's own failure is its owner's and passes as it is.
      if (errnoOf(error) === undefined) throw error
      throw toStoreError(error, { operation, key, ambiguous: mutations.has(operation) })
    }
  })
  return locks ? named : withReadOnly(named)
}

async function openRoot(root: string, create: boolean): Promise<void> {
  try {
    if (create) await diskFiles.mkdir(root)
    // Followed on purpose: the root itself may be a link.
    await diskFiles.readdir(root)
  } catch (error) {
    const code = errnoOf(error)
    const missing = code === 'ENOENT' || code === 'ENOTDIR' || code === 'EEXIST'
    if (!missing) throw toStoreError(error, { operation: 'open', key: root })
    throw new StoreError({
      kind: 'no-bucket',
      operation: 'open',
      code,
      message: `${root} is no directory`,
      cause: error,
    })
  }
}

/** Staged bytes of processes that are gone. Not those of owners that cannot be judged. */
async function sweep(owners: string, staging: string): Promise<void> {
  for (const { name } of await diskFiles.readdir(owners)) {
    const text = await diskFiles.readFile(`${owners}/${name}`).catch(() => undefined)
    const owner = text && parseOwner(text)
    if (!owner || !isDead(owner)) continue
    await diskFiles.remove(`${staging}/${name}`)
    await diskFiles.remove(`${owners}/${name}`)
  }
}

/** Undefined for one that is being written just now. */
function parseOwner(text: Uint8Array): Owner | undefined {
  try {
    return JSON.parse(Buffer.from(text).toString()) as Owner
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isDenied(error: unknown): boolean {
  const code = errnoOf(error)
  return code === 'EROFS' || code === 'EACCES' || code === 'EPERM'
}
