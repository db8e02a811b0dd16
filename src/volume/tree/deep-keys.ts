import { longPrefixOf } from '../../format/key.ts'
import type { CallOptions, ListedObject, ObjectStore } from '../../store/store.ts'
import { isDeepPrefix } from './places.ts'

// Objects whose keys by their place are too long, and so lie elsewhere (format/key.ts): who works on the flat key space
// below a prefix (a directory rename, a check of the volume) must visit them too.

export interface DeepObject {
  /** The key by its place; `listed.key` is where the object lies. */
  readonly natural: string
  readonly listed: ListedObject
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

/** Everything below these natural prefixes that lies elsewhere, a directory's marker before what is in it. */
export async function* deepObjects(
  store: ObjectStore,
  prefixes: Iterable<string>,
  options: CallOptions = {},
): AsyncGenerator<DeepObject, void> {
  for (const prefix of prefixes) {
    const where = longPrefixOf(prefix)
    const below: string[] = []
    let token: string | undefined
    do {
      const reply = await store.list({ ...options, prefix: where, token })
      for (const listed of reply.objects) {
        const natural = prefix + listed.key.slice(where.length)
        if (natural.endsWith('/')) below.push(natural)
        yield { natural, listed }
      }
      token = reply.token
    } while (token !== undefined)
    yield* deepObjects(store, below, options)
  }
}
