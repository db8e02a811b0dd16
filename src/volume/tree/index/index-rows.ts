import type { AttributeRow } from '../../../format/attribute-index.ts'
import type { Inode, InodeAttributes, Version } from '../../inode.ts'
import type { VolumeSettings } from '../../settings.ts'
import { typeOfMode } from '../../types.ts'
import type { Name } from '../../types.ts'
import { attributesHold, isWritten } from '../attributes.ts'

// Between inodes and rows of an attribute index. A row speaks of one version; whether it still counts is decided by what
// a LIST showed (attributes.ts: `attributesHold`), never by the row.

/** What is worth telling others of an entry, or undefined: unknown, changed here, or too young to ever count. */
export function rowOf(name: Name, inode: Inode): AttributeRow | undefined {
  if (inode.dirty || !inode.attributesKnown) return undefined
  const { base } = inode
  if (!base) return inode.directory ? rowOfImplicit(name, inode) : undefined
  if (base.headersDate === undefined) return undefined
  const written = isWritten(base)
  // Read in the second of the last change: no listing will prove it, so the next HEAD has to.
  if (!written && base.lastModified + 2000 > base.headersDate) return undefined
  const { etag, size, lastModified, headersDate } = base
  const version = { etag, size, lastModified, headersDate, written, ours: base.ours ?? false }
  return { name, ...version, ...attributesOf(inode.attributes), target: inode.target }
}

/** A directory without a marker: only its times are news. */
function rowOfImplicit(name: Name, inode: Inode): AttributeRow {
  const version = { etag: '', size: 0, lastModified: 0, headersDate: 0, written: true, ours: false }
  return { name, ...version, ...attributesOf(inode.attributes), target: undefined }
}

function attributesOf(attributes: InodeAttributes): Omit<InodeAttributes, 'size'> {
  const { mode, uid, gid, rdev, atimeNs, mtimeNs, ctimeNs, birthtimeNs, atimeSet } = attributes
  return { mode, uid, gid, rdev, atimeNs, mtimeNs, ctimeNs, birthtimeNs, atimeSet }
}

/** Whether the row tells the attributes of the version that was listed last. */
export function rowHolds(row: AttributeRow, inode: Inode, settings: VolumeSettings): boolean {
  const { base } = inode
  if (!base) return false
  const type = typeOfMode(row.mode)
  if ((type === 'directory') !== (inode.directory !== null)) return false
  if (inode.typeKnown && type !== inode.type) return false
  return attributesHold(versionOf(row, base), base, settings)
}

/** Takes a row over that holds. `freshUntilMs`: counted from the listing that proved it. */
export function applyRow(row: AttributeRow, inode: Inode, freshUntilMs: number): void {
  const { base, attributes } = inode
  if (!base) return
  Object.assign(attributes, attributesOf(row))
  inode.type = typeOfMode(row.mode)
  inode.base = { ...versionOf(row, base), lastModified: base.lastModified }
  if (row.target !== undefined) inode.target = row.target
  known(inode, freshUntilMs)
}

/** A name without a row where foreign metadata does not matter: a plain file, or directory, with defaults. */
export function applyDefaults(inode: Inode, freshUntilMs: number): void {
  known(inode, freshUntilMs)
}

/** Times of a directory, when the row knows later ones. */
export function applyTimes(row: AttributeRow, inode: Inode): void {
  const { attributes } = inode
  if (row.mtimeNs > attributes.mtimeNs) attributes.mtimeNs = row.mtimeNs
  if (row.ctimeNs > attributes.ctimeNs) attributes.ctimeNs = row.ctimeNs
}

function known(inode: Inode, freshUntilMs: number): void {
  inode.attributesKnown = true
  inode.typeKnown = true
  inode.attributesFreshUntilMs = Math.max(inode.attributesFreshUntilMs, freshUntilMs)
}

function versionOf(row: AttributeRow, base: Version): Version {
  const { etag, size, lastModified, headersDate, written, ours } = row
  return { ...base, etag, size, lastModified, headersDate, headersRead: !written, ours: ours || undefined }
}
