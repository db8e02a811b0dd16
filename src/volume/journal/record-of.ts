// Inodes, names and contents as journal records, and back.

import type { JournalAttributes, JournalPiece, JournalRecord, JournalVersion } from '../../format/journal/records.ts'
import type { FileContent } from '../content/file-content.ts'
import type { Inode, InodeAttributes, Version } from '../inode.ts'
import type { PendingName } from '../names/pending-names.ts'
import type { DataRef } from './segments.ts'

type InodeRecord = Extract<JournalRecord, { readonly t: 'inode' }>
type NameRecord = Extract<JournalRecord, { readonly t: 'name' }>

export function inodeRecord(inode: Inode): InodeRecord {
  return {
    t: 'inode',
    ino: inode.ino,
    type: inode.type,
    attributes: encodeAttributes(inode.attributes),
    changed: encodeTimes(inode.changed),
    xattrs: inode.xattrs ? [...inode.xattrs].map(([name, value]) => [name, base64(value)]) : null,
    changedXattrs: [...inode.changedXattrs].map(([name, value]) => [name, value && base64(value)]),
    target: inode.target ?? null,
    base: inode.base,
    attributesDirty: inode.attributesDirty,
    content: inode.content !== null,
  }
}

export function nameRecord(pending: PendingName): NameRecord {
  const { directory, name, inode, object, marker } = pending
  const doubtful = [...pending.doubtfulIds]
  return { t: 'name', parent: directory.ino, name, ino: inode?.ino ?? null, object, marker, doubtful }
}

/** All local contents of an inode; undefined when bytes of them are in no journal. */
export function contentRecord(inode: Inode, content: FileContent): JournalRecord {
  const pieces = content.pieces(0, content.size).map((piece): JournalPiece => {
    const { kind, offset, length, generation } = piece
    if (kind !== 'dirty') return [kind, offset, length, generation]
    return [kind, offset, length, generation, (piece.bytes.spooled as DataRef | undefined)?.id ?? '', piece.start]
  })
  return { t: 'content', ino: inode.ino, base: content.base, size: content.size, pieces }
}

export function decodeAttributes(attributes: JournalAttributes): InodeAttributes {
  const { mode, uid, gid, rdev, size, atimeSet } = attributes
  return {
    ...{ mode, uid, gid, rdev, size, atimeSet },
    atimeNs: BigInt(attributes.atimeNs),
    mtimeNs: BigInt(attributes.mtimeNs),
    ctimeNs: BigInt(attributes.ctimeNs),
    birthtimeNs: BigInt(attributes.birthtimeNs),
  }
}

/** Takes over what the record says of attributes, xattrs and base; not the contents. */
export function applyInodeRecord(inode: Inode, record: InodeRecord): void {
  Object.assign(inode.attributes, decodeAttributes(record.attributes))
  inode.changed = decodeTimes(record.changed)
  inode.xattrs = record.xattrs ? new Map(record.xattrs.map(([name, value]) => [name, bytes(value)])) : undefined
  for (const [name, value] of record.changedXattrs) inode.changedXattrs.set(name, value === null ? null : bytes(value))
  inode.target = record.target ?? undefined
  inode.base = versionOf(record.base)
  inode.attributesKnown = true
  inode.typeKnown = true
  inode.attributesDirty = record.attributesDirty
}

export function versionOf(version: JournalVersion | null): Version | null {
  return version as Version | null
}

function encodeAttributes(attributes: InodeAttributes): JournalAttributes {
  return encodeTimes(attributes) as JournalAttributes
}

/** bigints as text. */
function encodeTimes(attributes: Partial<InodeAttributes>): Partial<JournalAttributes> {
  const entries = Object.entries(attributes).map(([name, value]) => [
    name,
    typeof value === 'bigint' ? String(value) : value,
  ])
  return Object.fromEntries(entries) as Partial<JournalAttributes>
}

function decodeTimes(attributes: Partial<JournalAttributes>): Partial<InodeAttributes> {
  const entries = Object.entries(attributes).map(([name, value]) => [
    name,
    name.endsWith('Ns') ? BigInt(String(value)) : value,
  ])
  return Object.fromEntries(entries) as Partial<InodeAttributes>
}

function base64(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}
