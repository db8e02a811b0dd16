// Every condition and operation on a store that lacks some, by the safest way it offers.
//
// Where a call lacks a condition but another has it, the work goes through that other (`conditional-copy.ts`), and
// nothing is lost in safety. Where there is none, look first, then act: two racing writers may then both succeed, so
// each such call is reported to `onUnsafe`, and `capabilities` keep saying what is not safe.

import { StoreError } from '../base/errors.ts'
import { copyByParts, copyByPut, movedBytesMax } from './conditional-copy.ts'
import {
  deleteManyMax,
  type BodyStream,
  type CallOptions,
  type CopyOptions,
  type DeleteEntry,
  type DeleteFailure,
  type ObjectInfo,
  type ObjectStore,
  type PartCopyOptions,
  type StoreCapabilities,
  type WriteCondition,
} from './store.ts'
import type { Operation } from './wrap.ts'

export interface ConditionsOptions {
  /** A condition was checked by a look of its own, not by the store. */
  readonly onUnsafe?: ((operation: Operation) => void) | undefined
}

/** Single deletes under way at once where DeleteObjects is missing. */
const parallelDeletes = 16

export function withConditions(store: ObjectStore, options: ConditionsOptions = {}): ObjectStore {
  const degraded = new Degraded(store, options.onUnsafe ?? (() => {}))
  const kept = <T extends { readonly tags?: string | undefined }>(call: T): T =>
    store.capabilities.tagging ? call : { ...call, tags: undefined }
  return {
    get capabilities() {
      return offered(store.capabilities)
    },
    head: (key, call) => store.head(key, call),
    get: (key, call) => store.get(key, call),
    list: (call) => store.list(call),
    getTags: async (key, call) => (store.capabilities.tagging ? store.getTags(key, call) : ''),
    async put(key, body, call) {
      const { putIfMatch, putIfNoneMatch } = store.capabilities
      return store.put(key, body, await degraded.allow('put', key, kept(call), putIfMatch, putIfNoneMatch))
    },
    copy: (source, key, call = {}) => degraded.copy(source, key, kept(call)),
    async delete(key, call = {}) {
      return store.delete(key, await degraded.allow('delete', key, call, store.capabilities.deleteIfMatch, true))
    },
    deleteMany(entries, call = {}) {
      return deleteMany(store, entries, call, async (key, one) =>
        store.delete(key, await degraded.allow('delete', key, one, store.capabilities.deleteIfMatch, true)),
      )
    },
    createUpload: (key, call) => store.createUpload(key, kept(call)),
    uploadPart: (key, uploadId, partNumber, body, call) => store.uploadPart(key, uploadId, partNumber, body, call),
    copyPart: (key, uploadId, partNumber, source, call = {}) =>
      degraded.copyPart(key, uploadId, partNumber, source, call),
    async completeUpload(key, uploadId, parts, call = {}) {
      const { completeIfMatch, completeIfNoneMatch } = store.capabilities
      const allowed = await degraded.allow('completeUpload', key, call, completeIfMatch, completeIfNoneMatch)
      return store.completeUpload(key, uploadId, parts, allowed)
    },
    abortUpload: (key, uploadId, call) => store.abortUpload(key, uploadId, call),
    listUploads: (prefix, call) => store.listUploads(prefix, call),
    close: () => store.close(),
  }
}

/** What is safe through the detours. */
function offered(inner: StoreCapabilities): StoreCapabilities {
  return {
    ...inner,
    copyIfNoneMatch: inner.copyIfNoneMatch || (inner.putIfNoneMatch && inner.completeIfNoneMatch),
    copyIfMatch: inner.copyIfMatch || (inner.putIfMatch && inner.completeIfMatch),
    copySourceIfMatch: true,
    deleteMany: true,
    deleteManyIfMatch: inner.deleteManyIfMatch || inner.deleteIfMatch,
    partCopy: true,
    partCopySourceIfMatch: true,
  }
}

class Degraded {
  readonly #store: ObjectStore
  readonly #onUnsafe: (operation: Operation) => void

  constructor(store: ObjectStore, onUnsafe: (operation: Operation) => void) {
    this.#store = store
    this.#onUnsafe = onUnsafe
  }

  /** `call` as the store can take it: a condition it lacks is checked here and taken out. */
  async allow<T extends WriteCondition & CallOptions>(
    operation: Operation,
    key: string,
    call: T,
    ifMatchWorks: boolean,
    ifNoneMatchWorks: boolean,
  ): Promise<T> {
    if (call.ifMatch === undefined && call.ifNoneMatch === undefined) return call
    const lacking =
      (call.ifMatch !== undefined && !ifMatchWorks) || (call.ifNoneMatch !== undefined && !ifNoneMatchWorks)
    if (lacking || !this.#store.capabilities.atomicConditions) this.#onUnsafe(operation)
    // A condition that is checked, if not in one step with the write, is still the smaller gap.
    if (!lacking) return call
    const { signal, priority, purpose } = call
    const current = await this.#look(key, { signal, priority, purpose })
    checkCondition(operation, key, current, call)
    return { ...call, ifMatch: undefined, ifNoneMatch: undefined }
  }

  async copy(sourceKey: string, key: string, options: CopyOptions): ReturnType<ObjectStore['copy']> {
    const store = this.#store
    const can = store.capabilities
    const copyTakes =
      (options.ifMatch === undefined || can.copyIfMatch) && (options.ifNoneMatch === undefined || can.copyIfNoneMatch)
    const sourceTakes = options.sourceIfMatch === undefined || can.copySourceIfMatch
    if (copyTakes && sourceTakes) return store.copy(sourceKey, key, options)
    const { signal, priority, purpose } = options
    const info = await store.head(sourceKey, { signal, priority, purpose })
    if (options.sourceIfMatch !== undefined) checkCondition('copy', sourceKey, info, { ifMatch: options.sourceIfMatch })
    // From here on the version HEAD showed is the one that is copied.
    const pinned: CopyOptions = { ...options, sourceIfMatch: info.etag }
    if (info.size <= movedBytesMax) {
      const { putIfMatch, putIfNoneMatch } = can
      return copyByPut(store, sourceKey, key, await this.allow('copy', key, pinned, putIfMatch, putIfNoneMatch))
    }
    const { completeIfMatch, completeIfNoneMatch } = can
    if (can.partCopy && can.partCopySourceIfMatch) {
      const allowed = await this.allow('copy', key, pinned, completeIfMatch, completeIfNoneMatch)
      return copyByParts(store, info, key, allowed)
    }
    if (!sourceTakes) this.#onUnsafe('copy')
    const allowed = await this.allow('copy', key, pinned, can.copyIfMatch, can.copyIfNoneMatch)
    return store.copy(sourceKey, key, { ...allowed, sourceIfMatch: sourceTakes ? info.etag : undefined })
  }

  async copyPart(
    key: string,
    uploadId: string,
    partNumber: number,
    sourceKey: string,
    options: PartCopyOptions,
  ): ReturnType<ObjectStore['copyPart']> {
    const store = this.#store
    const can = store.capabilities
    if (can.partCopy && (options.sourceIfMatch === undefined || can.partCopySourceIfMatch)) {
      return store.copyPart(key, uploadId, partNumber, sourceKey, options)
    }
    const { signal, priority, purpose } = options
    const call = { signal, priority, purpose }
    const info = await store.head(sourceKey, call)
    if (options.sourceIfMatch !== undefined) {
      checkCondition('copyPart', sourceKey, info, { ifMatch: options.sourceIfMatch })
    }
    const body = rangeOf(store, info, options.range ?? { offset: 0, length: info.size }, call)
    return store.uploadPart(key, uploadId, partNumber, body, call)
  }

  async #look(key: string, call: CallOptions): Promise<ObjectInfo | undefined> {
    try {
      return await this.#store.head(key, call)
    } catch (error) {
      if (error instanceof StoreError && error.kind === 'not-found') return undefined
      throw error
    }
  }
}

/** A range of one version as a body, fetched as it is sent. */
function rangeOf(
  store: ObjectStore,
  info: ObjectInfo,
  range: { readonly offset: number; readonly length: number },
  call: CallOptions,
): BodyStream {
  return {
    size: range.length,
    replayable: true,
    async *stream() {
      for (let done = 0; done < range.length;) {
        const wanted = { offset: range.offset + done, length: Math.min(movedBytesMax, range.length - done) }
        const { body } = await store.get(info.key, { ...call, range: wanted, ifMatch: info.etag })
        if (body.byteLength === 0) return
        done += body.byteLength
        yield body
      }
    },
  }
}

function checkCondition(
  operation: Operation,
  key: string,
  current: ObjectInfo | undefined,
  condition: WriteCondition,
): void {
  const { ifMatch, ifNoneMatch } = condition
  if (ifMatch !== undefined && !current) throw new StoreError({ kind: 'not-found', operation, key, status: 404 })
  const failed = (ifNoneMatch !== undefined && current) || (ifMatch !== undefined && current?.etag !== ifMatch)
  if (failed) throw new StoreError({ kind: 'precondition', operation, key, status: 412 })
}

async function deleteMany(
  store: ObjectStore,
  entries: readonly DeleteEntry[],
  call: CallOptions,
  deleteOne: (key: string, options: CallOptions & { ifMatch?: string | undefined }) => Promise<void>,
): Promise<readonly DeleteFailure[]> {
  if (entries.length > deleteManyMax) throw new StoreError({ kind: 'invalid', operation: 'deleteMany' })
  const can = store.capabilities
  const together = can.deleteMany ? entries.filter(({ ifMatch }) => ifMatch === undefined || can.deleteManyIfMatch) : []
  const inOne = new Set(together)
  const apart = entries.filter((entry) => !inOne.has(entry))
  const failures: DeleteFailure[] = []
  if (together.length > 0) failures.push(...(await store.deleteMany(together, call)))
  const queue = apart.values()
  const work = async (): Promise<void> => {
    for (const { key, ifMatch } of queue) {
      try {
        await deleteOne(key, { ...call, ifMatch })
      } catch (error) {
        failures.push({ key, error: error as Error })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallelDeletes, apart.length) }, work))
  return failures
}
