// A prefix of a bucket as a bucket of its own. Keys inside are shorter by the prefix, and so is the longest one allowed.

import { utf8 } from '../base/bytes.ts'
import type { DeleteEntry, ListedUpload, ListReply, ObjectStore } from './store.ts'

export function withPrefix(store: ObjectStore, prefix: string): ObjectStore {
  if (prefix === '') return store
  const inside = <T extends { readonly key: string }>(item: T): T => ({ ...item, key: item.key.slice(prefix.length) })
  const prefixBytes = utf8(prefix).byteLength
  return {
    get capabilities() {
      const { limits } = store.capabilities
      return { ...store.capabilities, limits: { ...limits, keyBytesMax: limits.keyBytesMax - prefixBytes } }
    },
    head: async (key, options) => inside(await store.head(prefix + key, options)),
    get: async (key, options) => inside(await store.get(prefix + key, options)),
    put: (key, body, options) => store.put(prefix + key, body, options),
    copy: (source, key, options) => store.copy(prefix + source, prefix + key, options),
    delete: (key, options) => store.delete(prefix + key, options),
    async deleteMany(entries, options) {
      const outside = entries.map((entry): DeleteEntry => ({ ...entry, key: prefix + entry.key }))
      return (await store.deleteMany(outside, options)).map(inside)
    },
    async list(options = {}): Promise<ListReply> {
      const { startAfter } = options
      const reply = await store.list({
        ...options,
        prefix: prefix + (options.prefix ?? ''),
        startAfter: startAfter === undefined ? undefined : prefix + startAfter,
      })
      const prefixes = reply.prefixes.map((key) => key.slice(prefix.length))
      return { ...reply, objects: reply.objects.map(inside), prefixes }
    },
    getTags: (key, options) => store.getTags(prefix + key, options),
    createUpload: (key, options) => store.createUpload(prefix + key, options),
    uploadPart: (key, uploadId, partNumber, body, options) =>
      store.uploadPart(prefix + key, uploadId, partNumber, body, options),
    copyPart: (key, uploadId, partNumber, source, options) =>
      store.copyPart(prefix + key, uploadId, partNumber, prefix + source, options),
    completeUpload: (key, uploadId, parts, options) => store.completeUpload(prefix + key, uploadId, parts, options),
    abortUpload: (key, uploadId, options) => store.abortUpload(prefix + key, uploadId, options),
    listUploads: async (inner, options): Promise<readonly ListedUpload[]> =>
      (await store.listUploads(prefix + inner, options)).map(inside),
    close: () => store.close(),
  }
}
