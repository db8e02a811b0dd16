// The tree's view of a rename that was begun before this volume was opened: the directory is in its new place, whatever
// the bucket shows yet.

import { nameOfKeySegment } from '../../../format/key.ts'
import type { VolumeContext } from '../../context.ts'
import type { Inode } from '../../inode.ts'
import type { Name } from '../../types.ts'

interface Place {
  readonly directory: Inode
  readonly name: Name
}

export interface Resumed {
  readonly directory: Inode
  /** Null when nothing is left there. */
  readonly oldPlace: Place | null
}

/**
 * Puts the directory into its new place. Null when it is in neither, or a parent is gone. To be called
 * before the tree is told of the moving prefix.
 */
export async function placeAgain(context: VolumeContext, from: string, to: string): Promise<Resumed | null> {
  const { tree } = context
  const oldPlace = await placeOf(context, from)
  const place = await placeOf(context, to)
  if (!oldPlace || !place) return null
  const directory = await tree.lookupMaybe(oldPlace.directory, oldPlace.name, {
    expectDirectory: true,
    attributes: true,
  })
  if (!directory?.directory) {
    const there = await tree.lookupMaybe(place.directory, place.name, { expectDirectory: true, attributes: true })
    return there?.directory ? { directory: there, oldPlace: null } : null
  }
  tree.detach(oldPlace.directory, oldPlace.name)
  tree.attach(place.directory, place.name, directory)
  // Looking for it may have shown what is left under the old prefix, and no marker where that has moved already.
  tree.forgetListing(directory)
  forgetAttributes(directory)
  return { directory, oldPlace }
}

/** Of a directory without a marker, as far as was known: also that. */
export function forgetAttributes(inode: Inode): void {
  if (!inode.directory || inode.dirty || inode.base) return
  inode.directory.hasMarker = undefined
  inode.directory.markerSeenMs = -Infinity
  inode.attributesKnown = false
  inode.attributesFreshUntilMs = 0
}

/** Names of the directories a prefix leads through; null for what no tree can show. */
export function namesOfPrefix(prefix: string): readonly (Name | null)[] {
  return prefix
    .slice(0, -1)
    .split('/')
    .map((segment, index) => nameOfKeySegment(segment, index === 0))
}

async function placeOf(context: VolumeContext, prefix: string): Promise<Place | null> {
  const { tree } = context
  const names = [...namesOfPrefix(prefix)]
  const name = names.pop()
  if (typeof name !== 'string') return null
  let directory: Inode = tree.root
  for (const each of names) {
    const next = each === null ? null : await tree.lookupMaybe(directory, each, { expectDirectory: true })
    if (!next?.directory) return null
    directory = next
  }
  return { directory, name }
}
