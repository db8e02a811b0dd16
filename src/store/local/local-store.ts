// The embedded bucket: S3's semantics over a Shelf, used by `memory:` and `file:` alike. Read `shelf.ts` next.
//
// Every write goes the same way: stage the bytes (`stage.ts`), then, excluding other writers of that key, check the
// condition (`refuse.ts`) and publish (`objects.ts`, `uploads.ts`). Reads hold one version open. Listing pages over an
// ordered scan of keys (`list-page.ts`). S3's limits are enforced unless others are given.

import type { Clock } from '../../base/clock.ts'
import { StoreError } from '../../base/errors.ts'
import type { Random } from '../../base/random.ts'
import {
  deleteManyMax,
  fullCapabilities,
  s3Limits,
  type CallOptions,
  type ObjectStore,
  type StoreLimits,
} from '../store.ts'
import { listPage } from './list-page.ts'
import * as objects from './objects.ts'
import { checkKey, checkSignal, refusal } from './refuse.ts'
import type { LocalContext, Shelf } from './shelf.ts'
import * as uploads from './uploads.ts'

export interface LocalStoreOptions {
  readonly shelf: Shelf
  readonly clock: Clock
  readonly random: Random
  readonly limits?: Partial<StoreLimits> | undefined
}

/** What every call checks before it does anything. */
type Enter = (operation: string, call: CallOptions | undefined, ...keys: readonly string[]) => void

type UploadCalls = Pick<
  ObjectStore,
  'createUpload' | 'uploadPart' | 'copyPart' | 'completeUpload' | 'abortUpload' | 'listUploads'
>

export function createLocalStore(options: LocalStoreOptions): ObjectStore {
  const limits: StoreLimits = { ...s3Limits, ...options.limits }
  const context: LocalContext = { shelf: options.shelf, clock: options.clock, random: options.random, limits }
  let closed = false
  const enter: Enter = (operation, call, ...keys) => {
    if (closed) throw new StoreError({ kind: 'aborted', operation, key: keys[0], message: 'the store is closed' })
    checkSignal(call, operation, keys[0])
    for (const key of keys) checkKey(key, operation, limits)
  }
  return {
    capabilities: { ...fullCapabilities, limits },
    async head(key, call) {
      enter('head', call, key)
      return objects.head(context, key)
    },
    async get(key, call = {}) {
      enter('get', call, key)
      return objects.get(context, key, call)
    },
    async put(key, body, call) {
      enter('put', call, key)
      return objects.put(context, key, body, call)
    },
    async copy(sourceKey, key, call = {}) {
      enter('copy', call, sourceKey, key)
      return objects.copy(context, sourceKey, key, call)
    },
    async delete(key, call = {}) {
      enter('delete', call, key)
      await objects.remove(context, key, call)
    },
    async deleteMany(entries, call) {
      enter('deleteMany', call)
      if (entries.length > deleteManyMax) throw refusal('MalformedXML', 'deleteMany', undefined, 'too many entries')
      return objects.removeMany(context, entries, (key) => enter('deleteMany', call, key))
    },
    async list(call = {}) {
      enter('list', call)
      return listPage(context, call)
    },
    async getTags(key, call) {
      enter('getTags', call, key)
      const record = await context.shelf.find(key)
      if (!record) throw refusal('NoSuchKey', 'getTags', key)
      return record.tags
    },
    ...uploadCalls(context, enter),
    async close() {
      if (closed) return
      closed = true
      await context.shelf.close()
    },
  }
}

function uploadCalls(context: LocalContext, enter: Enter): UploadCalls {
  return {
    async createUpload(key, call) {
      enter('createUpload', call, key)
      return uploads.createUpload(context, key, call)
    },
    async uploadPart(key, uploadId, partNumber, body, call = {}) {
      enter('uploadPart', call, key)
      return uploads.uploadPart(context, key, uploadId, partNumber, body, call)
    },
    async copyPart(key, uploadId, partNumber, sourceKey, call = {}) {
      enter('copyPart', call, key, sourceKey)
      return uploads.copyPart(context, key, uploadId, partNumber, sourceKey, call)
    },
    async completeUpload(key, uploadId, parts, call = {}) {
      enter('completeUpload', call, key)
      return uploads.completeUpload(context, key, uploadId, parts, call)
    },
    async abortUpload(key, uploadId, call) {
      enter('abortUpload', call, key)
      await uploads.abortUpload(context, key, uploadId)
    },
    async listUploads(prefix, call) {
      enter('listUploads', call)
      return uploads.listUploads(context, prefix)
    },
  }
}
