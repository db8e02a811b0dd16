// Somebody else on the same bucket, between any two calls of ours: puts, overwrites, deletes and re-describes objects, and
// tells the reference what a volume that asks the bucket each time has to show from then on. Nothing local is dirty under
// the keys it touches (`Life.settle`), but for a file that is open and written to: that is a lost race.

import fc from 'fast-check'
import { isStoreError } from '../../src/base/errors.ts'
import type { ObjectInfo, ObjectStore } from '../../src/store/store.ts'
import type { ReferenceFs } from './reference-fs.ts'
import { forget, makeNode, type RefNode } from './reference-tree.ts'

export type ForeignAct =
  | { readonly act: 'put'; readonly key: string; readonly text: string }
  | { readonly act: 'delete'; readonly key: string }
  | { readonly act: 'chmod'; readonly key: string; readonly mode: number }

const name = fc.constantFrom('a', 'b', 'c', 'ü')
const key = fc.oneof(fc.tuple(name), fc.tuple(name, name), fc.tuple(name, name, name)).map((names) => names.join('/'))

export const foreignAct: fc.Arbitrary<ForeignAct> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('put' as const),
      key,
      text: fc.string({ maxLength: 12, unit: 'binary-ascii' }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('chmod' as const), key, mode: fc.constantFrom(0o600, 0o755) }) },
)

/** The file a key stands for, and the directory it is or would be in; undefined where another kind is in the way. */
export function placeOf(
  fs: ReferenceFs,
  path: string,
): { readonly parents: readonly string[]; readonly file: RefNode | null } | undefined {
  const parents = path.split('/')
  parents.pop()
  let at = fs.tree.root
  let isMissing = false
  for (const each of parents) {
    const next = at.entries.get(each)
    if (next && next.kind !== 'directory') return undefined
    if (next) at = next
    else isMissing = true
    if (isMissing) return { parents, file: null }
  }
  const there = at.entries.get(path.slice(path.lastIndexOf('/') + 1)) ?? null
  return there && there.kind !== 'file' ? undefined : { parents, file: there }
}

/** Carries the act out on the bucket and on the reference. False when it would do nothing, or what no tree can show. */
export async function actForeign(bucket: ObjectStore, fs: ReferenceFs, act: ForeignAct): Promise<boolean> {
  const place = placeOf(fs, act.key)
  if (!place || (act.act !== 'put' && !place.file)) return false
  const before = place.file && (await headOf(bucket, act.key))
  if (act.act === 'put') {
    await bucket.put(act.key, Buffer.from(act.text, 'latin1'), { headers: { metadata: {} } })
    showPut(fs.tree.root, act.key, Buffer.from(act.text, 'latin1'))
  } else if (act.act === 'delete') {
    if (!before) return false
    await bucket.delete(act.key)
    showDelete(fs, act.key)
  } else {
    if (!before) return false
    const metadata = { ...before.headers.metadata, mode: String(0o100000 | act.mode) }
    await bucket.copy(act.key, act.key, { headers: { ...before.headers, metadata } })
    fs.tree.node(`/${act.key}`, false).mode = act.mode
  }
  return true
}

/** An object of somebody who knows nothing of modes: defaults, and times that only the bucket knows. */
function showPut(root: RefNode, at: string, bytes: Uint8Array): void {
  const names = at.split('/')
  const last = names.pop() as string
  let directory = root
  for (const each of names) {
    const next = directory.entries.get(each) ?? {
      ...makeNode('directory', 0o755, 0n),
      isTimed: false,
      hasMarker: false,
      parent: directory,
    }
    directory.entries.set(each, next)
    directory = next
  }
  const node = directory.entries.get(last) ?? makeNode('file', 0o644, 0n)
  Object.assign(node, { bytes, mode: 0o644, isTimed: false, atimeNs: null })
  node.xattrs.clear()
  directory.entries.set(last, node)
}

/** The object is gone, and so are directories that only it kept alive. */
function showDelete(fs: ReferenceFs, at: string): void {
  const { directory, name: last, node } = fs.tree.place(`/${at}`, false)
  directory.entries.delete(last)
  if (node) forget(node)
  for (let each = directory; each.parent && each.entries.size === 0 && !each.hasMarker; each = each.parent) {
    for (const [own, entry] of each.parent.entries) if (entry === each) each.parent.entries.delete(own)
    each.isNamed = false
  }
}

async function headOf(bucket: ObjectStore, at: string): Promise<ObjectInfo | null> {
  try {
    return await bucket.head(at)
  } catch (error) {
    if (isStoreError(error, 'not-found')) return null
    throw error
  }
}
