// Conditions of PUT, COPY, DELETE and DeleteObjects. Each on an object of its own, so that they run side by side; a right
// condition is tried only where a wrong one was refused.

import { isStoreError } from '../../base/errors.ts'
import type { ObjectHeaders, StoreCapabilities } from '../store.ts'
import { allows, plainHeaders, refuses, steady, wrongEtag, type Bench } from './steady.ts'

type Found<K extends keyof StoreCapabilities> = Pick<StoreCapabilities, K>

export async function probePut({ call, folder, store, text }: Bench): Promise<Found<'putIfNoneMatch' | 'putIfMatch'>> {
  const key = `${folder}put`
  const put = (condition: { ifMatch?: string; ifNoneMatch?: '*' }): ReturnType<typeof store.put> =>
    store.put(key, text, { ...call, headers: plainHeaders, ...condition })
  const made = await steady(() => put({}))
  const [putIfNoneMatch, wrongMatch] = await Promise.all([
    refuses(() => put({ ifNoneMatch: '*' })),
    refuses(() => put({ ifMatch: wrongEtag })),
  ])
  if (!wrongMatch) return { putIfNoneMatch, putIfMatch: false }
  // A condition that was ignored may have left another ETag.
  const { etag } = putIfNoneMatch ? made : await steady(() => put({}))
  return { putIfNoneMatch, putIfMatch: await allows(() => put({ ifMatch: etag })) }
}

export async function probeCopy(
  bench: Bench,
): Promise<Found<'copyIfNoneMatch' | 'copyIfMatch' | 'copySourceIfMatch' | 'copyReplaces'>> {
  const { base, call, etag, folder, store, text } = bench
  const target = `${folder}copy`
  const headers = { cacheControl: 'max-age=1', metadata: {} }
  const made = await steady(() => store.put(target, text, { ...call, headers }))
  const copy = (condition: { ifMatch?: string; ifNoneMatch?: '*'; sourceIfMatch?: string }): Promise<unknown> =>
    store.copy(base, target, { ...call, ...condition })
  const [copyIfNoneMatch, wrongMatch, wrongSource, copyReplaces] = await Promise.all([
    refuses(() => copy({ ifNoneMatch: '*' })),
    refuses(() => copy({ ifMatch: wrongEtag })),
    refuses(() => copy({ sourceIfMatch: wrongEtag })),
    replaces(bench, headers),
  ])
  // One copy with all that was refused when wrong. If it fails, each right condition is tried alone.
  const right = {
    ...(wrongMatch ? { ifMatch: made.etag } : {}),
    ...(wrongSource ? { sourceIfMatch: etag } : {}),
  }
  const found = { copyIfNoneMatch, copyReplaces, copyIfMatch: wrongMatch, copySourceIfMatch: wrongSource }
  if (Object.keys(right).length === 0 || (await allows(() => copy(right)))) return found
  const current = async (): Promise<string> => (await steady(() => store.head(target, call))).etag
  return {
    ...found,
    copyIfMatch: wrongMatch && (await allows(async () => copy({ ifMatch: await current() }))),
    copySourceIfMatch: wrongSource && (await allows(() => copy({ sourceIfMatch: etag }))),
  }
}

/** Whether a copy onto itself, as every change of metadata is one, can take a header away. */
async function replaces({ call, folder, store, text }: Bench, headers: ObjectHeaders): Promise<boolean> {
  const key = `${folder}replace`
  await steady(() => store.put(key, text, { ...call, headers }))
  if (!(await allows(() => store.copy(key, key, { ...call, headers: plainHeaders })))) return false
  return (await steady(() => store.head(key, call))).headers.cacheControl === undefined
}

export async function probeDelete({ call, folder, store, text }: Bench): Promise<Found<'deleteIfMatch'>> {
  const key = `${folder}delete`
  const { etag } = await steady(() => store.put(key, text, { ...call, headers: plainHeaders }))
  const refused = await refuses(() => store.delete(key, { ...call, ifMatch: wrongEtag }))
  return { deleteIfMatch: refused && (await allows(() => store.delete(key, { ...call, ifMatch: etag }))) }
}

export async function probeDeleteMany({
  call,
  folder,
  store,
  text,
}: Bench): Promise<Found<'deleteMany' | 'deleteManyIfMatch'>> {
  const keys = [`${folder}many-wrong`, `${folder}many-right`, `${folder}many-plain`] as const
  const [, right] = await Promise.all(
    keys.map((key) => steady(() => store.put(key, text, { ...call, headers: plainHeaders }))),
  )
  // Servers that know no ETag in the document may refuse all of it.
  const plain = [{ key: keys[2] }, { key: `${folder}absent` }]
  const entries = [
    { key: keys[0], ifMatch: wrongEtag },
    { key: keys[1], ifMatch: right?.etag },
  ]
  const remove = async (list: typeof entries | typeof plain): Promise<Set<string> | undefined> => {
    try {
      const failures = await steady(() => store.deleteMany(list, call))
      return new Set(failures.map(({ key }) => key))
    } catch (error) {
      if (!isStoreError(error) || (await allows(() => Promise.reject(error)))) throw error
      return undefined
    }
  }
  const [left, failed] = await Promise.all([remove(plain), remove(entries)])
  const deleteMany = left?.size === 0
  return { deleteMany, deleteManyIfMatch: deleteMany && failed?.size === 1 && failed.has(keys[0]) }
}
