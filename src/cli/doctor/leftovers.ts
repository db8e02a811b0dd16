// What unfinished work leaves in a bucket. All of it costs money and none of it is seen through the volume.

import { conflictsPath } from '../../format/conflict-name.ts'
import { decodeRenameIntent, renameIntentsPrefix } from '../../format/rename-intent.ts'
import { streamsPrefix, unlinkedPrefix } from '../../format/system-key.ts'
import { isStoreError } from '../../base/errors.ts'
import type { ListedObject, ObjectStore } from '../../store/store.ts'
import type { Finding } from './finding.ts'
import { objectsBelow } from './keys.ts'

export interface LeftoverOptions {
  /** Only what is older than this by the server's clock. */
  readonly olderMs: number
  readonly signal: AbortSignal
}

/** Uploads, streams, unlinked contents and rename intents older than the limit. */
export async function* findLeftovers(store: ObjectStore, options: LeftoverOptions): AsyncGenerator<Finding> {
  const { date } = await store.list({ maxKeys: 1, signal: options.signal })
  yield* uploads(store, options, date)
  for await (const [object, ageMs] of older(store, streamsPrefix, options, date))
    yield leftover(store, 'stream', object, ageMs, 'a large file that was written but never got its name')
  for await (const [object, ageMs] of older(store, unlinkedPrefix, options, date))
    yield leftover(store, 'unlinked', object, ageMs, 'kept for a program that had removed the file while it was open')
  for await (const [object, ageMs] of older(store, renameIntentsPrefix, options, date))
    yield intentFinding(store, object, ageMs, await store.get(object.key, { signal: options.signal }))
}

/** Conflict copies, of any age: their owners decide. */
export async function* findConflicts(store: ObjectStore, signal: AbortSignal): AsyncGenerator<Finding> {
  const { date } = await store.list({ maxKeys: 1, signal })
  for await (const object of objectsBelow(store, `${conflictsPath.slice(1)}/`, signal)) {
    const detail = `the local bytes of a lost race; read them at /${object.key} of the volume`
    yield leftover(store, 'conflict', object, date - object.lastModified, detail)
  }
}

async function* uploads(store: ObjectStore, options: LeftoverOptions, date: number): AsyncGenerator<Finding> {
  for (const { key, uploadId, initiated } of await store.listUploads('', { signal: options.signal })) {
    // The server's date is in whole seconds.
    const ageMs = Math.max(0, date - initiated)
    if (ageMs < options.olderMs) continue
    const detail = 'an upload that was never completed; its parts are paid for'
    const remove = (): Promise<void> => store.abortUpload(key, uploadId, { signal: options.signal })
    yield { kind: 'upload', key, ageMs, detail, remove }
  }
}

async function* older(
  store: ObjectStore,
  prefix: string,
  options: LeftoverOptions,
  date: number,
): AsyncGenerator<[ListedObject, number]> {
  for await (const object of objectsBelow(store, prefix, options.signal)) {
    const ageMs = date - object.lastModified
    if (ageMs >= options.olderMs) yield [object, ageMs]
  }
}

function leftover(
  store: ObjectStore,
  kind: Finding['kind'],
  { key, size, etag }: ListedObject,
  ageMs: number,
  detail: string,
): Finding {
  return { kind, key, bytes: size, ageMs, detail, remove: () => removeVersion(store, key, etag) }
}

function intentFinding(
  store: ObjectStore,
  object: ListedObject,
  ageMs: number,
  { body }: { readonly body: Uint8Array },
): Finding {
  const intent = decodeRenameIntent(body)
  if (!intent.ok) {
    const detail = `a rename intent this version cannot read (${intent.reason}); a newer one may be at work`
    return { kind: 'intent', key: object.key, ageMs, detail }
  }
  const { from, to } = intent.value
  const detail = `the rename of /${from} to /${to} was never finished; opening the volume for writing finishes it`
  return leftover(store, 'intent', object, ageMs, detail)
}

/** Only the version that was looked at; one changed meanwhile stays. */
async function removeVersion(store: ObjectStore, key: string, etag: string): Promise<void> {
  try {
    await store.delete(key, { ifMatch: etag })
  } catch (error) {
    if (!isStoreError(error, 'precondition', 'not-found')) throw error
  }
}
