// What a bucket can do, found by doing it: every condition of every call is tried by itself on tiny objects of the probe's
// own, because providers that lack one mostly ignore it without a word (`research/rivals.md`). A condition counts when a
// wrong one is refused and a right one is not. The result is plain data and may be kept: probing costs about 45 requests
// in six rounds.
//
// A bucket that denies the first write is a read-only one, which is an answer and no failure.

import { crc32, crc32Base64, md5Hex, utf8 } from '../../base/bytes.ts'
import { isStoreError } from '../../base/errors.ts'
import { randomId, type Random } from '../../base/random.ts'
import { noCapabilities, type ObjectStore, type StoreCapabilities, type WriteReply } from '../store.ts'
import { probeChecksums, probeKeys, probeTagging } from './probe-objects.ts'
import { probeCopy, probeDelete, probeDeleteMany, probePut } from './probe-conditions.ts'
import { probeUploads } from './probe-uploads.ts'
import { probeCall, steady, type Bench } from './steady.ts'

export interface ProbeOptions {
  readonly random: Random
  /** In front of the probe's keys, for credentials that may write below a prefix only. */
  readonly prefix?: string | undefined
  readonly signal?: AbortSignal | undefined
}

const text = utf8('bucketfs probes what this bucket can do')

/**
 * Probes `store`, which must be the bucket itself or a plain wrapper of it, not one that makes up for what is missing.
 * Leaves nothing behind as far as deletes are allowed. Fails only when the bucket cannot be reached or read.
 */
export async function probeCapabilities(store: ObjectStore, options: ProbeOptions): Promise<StoreCapabilities> {
  const { prefix = '', random, signal } = options
  const folder = `${prefix}.bucketfs/probe/${randomId(random)}/`
  const call = { ...probeCall, signal }
  const unknown: StoreCapabilities = { ...noCapabilities, limits: store.capabilities.limits }
  const first = await firstWrite(store, `${folder}base`, call)
  if (!first) {
    // Says no-bucket, credentials or denied if reading is no better.
    await steady(() => store.list({ ...call, prefix, maxKeys: 1 }))
    return { ...unknown, readOnly: true }
  }
  const bench: Bench = { store, folder, call, base: `${folder}base`, etag: first.etag, text }
  let deleteMany = false
  try {
    const [put, copy, remove, many, uploads, tagging, checksums, anyKeys] = await Promise.all([
      probePut(bench),
      probeCopy(bench),
      probeDelete(bench),
      probeDeleteMany(bench),
      probeUploads(bench),
      probeTagging(bench),
      probeChecksums(bench),
      probeKeys(bench),
    ])
    const md5Etags = first.etag === md5Hex([text])
    const atomicConditions = put.putIfNoneMatch && put.putIfMatch
    const found = {
      ...put,
      ...copy,
      ...remove,
      ...many,
      ...uploads,
      atomicConditions,
      tagging,
      checksums,
      anyKeys,
      md5Etags,
    }
    deleteMany = many.deleteMany
    return { ...unknown, ...found }
  } finally {
    await sweep(bench, deleteMany)
  }
}

/** Undefined when writing is denied. */
async function firstWrite(store: ObjectStore, key: string, call: Bench['call']): Promise<WriteReply | undefined> {
  try {
    const options = { ...call, headers: { metadata: {} }, crc32: crc32Base64(crc32(text)) }
    return await steady(() => store.put(key, text, options))
  } catch (error) {
    if (isStoreError(error, 'denied', 'read-only', 'unsupported')) return undefined
    throw error
  }
}

/** Removes what is left of the probe. Failing is no reason to fail the open: the area is the probe's own. */
async function sweep({ store, folder, call }: Bench, deleteMany: boolean): Promise<void> {
  try {
    const { objects } = await store.list({ ...call, prefix: folder })
    if (deleteMany)
      await store.deleteMany(
        objects.map(({ key }) => ({ key })),
        call,
      )
    else await Promise.all(objects.map(({ key }) => store.delete(key, call).catch((error: unknown) => error)))
  } catch (error) {
    if (!isStoreError(error)) throw error
  }
}
