// One file to its key: a PUT (or parts) when it has local contents, a COPY when only its name or attributes changed. The
// inode's remoteLock is held for the whole of one try. What changes locally meanwhile stays dirty for the next one.

import { VolumeError } from '../../base/errors.ts'
import { writeIdOf } from '../../format/metadata.ts'
import type { ObjectInfo, WriteCondition } from '../../store/store.ts'
import type { FrozenContent } from '../content/file-content.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode, Version } from '../inode.ts'
import { copyObject } from '../objects/copy-object.ts'
import { isUnknownOutcome } from '../objects/outcome/doubt.ts'
import { ConflictError, SourceChangedError } from '../objects/conflict-error.ts'
import { writeObject } from '../objects/write-object.ts'
import { orMissing, versionOfInfo } from '../tree/attributes.ts'
import { isOwnedKey, objectDeps, releaseOwnedKey } from './aside.ts'
import { abandonName, settleContentConflict } from './conflicts.ts'
import { describe, readHeaders, readXattrs, reapplyChanges } from './describe.ts'
import { followMoved, isMovedHere } from './moves/find-moved.ts'
import { isDoubtful, takeOwn } from './doubts.ts'
import type { PendingName } from './pending-names.ts'
import type { SettleOptions, SettledAt } from './settle.ts'
import { tryOnNewer } from './tries.ts'

/** Bodies up to this size stay cached as they were written. */
const keptBytesMax = 1024 * 1024

export async function writeFile(
  context: VolumeContext,
  inode: Inode,
  at: SettledAt,
  pending: PendingName | null,
  options: SettleOptions,
): Promise<void> {
  await tryOnNewer(context, inode, () => attempt(context, inode, at, pending, options))
}

/** True when done; false when another version was met and taken over, so that the operation is to be tried on it. */
async function attempt(
  context: VolumeContext,
  inode: Inode,
  { directory, name, key }: SettledAt,
  pending: PendingName | null,
  options: SettleOptions,
): Promise<boolean> {
  const { place } = inode
  // Renamed or removed meanwhile: another name's turn.
  if (place?.parent !== directory || place.name !== name) return true
  const { base } = inode
  if (base?.key === key && !inode.dirty) return true
  const other = await readHeaders(context, inode)
  // Taken along by the rename of the directory it has left.
  if (other && isElsewhere()) return false
  const hasBody = hasNewBytes(inode)
  if (other && !other.info && (await followMoved(context, inode))) return false
  if (other) return meet(context, inode, pending, other.info, hasBody, options)
  if (inode.base) await readXattrs(context, inode)
  const changeCount = inode.changeCount
  const { content } = inode
  const frozen = hasBody ? (content?.freeze() ?? null) : null
  try {
    const version = await send(context, inode, pending, key, frozen)
    if (!version) {
      if (frozen) content?.thaw(frozen)
      return true
    }
    await settled(context, inode, version, frozen, changeCount)
    // The name may have changed hands meanwhile: whoever settles it next must know what is there.
    for (const each of new Set([pending, context.names.get(directory, name)])) {
      if (!each) continue
      each.object = version
      each.doubtfulIds.clear()
      if (each.inode !== inode && context.names.get(directory, name) === each) leftBehind(context, inode, each)
    }
    return true
  } catch (error) {
    if (frozen) content?.thaw(frozen)
    // Whoever settles the name next knows of the request.
    if (isGone(inode)) return true
    if (error instanceof SourceChangedError) {
      if (isElsewhere() || (!error.found && (await followMoved(context, inode)))) return false
      // Of contents, the source may be a key of its own: what counts is what lies under the file's.
      const found = hasBody && error.key !== key ? await orMissing(context.store.head(key)) : error.found
      return meet(context, inode, pending, found, hasBody, options)
    }
    if (!(error instanceof ConflictError)) throw error
    if (hasBody) return lost(context, inode, pending, error.found, options)
    if (!pending) return meet(context, inode, pending, error.found, hasBody, options)
    return taken(context, inode, pending, error.found, options)
  }

  function isElsewhere(): boolean {
    return base !== null && inode.base !== null && inode.base.key !== base.key
  }
}

/** Unlinked and closed: nobody misses it, and its number may be another's in the journal. */
function isGone({ place, openCount }: Inode): boolean {
  return place === null && openCount === 0
}

/** Renamed or unlinked while it went out: its bytes lie under the name it has left, and must leave before that is settled. */
function leftBehind(context: VolumeContext, inode: Inode, pending: PendingName): void {
  context.names.mustLeave(pending, inode)
  context.journal.name(pending)
}

/** Whether the bytes are not those of the base: also when they are those of an object put aside. */
function hasNewBytes({ base, content }: Inode): boolean {
  if (base === null) return true
  if (content === null) return false
  return !content.isClean || content.base?.key !== base.key || content.base.etag !== base.etag
}

/** Null: it was unlinked before the request went out. */
async function send(
  context: VolumeContext,
  inode: Inode,
  pending: PendingName | null,
  key: string,
  frozen: FrozenContent | null,
): Promise<Version | null> {
  const condition = conditionOf(inode, pending, key)
  const { streams } = context.writeBack
  const stream = frozen ? streams.get(inode) : undefined
  if (stream) streams.useTimes(inode)
  const { headers, writeId } = await describe(
    context,
    inode,
    frozen ? 'new' : 'kept',
    (await stream?.target())?.writeId,
  )
  if (isGone(inode)) return null
  // With the attributes that go out, so that a replay does not put older ones over them.
  context.journal.inode(inode)
  context.journal.writing(inode.ino, key, writeId)
  // Before anything is waited for: whoever unlinks or renames the file from now on must know of the request.
  inode.doubtfulIds.set(writeId, key)
  pending?.doubtfulIds.add(writeId)
  await context.journal.commit()
  const deps = objectDeps(context)
  try {
    return await request()
  } catch (error) {
    // Only a plain refusal proves that nothing of ours is there.
    if (isUnknownOutcome(error)) throw error
    inode.doubtfulIds.delete(writeId)
    pending?.doubtfulIds.delete(writeId)
    throw error
  }

  function request(): Promise<Version> {
    if (!frozen) return copyObject(deps, { from: inode.base as Version, key, condition, headers, writeId })
    const job = { key, condition, frozen, headers, writeId, replaces: inode.base }
    return stream ? stream.finish(job) : writeObject(deps, job)
  }
}

function conditionOf(inode: Inode, pending: PendingName | null, key: string): WriteCondition {
  const there = pending ? pending.object : inode.base?.key === key ? inode.base : null
  return there ? { ifMatch: there.etag } : { ifNoneMatch: '*' }
}

/** The bucket has it. */
async function settled(
  context: VolumeContext,
  inode: Inode,
  version: Version,
  frozen: FrozenContent | null,
  changeCount: number,
): Promise<void> {
  const { base, content } = inode
  inode.doubtfulIds.clear()
  if (version.headersDate !== undefined) context.serverTime.observe(version.headersDate)
  const leaves = base?.key === version.key || isOwnedKey(base?.key ?? '') || context.names.leftBy(inode).length > 0
  if (base && !frozen && leaves) context.reader.move(base, version)
  if (frozen) await keepBlocks(context, version, frozen)
  inode.base = version
  if (content && frozen) content.rebase(frozen, version)
  else content?.moved(version)
  const unchanged = inode.changeCount === changeCount
  if (content && content.isClean && (unchanged || inode.content === content)) {
    inode.attributes.size = content.size
    content.release()
    inode.content = null
    context.writeBack.streams.ended(inode)
  }
  if (unchanged) {
    inode.attributesDirty = false
    inode.changed = {}
    inode.changedXattrs.clear()
  }
  inode.writtenCount = Math.max(inode.writtenCount, changeCount)
  context.tree.learned(inode, version)
  if (!isGone(inode)) context.journal.written(inode, frozen, version)
  context.metrics.count('writeBacks')
  if (!inode.dirty) context.writeBack.clean(inode)
  if (base && base.key !== version.key) await releaseOwnedKey(context, base)
}

/** Small bodies become cached blocks of the new version, so that reading them back costs nothing. */
async function keepBlocks(context: VolumeContext, version: Version, frozen: FrozenContent): Promise<void> {
  const { base, size } = frozen
  const whole = size > 0 && size <= keptBytesMax ? await wholeBody(context, frozen) : null
  if (base) context.reader.drop(base)
  if (whole) context.reader.insert(version, 0, whole)
}

/** Null when part of it is not in memory any more. */
async function wholeBody(context: VolumeContext, { base, size, pieces }: FrozenContent): Promise<Uint8Array | null> {
  const whole = new Uint8Array(size)
  for (const piece of pieces) {
    if (piece.kind === 'zero') continue
    const bytes =
      piece.kind === 'dirty'
        ? await piece.bytes.read(piece.start, piece.length)
        : base && context.reader.readNow(base, piece.offset, piece.length)
    if (!bytes) return null
    whole.set(bytes, piece.offset)
  }
  return whole
}

/** The version the operation starts from has been replaced (`info: null`: deleted) by somebody else. */
async function meet(
  context: VolumeContext,
  inode: Inode,
  pending: PendingName | null,
  info: ObjectInfo | null,
  hasBody: boolean,
  options: SettleOptions,
): Promise<boolean> {
  if (hasBody) return lost(context, inode, pending, info, options)
  if (!info) {
    const path = context.tree.pathOf(inode)
    if (pending) await abandonName(context, inode, pending)
    inode.attributesDirty = false
    if (inode.place) context.tree.invalidate(inode.place.parent, inode.place.name)
    context.writeBack.clean(inode)
    throw new VolumeError('ENOENT', { message: `${path} was deleted by another writer` })
  }
  // Attributes set here, on the version that is there now. Nothing of it is replaced, so nobody has to wait for it.
  const wasDirty = inode.attributesDirty
  inode.attributesDirty = false
  context.tree.learned(inode, info)
  inode.base = versionOfInfo(info, null)
  inode.foreignCount++
  reapplyChanges(inode)
  inode.attributesDirty = wasDirty
  if (pending?.object?.key === info.key) pending.object = inode.base
  return false
}

/** Contents lost a race. */
async function lost(
  context: VolumeContext,
  inode: Inode,
  pending: PendingName | null,
  info: ObjectInfo | null,
  options: SettleOptions,
): Promise<boolean> {
  if (info && (isOwn(context, inode, pending, info) || isMovedHere(context, inode, info))) return false
  // What it was to replace is gone, by our own hand before a crash maybe; it was no version of this file.
  if (!info && pending?.object && !isSame(pending.object, inode.base)) {
    pending.object = null
    return false
  }
  if (info && mayReplace(context, inode, info)) {
    inode.truncatedAtMs = undefined
    inode.base = versionOfInfo(info, null)
    if (pending) pending.object = inode.base
    return false
  }
  const exclusive = pending?.exclusive === true && info !== null
  const error = await settleContentConflict(context, inode, pending, info)
  if (exclusive) throw new VolumeError('EEXIST', { cause: error })
  if (options.waiting) throw error
  inode.failure = error
  return true
}

/**
 * A truncating open replaces whatever was there when it happened, also a version not seen: one that is older than the open
 * by the server's clock. Multipart objects are dated by their initiation, which proves nothing.
 */
function mayReplace(context: VolumeContext, inode: Inode, info: ObjectInfo): boolean {
  const { truncatedAtMs } = inode
  if (truncatedAtMs === undefined || info.etag.includes('-')) return false
  return info.lastModified + 1000 <= truncatedAtMs
}

function isSame(version: Version, base: Version | null): boolean {
  return base !== null && base.key === version.key && base.etag === version.etag
}

/** Whether a request of ours of which no reply told wrote it; taken over then, as the base or as what is to be replaced. */
function isOwn(context: VolumeContext, inode: Inode, pending: PendingName | null, info: ObjectInfo): boolean {
  if (isDoubtful(inode, info)) {
    takeOwn(context, inode, pending, info)
    return true
  }
  // Of a file that had the name before, and has been removed or renamed here; answered meanwhile, or not yet.
  if (pending?.object?.key === info.key && pending.object.etag === info.etag) return true
  const id = writeIdOf(info.headers)
  if (!pending || id === undefined || !pending.doubtfulIds.delete(id)) return false
  pending.object = versionOfInfo(info, null)
  return true
}

/** The new name of a rename holds a version that was not seen. */
async function taken(
  context: VolumeContext,
  inode: Inode,
  pending: PendingName,
  info: ObjectInfo | null,
  options: SettleOptions,
): Promise<boolean> {
  if (info && isOwn(context, inode, pending, info)) return false
  if (pending.exclusive && info) throw new VolumeError('EEXIST')
  if (options.waiting || !info) {
    pending.object = info ? versionOfInfo(info, null) : null
    return false
  }
  await abandonName(context, inode, pending)
  return true
}
