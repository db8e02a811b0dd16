// Entries whose keys are too long for their place lie elsewhere, where nothing below the directory's own prefix tells of
// them: its marker does, and must be there before them (FORMAT.md, "Paths longer than a key"). A rename to a longer path
// can make that so for directories that never had one.

import type { VolumeContext } from '../../context.ts'
import type { Inode } from '../../inode.ts'
import { orMissing } from '../../tree/attributes.ts'
import { forgetAttributes, namesOfPrefix } from './resume.ts'

/** Directories remembered as looked at. */
const doneMax = 10_000

interface Prefixes {
  readonly from: string
  readonly to: string
}

/** The key by its new place of what was at `natural`. */
export function newNatural({ from, to }: Prefixes, natural: string): string {
  return to + natural.slice(from.length)
}

/** Before the object at `natural` moves. `done`: natural prefixes of the new place that need not be looked at again. */
export async function makeReachable(
  context: VolumeContext,
  move: Prefixes,
  natural: string,
  done: Set<string>,
): Promise<void> {
  const { store, tree } = context
  // From the object up to the first directory that is found by listing.
  let next = newNatural(move, natural)
  while (tree.objectKey(next) !== next) {
    next = next.slice(0, next.lastIndexOf('/', next.length - 2) + 1)
    if (done.has(next) || next === '') return
    if (done.size >= doneMax) done.clear()
    done.add(next)
    // A marker that is on the way itself must find its key free.
    const isBelow = next.startsWith(move.to)
    const old = isBelow && tree.objectKey(move.from + next.slice(move.to.length))
    if (old && (await orMissing(store.head(old)))) continue
    await putMarker(context, next)
  }
}

/** One with the attributes that are guessed without it. Whoever has made one meanwhile is right. */
async function putMarker(context: VolumeContext, natural: string): Promise<void> {
  const key = context.tree.objectKey(natural)
  if (await orMissing(context.store.head(key))) return
  try {
    await context.store.put(key, new Uint8Array(), { ifNoneMatch: '*', headers: { metadata: {} }, purpose: 'data' })
  } catch (error) {
    if (!(await orMissing(context.store.head(key)))) throw error
  }
  const inode = directoryAt(context, natural)
  // The next one who wants its attributes reads the marker.
  if (inode) forgetAttributes(inode)
}

/** The directory with this prefix, if the tree knows it. */
function directoryAt({ tree }: VolumeContext, natural: string): Inode | null {
  let at: Inode | null = tree.root
  for (const name of namesOfPrefix(natural)) at = (name !== null && at?.directory?.dentries.get(name)?.inode) || null
  return at
}
