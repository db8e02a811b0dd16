import { compareUtf8 } from '../../../base/bytes.ts'
import type { Dentry, DirectoryState, Inode, Version } from '../../inode.ts'
import type { Name } from '../../types.ts'

// The order of what is believed: entries of a directory sorted once per generation, and the files that a reader who
// goes through a tree in order will want next. No requests.

interface Sorted {
  readonly generation: number
  readonly entries: readonly Dentry[]
}

const sortedOf = new WeakMap<DirectoryState, Sorted>()

/** Whose version it was, of those handed out here, and when (monotonic ms): whoever asked for it asked later. */
export interface HandedOut {
  readonly inode: Inode
  readonly sinceMs: number
}

const handedOut = new WeakMap<Version, HandedOut>()

/** Levels a reader is followed upwards out of the directory it reads. */
const ascentMax = 8

/** Positive dentries in UTF-8 order. The array is shared: not to be changed, and good until the directory changes. */
export function sortedEntries(state: DirectoryState): readonly Dentry[] {
  const known = sortedOf.get(state)
  if (known && known.generation === state.generation) return known.entries
  const entries: Dentry[] = []
  for (const dentry of state.dentries.values()) if (dentry.inode) entries.push(dentry)
  entries.sort((a, b) => compareUtf8(a.name, b.name))
  sortedOf.set(state, { generation: state.generation, entries })
  return entries
}

/** At most `count` versions of clean files after `name` in listing order, going on into the directories that follow. */
export function filesAfter(directory: Inode, name: Name, count: number, nowMs: number): Version[] {
  const versions: Version[] = []
  let at: Inode | undefined = directory
  let after = name
  for (let level = 0; at?.directory && level < ascentMax && versions.length < count; level++) {
    const entries: readonly Dentry[] = sortedEntries(at.directory)
    for (let i = firstAfter(entries, after); i < entries.length && versions.length < count; i++)
      collect((entries[i] as Dentry).inode, versions, count, nowMs)
    after = at.place?.name ?? ''
    at = at.place?.parent
  }
  return versions
}

/** At most `count` versions of the clean files of one directory. */
export function filesIn(directory: Inode, count: number, nowMs: number): Version[] {
  const versions: Version[] = []
  if (!directory.directory) return versions
  for (const { inode } of sortedEntries(directory.directory)) {
    if (versions.length >= count) break
    if (!inode?.directory) collect(inode, versions, count, nowMs)
  }
  return versions
}

function collect(inode: Inode | null, versions: Version[], count: number, nowMs: number): void {
  if (!inode || versions.length >= count) return
  if (inode.directory) {
    for (const dentry of sortedEntries(inode.directory)) {
      if (versions.length >= count) return
      collect(dentry.inode, versions, count, nowMs)
    }
  } else if (inode.type === 'file' && inode.base && !inode.dirty && inode.base.size > 0) {
    if (!handedOut.has(inode.base)) handedOut.set(inode.base, { inode, sinceMs: nowMs })
    versions.push(inode.base)
  }
}

/** Whose `version` is, if it was handed out here. */
export function handedOutAs(version: Version): HandedOut | undefined {
  return handedOut.get(version)
}

function firstAfter(entries: readonly Dentry[], name: Name): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareUtf8((entries[middle] as Dentry).name, name) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
