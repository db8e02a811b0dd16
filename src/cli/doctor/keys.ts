// Keys that no directory tree can show: the volume skips them, other tools still see them. Found in one pass over the
// whole key space, which S3 lists in byte order.

import { nameOfKeySegment, systemName } from '../../format/key.ts'
import type { ListedObject, ObjectStore } from '../../store/store.ts'
import type { Finding } from './finding.ts'

/** Deepest directories remembered on the way to the current key; S3's own limit on a key. */
const depthMax = 1024

/** Every object below `prefix`, page by page. */
export async function* objectsBelow(
  store: ObjectStore,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<ListedObject> {
  let token: string | undefined
  do {
    const page = await store.list({ prefix, token, signal })
    yield* page.objects
    token = page.token
  } while (token !== undefined && !signal.aborted)
}

export async function* findUnrepresentable(store: ObjectStore, signal: AbortSignal): AsyncGenerator<Finding> {
  const files: string[] = []
  for await (const { key, size } of objectsBelow(store, '', signal)) {
    if (key.startsWith(`${systemName}/`)) continue
    const why = whyNot(key) ?? shadowed(files, key)
    if (why) yield { kind: 'unrepresentable', key, bytes: size, detail: why }
  }
}

function whyNot(key: string): string | undefined {
  const segments = key.split('/')
  if (segments.at(-1) === '') segments.pop()
  for (const [index, segment] of segments.entries()) {
    if (nameOfKeySegment(segment, index === 0) !== null) continue
    if (segment === '') return "two slashes in a row, or one at the start: a directory's name cannot be empty"
    if (segment === '.' || segment === '..') return `'${segment}' cannot be a name`
    if (segment.includes('\0')) return 'a name cannot hold a zero byte'
    if (Buffer.byteLength(segment) > 255) return 'a name longer than 255 bytes'
    return 'another spelling of an escaped name'
  }
  return segments.length > depthMax ? 'too deep' : undefined
}

/** `a` is hidden by the directory that `a/b` makes. `files` are plain keys that may still turn out to be prefixes. */
function shadowed(files: string[], key: string): string | undefined {
  while (files.length > 0 && !mayComeBelow(files.at(-1) as string, key)) files.pop()
  const hidden = files.find((file) => key.startsWith(`${file}/`))
  if (!key.endsWith('/')) files.push(key)
  if (hidden === undefined) return undefined
  files.splice(files.indexOf(hidden), 1)
  return `makes '${hidden}' a directory, which hides the object of that name`
}

/** Whether keys that begin with `file/` may follow `key` in byte order. */
function mayComeBelow(file: string, key: string): boolean {
  return key.startsWith(file) && Buffer.compare(Buffer.from(key), Buffer.from(`${file}0`)) < 0
}
