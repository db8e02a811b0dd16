import type { ListedObject } from '../../store/store.ts'
import type { Inode } from '../inode.ts'
import type { Name } from '../types.ts'
import { stateOf } from './dentries.ts'
import type { Dentries } from './dentries.ts'
import type { InodeTable } from './inode-table.ts'
import type { Observations, Sent } from './observations.ts'
import type { Places } from './places.ts'
import type { TreeDeps } from './tree-deps.ts'

// The parts every file of the tree works on, and the small steps that listing, flat passes and lookups share.

export interface TreeContext extends TreeDeps {
  readonly table: InodeTable
  readonly places: Places
  readonly dentries: Dentries
  readonly observations: Observations
}

/** To be taken just before a request goes out. */
export function sentNow(context: TreeContext): Sent {
  return { sentMs: context.clock.monotonicMs(), generation: context.dentries.nextGeneration() }
}

/** The name of a listed segment in `directory`; null when it is to be hidden, which is counted unless it is our own folder. */
function shownName(context: TreeContext, directory: Inode, segment: string, isDirectory: boolean): Name | null {
  if (isDirectory && context.places.isSystem(directory, segment)) return null
  const name = context.places.nameOf(segment, directory)
  if (name === null) context.metrics.count('unrepresentable')
  return name
}

/**
 * Whether an object must wait until it is certain that nothing lies below its name: it is known as a directory, and would
 * otherwise take the place of that inode for as long as it takes to list the prefix again.
 */
export function mayBeShadowed(context: TreeContext, directory: Inode, segment: string): boolean {
  const name = context.places.nameOf(segment, directory)
  const known = name === null ? undefined : stateOf(directory).dentries.get(name)?.inode
  return known?.directory !== undefined && known.directory !== null
}

/** One object of a listing that is an entry of `directory`. Null when hidden: no tree can show it, or removed here. */
export function absorbObject(
  context: TreeContext,
  directory: Inode,
  segment: string,
  listed: ListedObject,
  seen: Map<Name, Inode>,
  sent: Sent,
): Inode | null {
  const name = shownName(context, directory, segment, false)
  if (name === null) return null
  const shadow = seen.get(name)
  if (shadow) {
    if (shadow.directory) context.metrics.count('unrepresentable')
    return null
  }
  const inode = context.observations.listed(directory, name, listed, sent)
  if (inode) seen.set(name, inode)
  return inode
}

/** One prefix of a listing that is an entry of `directory`. A file of that name is hidden by it. */
export function absorbPrefix(
  context: TreeContext,
  directory: Inode,
  segment: string,
  seen: Map<Name, Inode>,
  sent: Sent,
): Inode | null {
  const name = shownName(context, directory, segment, true)
  if (name === null) return null
  if (seen.get(name)?.directory === null) context.metrics.count('unrepresentable')
  const inode = context.observations.directory(directory, name, undefined, sent)
  if (inode) seen.set(name, inode)
  return inode
}
