// The one forwarding piece of all wrappers: every call of an ObjectStore seen as a `StoreCall` and run through one
// function. A wrapper says what happens around a call and repeats no method.

import type { Clock } from '../base/clock.ts'
import { StoreError } from '../base/errors.ts'
import type { Body, CallOptions, ObjectStore, WriteCondition } from './store.ts'

export type Operation =
  | 'head'
  | 'get'
  | 'put'
  | 'copy'
  | 'delete'
  | 'deleteMany'
  | 'list'
  | 'getTags'
  | 'createUpload'
  | 'uploadPart'
  | 'copyPart'
  | 'completeUpload'
  | 'abortUpload'
  | 'listUploads'

/** Calls that change the bucket. */
export const mutations: ReadonlySet<Operation> = new Set<Operation>([
  'put',
  'copy',
  'delete',
  'deleteMany',
  'createUpload',
  'uploadPart',
  'copyPart',
  'completeUpload',
  'abortUpload',
])

export interface StoreCall {
  readonly operation: Operation
  /** The key written or read; a listing's prefix; absent for deleteMany. */
  readonly key: string | undefined
  readonly options: CallOptions
  readonly body?: Body | undefined
  /** Whether it carries a condition on what it changes (a copy's source condition is none). */
  readonly conditional: boolean
}

/** Runs the call on the inner store, with `changes` over its options. May be called again. */
export type RunCall<T> = (changes?: Partial<CallOptions>) => Promise<T>

export type Around = <T>(call: StoreCall, run: RunCall<T>) => Promise<T>

export function wrapStore(inner: ObjectStore, around: Around): ObjectStore {
  const through = <T, O extends CallOptions>(
    operation: Operation,
    key: string | undefined,
    options: O,
    run: (options: O) => Promise<T>,
    body?: Body,
    conditional: boolean = isConditional(options as WriteCondition),
  ): Promise<T> =>
    around({ operation, key, options, body, conditional }, (changes) =>
      run(changes ? { ...options, ...changes } : options),
    )
  return {
    get capabilities() {
      return inner.capabilities
    },
    head: (key, options = {}) => through('head', key, options, (o) => inner.head(key, o), undefined, false),
    get: (key, options = {}) => through('get', key, options, (o) => inner.get(key, o), undefined, false),
    put: (key, body, options) => through('put', key, options, (o) => inner.put(key, body, o), body),
    copy: (source, key, options = {}) => through('copy', key, options, (o) => inner.copy(source, key, o)),
    delete: (key, options = {}) => through('delete', key, options, (o) => inner.delete(key, o)),
    deleteMany(entries, options = {}) {
      const conditional = entries.some(({ ifMatch }) => ifMatch !== undefined)
      return through('deleteMany', undefined, options, (o) => inner.deleteMany(entries, o), undefined, conditional)
    },
    list: (options = {}) => through('list', options.prefix ?? '', options, (o) => inner.list(o)),
    getTags: (key, options = {}) => through('getTags', key, options, (o) => inner.getTags(key, o)),
    createUpload: (key, options) => through('createUpload', key, options, (o) => inner.createUpload(key, o)),
    uploadPart: (key, uploadId, partNumber, body, options = {}) =>
      through('uploadPart', key, options, (o) => inner.uploadPart(key, uploadId, partNumber, body, o), body),
    copyPart: (key, uploadId, partNumber, source, options = {}) =>
      through('copyPart', key, options, (o) => inner.copyPart(key, uploadId, partNumber, source, o)),
    completeUpload: (key, uploadId, parts, options = {}) =>
      through('completeUpload', key, options, (o) => inner.completeUpload(key, uploadId, parts, o)),
    abortUpload: (key, uploadId, options = {}) =>
      through('abortUpload', key, options, (o) => inner.abortUpload(key, uploadId, o)),
    listUploads: (prefix, options = {}) => through('listUploads', prefix, options, (o) => inner.listUploads(prefix, o)),
    close: () => inner.close(),
  }
}

/** Waits as part of `call`: its signal ends the wait with 'aborted'. */
export async function pause(clock: Clock, ms: number, call: StoreCall): Promise<void> {
  const { signal } = call.options
  try {
    await clock.sleep(ms, signal)
  } catch (error) {
    if (!signal?.aborted) throw error
    throw new StoreError({ kind: 'aborted', operation: call.operation, key: call.key, cause: signal.reason })
  }
}

function isConditional(options: WriteCondition): boolean {
  return options.ifMatch !== undefined || options.ifNoneMatch !== undefined
}
