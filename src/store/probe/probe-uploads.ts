// Multipart: part copies, and the conditions of Complete. Each condition has an upload of its own, because one that was
// wrongly accepted ends the upload.

import { crc32, crc32Base64 } from '../../base/bytes.ts'
import { isStoreError } from '../../base/errors.ts'
import type { StoreCapabilities, UploadedPart, WriteCondition } from '../store.ts'
import { allows, plainHeaders, refuses, steady, wrongEtag, type Bench } from './steady.ts'

type FoundCopies = Pick<StoreCapabilities, 'partCopy' | 'partCopySourceIfMatch' | 'uploadChecksums'>
type Found = FoundCopies & Pick<StoreCapabilities, 'completeIfNoneMatch' | 'completeIfMatch'>

interface Upload {
  readonly key: string
  readonly id: string
  done: boolean
}

const copiedRange = { offset: 1, length: 4 }
const noCopies: FoundCopies = { partCopy: false, partCopySourceIfMatch: false, uploadChecksums: false }

export async function probeUploads(bench: Bench): Promise<Found> {
  const [completeIfNoneMatch, completeIfMatch, copies] = await Promise.all([
    inUpload(bench, 'complete-new', false, (upload) => probeNew(bench, upload)),
    inUpload(bench, 'complete-over', false, (upload) => probeOver(bench, upload)),
    probeCopies(bench),
  ])
  return { ...copies, completeIfNoneMatch, completeIfMatch }
}

/** Some services refuse part copies in an upload with checksums only (MinIO): the copies are worth more. */
async function probeCopies(bench: Bench): Promise<FoundCopies> {
  const summed = await inUpload(bench, 'complete-copied', noCopies, (upload) => probePartCopy(bench, upload))
  if (summed.partCopy) return summed
  const plain = await inUpload(bench, 'complete-plain', noCopies, (upload) => probePartCopy(bench, upload), false)
  return { ...plain, uploadChecksums: false }
}

/** Runs `probe` in an upload that is aborted unless it was completed; `lacking` is the answer where there are none. */
async function inUpload<T>(
  bench: Bench,
  name: string,
  lacking: T,
  probe: (upload: Upload) => Promise<T>,
  checksums = true,
): Promise<T> {
  const { call, folder, store } = bench
  const key = folder + name
  let id = ''
  const created = await allows(async () => {
    id = await store.createUpload(key, { ...call, headers: plainHeaders, checksums })
  })
  if (!created) return lacking
  const upload: Upload = { key, id, done: false }
  try {
    return await probe(upload)
  } finally {
    // Garbage that `doctor` finds; the answer stands without it.
    if (!upload.done) await store.abortUpload(key, id, call).catch((error: unknown) => error)
  }
}

async function probeNew(bench: Bench, upload: Upload): Promise<boolean> {
  const [part] = await prepare(bench, upload)
  return refuses(() => complete(bench, upload, part, { ifNoneMatch: '*' }))
}

async function probeOver(bench: Bench, upload: Upload): Promise<boolean> {
  const [part, etag] = await prepare(bench, upload)
  if (!(await refuses(() => complete(bench, upload, part, { ifMatch: wrongEtag })))) return false
  try {
    await steady(() => complete(bench, upload, part, { ifMatch: etag }))
    return true
  } catch (error) {
    // Some services end an upload with the refusal; the right condition cannot be tried then.
    return isStoreError(error, 'not-found') || (await allows(() => Promise.reject(error)))
  }
}

async function probePartCopy(bench: Bench, upload: Upload): Promise<FoundCopies> {
  const { base, call, etag, store } = bench
  let part: UploadedPart | undefined
  const copy = async (sourceIfMatch?: string): Promise<void> => {
    part = await store.copyPart(upload.key, upload.id, 1, base, { ...call, range: copiedRange, sourceIfMatch })
  }
  const wrongSource = await refuses(() => copy(wrongEtag))
  const rightSource = await allows(() => copy(etag))
  const partCopy = rightSource || (await allows(() => copy()))
  const uploadChecksums = part !== undefined && (await isSummed(bench, upload, part))
  return { partCopy, partCopySourceIfMatch: wrongSource && rightSource, uploadChecksums }
}

/** Whether the finished object has the checksum of its bytes: a wrong one would make good bytes unreadable. */
async function isSummed(bench: Bench, upload: Upload, part: UploadedPart): Promise<boolean> {
  const { call, store, text } = bench
  if (!(await allows(() => complete(bench, upload, part, {})))) return false
  const { checksum } = await steady(() => store.head(upload.key, call))
  const { length, offset } = copiedRange
  const sum = crc32Base64(crc32(text.subarray(offset, offset + length)))
  return checksum?.algorithm === 'crc32' && checksum.type === 'full-object' && checksum.value === sum
}

/** One part, and an object at the key for the condition to look at. */
async function prepare({ call, store, text }: Bench, { id, key }: Upload): Promise<[UploadedPart, string]> {
  const [part, { etag }] = await Promise.all([
    steady(() => store.uploadPart(key, id, 1, text, call)),
    steady(() => store.put(key, text, { ...call, headers: plainHeaders })),
  ])
  return [part, etag]
}

async function complete(
  { call, store }: Bench,
  upload: Upload,
  part: UploadedPart,
  condition: WriteCondition,
): Promise<void> {
  await store.completeUpload(upload.key, upload.id, [part], { ...call, ...condition })
  upload.done = true
}
