import { md5Hex } from '../../../base/bytes.ts'
import { isStoreError } from '../../../base/errors.ts'
import { randomId } from '../../../base/random.ts'
import { zerosKey } from '../../../format/system-key.ts'
import type { ByteRange, CallOptions, ObjectStore, StoreLimits, UploadedPart } from '../../../store/store.ts'
import { forEachBounded } from '../../tree/concurrency.ts'
import { look } from '../outcome/doubt.ts'
import { zeros } from './frozen-bytes.ts'
import { partsInFlightMax, sendsMax, type ObjectDeps } from '../object-deps.ts'
import { Fingerprint, isMd5Etag } from '../outcome/proof.ts'
import { putObject } from '../put-object.ts'

// Zeros in the bucket, for holes to be copied from: made on the first hole, used by all volumes of a bucket. They are
// a cache, so they may be gone or, by a foreign hand, something else: each copy carries their ETag as its condition, and an
// ETag counts only when it, or the checksum beside it, is that of zeros, or when they were written here.

/** The small object is two shortest parts long: a hole cut evenly by it has no part that is too short. */
const smallPartCount = 2
/** The large one is so many copies of the small one. */
const largeCopyCount = 100
/** Holes of more small parts than this are worth making the large one. */
const smallCopiesMax = 200

/** ETags known to be zeros, by store and size. */
const known = new WeakMap<ObjectStore, Map<number, Promise<string>>>()

/** Longest part of zeros that `holeBytes` of holes should be copied in. */
export function zeroPartBytesMax(limits: StoreLimits, holeBytes: number): number {
  const small = smallPartCount * limits.partBytesMin
  return holeBytes > small * smallCopiesMax ? Math.min(small * largeCopyCount, limits.copyBytesMax) : small
}

/** Copies `length` zeros by `copy`, from an object that is made if need be. */
export async function copyZeros(
  deps: ObjectDeps,
  length: number,
  call: CallOptions,
  copy: (key: string, range: ByteRange, sourceIfMatch: string) => Promise<UploadedPart>,
): Promise<UploadedPart> {
  const small = smallPartCount * deps.store.capabilities.limits.partBytesMin
  const size = length <= small ? small : small * largeCopyCount
  const range = { offset: 0, length }
  for (let tries = 1; ; tries++) {
    const made = zerosEtag(deps, size, call)
    const etag = await made
    try {
      return await copy(zerosKey(size), range, etag)
    } catch (error) {
      if (!isStoreError(error, 'precondition', 'not-found', 'range') || tries >= sendsMax) throw error
      // Somebody cleared the cache, or wrote into it. Others may have noticed before and made it again.
      const etags = known.get(deps.store)
      if (etags?.get(size) === made) etags.delete(size)
    }
  }
}

function zerosEtag(deps: ObjectDeps, size: number, call: CallOptions): Promise<string> {
  const etags = known.get(deps.store) ?? new Map<number, Promise<string>>()
  known.set(deps.store, etags)
  const etag = etags.get(size)
  if (etag) return etag
  const isSmall = size === smallPartCount * deps.store.capabilities.limits.partBytesMin
  // Shared by all that wait for it: one caller's signal must not end it.
  const side: CallOptions = { priority: call.priority, purpose: 'side' }
  const made = isSmall ? findOrPutZeros(deps, size, side) : findOrJoinZeros(deps, size, side)
  etags.set(size, made)
  made.catch(() => {
    if (etags.get(size) === made) etags.delete(size)
  })
  return made
}

async function findOrPutZeros(deps: ObjectDeps, size: number, call: CallOptions): Promise<string> {
  const { capabilities } = deps.store
  const body = zeros(size)
  const fingerprint = new Fingerprint(body)
  const info = await look(deps, zerosKey(size), call)
  if (info?.size === size) {
    const { etag, checksum, headers } = info
    const isMd5 = isMd5Etag({ etag, sse: headers.sse }, capabilities) && etag === fingerprint.md5
    const isCrc =
      checksum?.type === 'full-object' && checksum.algorithm === 'crc32' && checksum.value === fingerprint.crc32
    if (isMd5 || isCrc) return etag
  }
  const job = { key: zerosKey(size), condition: {}, body, headers: { metadata: {} }, writeId: randomId(deps.random) }
  return (await putObject(deps, { ...job, waiting: call.priority !== 'background', purpose: 'side' })).etag
}

async function findOrJoinZeros(deps: ObjectDeps, size: number, call: CallOptions): Promise<string> {
  const { store } = deps
  const key = zerosKey(size)
  const length = size / largeCopyCount
  const info = await look(deps, key, call)
  // S3's rule for the ETag of parts: the MD5 of their MD5s, in binary.
  const partMd5 = Buffer.from(md5Hex(zeros(length)), 'hex')
  const expected = `${md5Hex(Array.from({ length: largeCopyCount }, () => partMd5))}-${largeCopyCount}`
  if (info?.size === size && store.capabilities.md5Etags && info.etag === expected) return info.etag
  const source = await zerosEtag(deps, length, call)
  const uploadId = await store.createUpload(key, { ...call, headers: { metadata: {} } })
  try {
    const parts: UploadedPart[] = Array.from({ length: largeCopyCount }, (_, i) => ({ partNumber: i + 1, etag: '' }))
    await forEachBounded(parts, partsInFlightMax, async ({ partNumber }) => {
      const options = { ...call, range: { offset: 0, length }, sourceIfMatch: source }
      parts[partNumber - 1] = await store.copyPart(key, uploadId, partNumber, zerosKey(length), options)
    })
    return (await store.completeUpload(key, uploadId, parts, { ...call, size })).etag
  } catch (error) {
    await store.abortUpload(key, uploadId, call).catch((failed: unknown) => {
      deps.log.warn('an upload of zeros could not be aborted; doctor removes it', { key, uploadId, error: failed })
    })
    throw error
  }
}
