import { longPrefixOf } from '../../format/key.ts'
import type { CallOptions, ListedObject, ObjectStore } from '../../store/store.ts'
import { isDeepPrefix, objectKey } from './places.ts'

// Objects whose keys by their place are too long, and so lie elsewhere (format/key.ts): who works on the flat key space
// below a prefix (a directory rename, a check of the volume) must visit them too.

export interface DeepObject {
  /** The key by its place; `listed.key` is where the object lies. */
  readonly natural: string
  readonly listed: ListedObject
}

export interface DeepPage {
  /** Of the reply. */
  readonly date: number
  readonly objects: readonly DeepObject[]
}

/** Prefixes at or below `from` that `key` lies in and whose entries may have keys that are too long. */
export function deepPrefixesOf(key: string, from: string, keyBytesMax: number): string[] {
  const prefixes: string[] = []
  for (let end = from.length; end > 0 && end <= key.length; end = key.indexOf('/', end) + 1) {
    const prefix = key.slice(0, end)
    if (isDeepPrefix(prefix, keyBytesMax)) prefixes.push(prefix)
  }
  return prefixes
}

/**
 * Every object below a natural prefix, in pages, wherever it lies. What can only be found through an object comes before
 * that object, so that a caller who takes pages away as they come, and is interrupted, finds the rest the next time.
 */
export async function* pagesBelow(
  store: ObjectStore,
  from: string,
  options: CallOptions = {},
): AsyncGenerator<DeepPage, void> {
  const { keyBytesMax } = store.capabilities.limits
  if (isDeepPrefix(from, keyBytesMax)) yield* deepPages(store, from, options)
  // The marker of a directory whose own key is too long; nothing lies under such a prefix itself.
  if (objectKey(from, keyBytesMax) !== from) return yield* markerPage(store, from, options)
  let visited = new Set([from])
  let startAfter: string | undefined
  for (;;) {
    const reply = await store.list({ ...options, prefix: from, startAfter })
    const prefixes = new Set(reply.objects.flatMap(({ key }) => deepPrefixesOf(key, from, keyBytesMax)))
    for (const prefix of prefixes) if (!visited.has(prefix)) yield* deepPages(store, prefix, options)
    // Keys of one prefix are neighbours: the next page can only go on with prefixes of this one.
    visited = new Set([from, ...prefixes])
    yield { date: reply.date, objects: reply.objects.map((listed) => ({ natural: listed.key, listed })) }
    startAfter = reply.objects.at(-1)?.key
    if (reply.token === undefined || startAfter === undefined) return
  }
}

async function* deepPages(store: ObjectStore, prefix: string, options: CallOptions): AsyncGenerator<DeepPage, void> {
  const where = longPrefixOf(prefix)
  let startAfter: string | undefined
  for (;;) {
    const reply = await store.list({ ...options, prefix: where, startAfter })
    const objects = reply.objects.map((listed) => ({ natural: prefix + listed.key.slice(where.length), listed }))
    for (const { natural } of objects) if (natural.endsWith('/')) yield* deepPages(store, natural, options)
    yield { date: reply.date, objects }
    startAfter = reply.objects.at(-1)?.key
    if (reply.token === undefined || startAfter === undefined) return
  }
}

async function* markerPage(store: ObjectStore, natural: string, options: CallOptions): AsyncGenerator<DeepPage, void> {
  const key = objectKey(natural, store.capabilities.limits.keyBytesMax)
  const reply = await store.list({ ...options, prefix: key, maxKeys: 1 })
  const objects = reply.objects.filter((listed) => listed.key === key).map((listed) => ({ natural, listed }))
  yield { date: reply.date, objects }
}
