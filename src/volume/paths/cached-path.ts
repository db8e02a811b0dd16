// What is known of a path without asking the bucket, and for how long: the engine's shared cache answers no longer than
// the volume itself would. Permissions are not looked at; whoever asks has just had an answer for the same path.

import type { Inode } from '../inode.ts'
import type { Ino } from '../types.ts'

/** As the kernel. */
const symlinksMax = 40

export interface CachedPath {
  /** null: known to be missing. */
  readonly ino: Ino | null
  /** Monotonic ms until which the name, and the attributes if there is one, are trusted. */
  readonly untilMs: number
  /** The same for the listing of a directory; 0 for anything else. */
  readonly listedUntilMs: number
}

interface Found {
  readonly inode: Inode | null
  readonly nameUntilMs: number
}

/** Undefined when the caches cannot tell. Directories on the way count past their TTL, as in resolving. */
export function cachedPath(root: Inode, path: string, followLast: boolean): CachedPath | undefined {
  const found = path.startsWith('/') ? walk(root, root, path, followLast, { left: symlinksMax }) : undefined
  if (!found) return undefined
  const { inode, nameUntilMs } = found
  if (!inode) return { ino: null, untilMs: nameUntilMs, listedUntilMs: 0 }
  const attributesUntilMs = inode.dirty ? Infinity : inode.attributesKnown ? inode.attributesFreshUntilMs : 0
  const listedUntilMs = inode.directory ? Math.min(inode.directory.completeUntilMs, nameUntilMs) : 0
  return { ino: inode.ino, untilMs: Math.min(nameUntilMs, attributesUntilMs), listedUntilMs }
}

function walk(
  root: Inode,
  start: Inode,
  path: string,
  followLast: boolean,
  symlinks: { left: number },
): Found | undefined {
  const names = path.split('/').filter((name) => name !== '' && name !== '.')
  let current: Inode = path.startsWith('/') ? root : start
  let nameUntilMs = Infinity
  for (const [index, name] of names.entries()) {
    const last = index === names.length - 1
    const step = name === '..' ? parentOf(current, root) : lookUp(current, name)
    if (!step) return undefined
    if (!step.inode) return last || step.nameUntilMs > 0 ? step : undefined
    const { inode } = step
    nameUntilMs = step.nameUntilMs
    if (inode.type !== 'symlink' || (last && !followLast && !path.endsWith('/'))) {
      current = inode
      continue
    }
    if (inode.target === undefined || symlinks.left-- <= 0) return undefined
    const target = walk(root, current, inode.target, true, symlinks)
    if (!target?.inode) return target && { inode: null, nameUntilMs: Math.min(target.nameUntilMs, nameUntilMs) }
    nameUntilMs = Math.min(nameUntilMs, target.nameUntilMs)
    current = target.inode
  }
  return path.endsWith('/') && !current.directory ? undefined : { inode: current, nameUntilMs }
}

function parentOf(directory: Inode, root: Inode): Found {
  return { inode: directory.place?.parent ?? root, nameUntilMs: Infinity }
}

function lookUp(directory: Inode, name: string): Found | undefined {
  if (!directory.directory) return undefined
  const { dentries, completeUntilMs } = directory.directory
  const dentry = dentries.get(name)
  if (!dentry) return completeUntilMs > 0 ? { inode: null, nameUntilMs: completeUntilMs } : undefined
  const nameUntilMs = dentry.pinned || dentry.inode?.dirty ? Infinity : dentry.freshUntilMs
  // An absence is also known from a complete listing.
  return { inode: dentry.inode, nameUntilMs: dentry.inode ? nameUntilMs : Math.max(nameUntilMs, completeUntilMs) }
}
