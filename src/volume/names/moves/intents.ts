// The intent object of a directory rename: there before the first object moves, renewed while somebody works on it, gone
// when the old prefix is empty.

import { VolumeError } from '../../../base/errors.ts'
import {
  decodeRenameIntent,
  encodeRenameIntent,
  renameIntentKey,
  renameIntentsPrefix,
} from '../../../format/rename-intent.ts'
import type { RenameIntent } from '../../../format/rename-intent.ts'
import type { VolumeContext } from '../../context.ts'
import { orMissing } from '../../tree/attributes.ts'

/** Intents looked at when a volume is opened; more than this many unfinished renames are left to `doctor`. */
const intentsMax = 1000
const readsMax = 10

interface Described {
  readonly id: string
  readonly from: string
  readonly to: string
}

/** Unconditional: the id is ours alone. Also renews it. */
export async function storeIntent(context: VolumeContext, { id, from, to }: Described): Promise<void> {
  const { store, serverTime } = context
  const side = encodeRenameIntent({ id, from, to, renewedMs: serverTime.nowMs(), owner: context.ownerId })
  const reply = await store.put(side.key, side.body, { headers: { metadata: {} }, purpose: 'data' })
  serverTime.observe(reply.date)
}

export async function removeIntent(context: VolumeContext, id: string): Promise<void> {
  await context.store.delete(renameIntentKey(id))
}

/** Intents that nobody renewed for `settings.intentAbandonedMs` of server time: 1 LIST, and 1 GET for each old one. */
export async function abandonedIntents(context: VolumeContext): Promise<readonly RenameIntent[]> {
  const { store, settings, serverTime, log } = context
  const reply = await store.list({ prefix: renameIntentsPrefix, maxKeys: intentsMax })
  serverTime.observe(reply.date)
  const abandoned: RenameIntent[] = []
  for (const { key, lastModified } of reply.objects) {
    if (reply.date - lastModified < settings.intentAbandonedMs) continue
    const decoded = await readIntent(context, key)
    if (!decoded) continue
    if (decoded.ok) abandoned.push(decoded.value)
    else log.warn('a rename intent cannot be read and is left alone; see doctor', { key, reason: decoded.reason })
  }
  return abandoned
}

/**
 * Null when it is gone. What cannot be read is asked for until it arrives so twice: before that it may have been the
 * network, and a rename that nobody finishes shows half of a directory.
 */
async function readIntent(context: VolumeContext, key: string): Promise<ReturnType<typeof decodeRenameIntent> | null> {
  let before: Uint8Array | undefined
  for (let reads = 1; ; reads++) {
    const found = await orMissing(context.store.get(key))
    if (!found) return null
    const decoded = decodeRenameIntent(found.body)
    if (decoded.ok || (before && Buffer.compare(before, found.body) === 0)) return decoded
    if (reads >= readsMax) throw new VolumeError('EIO', { message: `${key} arrives differently each time` })
    before = found.body
  }
}
