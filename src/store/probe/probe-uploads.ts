// Multipart: part copies, and the conditions of Complete. Each condition has an upload of its own, because one that was
// wrongly accepted ends the upload.

import { isStoreError } from '../../base/errors.ts'
import type { StoreCapabilities, UploadedPart } from '../store.ts'
import { allows, plainHeaders, refuses, steady, wrongEtag, type Bench } from './steady.ts'

type Found = Pick<
  StoreCapabilities,
  'completeIfNoneMatch' | 'completeIfMatch' | 'partCopy' | 'partCopySourceIfMatch'
>

const lacksAll: Found = { completeIfNoneMatch: false, completeIfMatch: false, partCopy: false, partCopySourceIfMatch: false }

export async function probeUploads(bench: Bench): Promise<Found> {
  const { call, folder, store } = bench
  const keys = [`${folder}complete-new`, `${folder}complete-over`] as const
  const ids: string[] = []
  const created = await allows(async () => {
    ids.push(...(await Promise.all(keys.map((key) => store.createUpload(key, { ...call, headers: plainHeaders })))))
  })
  if (!created) return lacksAll
  const [newId, overId] = ids as [string, string]
  try {
    const [copies, completeIfNoneMatch, completeIfMatch] = await Promise.all([
      probePartCopy(bench, keys[0], newId),
      probeNew(bench, keys[0], newId),
      probeOver(bench, keys[1], overId),
    ])
    return { ...copies, completeIfNoneMatch, completeIfMatch }
  } finally {
    await Promise.all(ids.map((id, i) => store.abortUpload(keys[i] as string, id, call).catch((error: unknown) => error)))
  }
}

/** Part 2 is never completed with. */
async function probePartCopy(
  { base, call, etag, store }: Bench,
  key: string,
  uploadId: string,
): Promise<Pick<Found, 'partCopy' | 'partCopySourceIfMatch'>> {
  const copy = (sourceIfMatch?: string): Promise<unknown> =>
    store.copyPart(key, uploadId, 2, base, { ...call, range: { offset: 1, length: 4 }, sourceIfMatch })
  const partCopy = await allows(() => copy(etag))
  if (!partCopy) return { partCopy: await allows(() => copy()), partCopySourceIfMatch: false }
  return { partCopy, partCopySourceIfMatch: await refuses(() => copy(wrongEtag)) }
}

async function probeNew(bench: Bench, key: string, uploadId: string): Promise<boolean> {
  const [part] = await prepare(bench, key, uploadId)
  return refuses(() => bench.store.completeUpload(key, uploadId, [part], { ...bench.call, ifNoneMatch: '*' }))
}

async function probeOver(bench: Bench, key: string, uploadId: string): Promise<boolean> {
  const { call, store } = bench
  const [part, etag] = await prepare(bench, key, uploadId)
  if (!(await refuses(() => store.completeUpload(key, uploadId, [part], { ...call, ifMatch: wrongEtag })))) return false
  try {
    await steady(() => store.completeUpload(key, uploadId, [part], { ...call, ifMatch: etag }))
    return true
  } catch (error) {
    // Some services end an upload with the refusal; the right condition cannot be tried then.
    return isStoreError(error, 'not-found') || (await allows(() => Promise.reject(error)))
  }
}

/** One part, and an object at the key for the condition to look at. */
async function prepare({ call, store, text }: Bench, key: string, uploadId: string): Promise<[UploadedPart, string]> {
  const [part, { etag }] = await Promise.all([
    steady(() => store.uploadPart(key, uploadId, 1, text, call)),
    steady(() => store.put(key, text, { ...call, headers: plainHeaders })),
  ])
  return [part, etag]
}
