import { dataPrefix } from './key.ts'
import { damaged, decodeSide, encodeSide } from './side-object.ts'
import type { SideDecoded, SideObject } from './side-object.ts'

// The intent of a directory rename: written before the first object moves, renewed while somebody works on it, removed
// when the old prefix is empty. Whoever opens the volume for writing finishes one that nobody renewed for long.

export interface RenameIntent {
  /** 32 hex digits. */
  readonly id: string
  /** Natural prefixes, each ending in '/'. */
  readonly from: string
  readonly to: string
  /** Server time of the last renewal, epoch ms. */
  readonly renewedMs: number
  /** Random id of the volume that carries it out. */
  readonly owner: string
}

/** Where all intents lie; one LIST at open. */
export const renameIntentsPrefix: string = `${dataPrefix}renames/`

const format = 'bucketfs-rename'
const formatVersion = 1

export function renameIntentKey(id: string): string {
  return renameIntentsPrefix + id
}

export function encodeRenameIntent(intent: RenameIntent): SideObject {
  const { id, from, to, renewedMs, owner } = intent
  return { key: renameIntentKey(id), body: encodeSide(format, formatVersion, { id, from, to, renewedMs, owner }) }
}

/** 'newer' and 'damaged' intents are reported and left alone: each says that objects may lie in two places. */
export function decodeRenameIntent(body: Uint8Array): SideDecoded<RenameIntent> {
  const decoded = decodeSide(format, formatVersion, body)
  if (!decoded.ok) return decoded
  const { id, from, to, renewedMs, owner } = decoded.value.fields
  if (typeof id !== 'string' || typeof owner !== 'string' || typeof renewedMs !== 'number') return damaged
  if (!isPrefix(from) || !isPrefix(to) || to.startsWith(from) || from === to) return damaged
  return { ok: true, value: { id, from, to, renewedMs, owner } }
}

function isPrefix(value: unknown): value is string {
  return typeof value === 'string' && value.length > 1 && value.endsWith('/') && !value.startsWith('/')
}
