// Carries out one directory rename: page by page of what is below the old prefix, copy to the new prefix, tell the tree,
// delete the old ones. Keys that are too long for their place, before or after, are followed to where they lie. Repeating
// it is safe: what was copied before is recognised, a version that changed meanwhile stays under its old name and is
// reported, and a file that is at the new name already is never replaced.

import { nameOfKeySegment } from '../../../format/key.ts'
import type { ListedObject, ObjectInfo } from '../../../store/store.ts'
import type { VolumeContext } from '../../context.ts'
import type { Inode, Version } from '../../inode.ts'
import { ConflictError, SourceChangedError } from '../../objects/conflict-error.ts'
import { copyObject } from '../../objects/copy-object.ts'
import { removeMany } from '../../objects/remove-object.ts'
import { versionOfListed } from '../../tree/attributes.ts'
import { forEachBounded } from '../../tree/concurrency.ts'
import { pagesBelow } from '../../tree/deep-keys.ts'
import type { DeepObject } from '../../tree/deep-keys.ts'
import { objectDeps } from '../aside.ts'
import { storeIntent } from './intents.ts'
import { makeReachable, newNatural } from './reachable.ts'
import { asMoved, follow, followMovedBefore } from './moved-before.ts'

/** Copies in flight of one rename; the store's own limit bounds them further. */
const copiesInFlightMax = 64
/** The intent is renewed this often; others wait ten times as long. */
const renewIntervalMs = 60_000

interface Moving {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly directory: Inode | null
}

export async function moveObjects(context: VolumeContext, move: Moving): Promise<void> {
  await writesBelowEnded(context, move)
  // What they have written must be known by the keys it has before it gets others.
  await context.journal.commit()
  let renewedMs = context.clock.monotonicMs()
  const reachable = new Set<string>()
  for await (const { date, objects } of pagesBelow(context.store, move.from)) {
    context.serverTime.observe(date)
    await movePage(context, move, objects, reachable)
    if (context.clock.monotonicMs() - renewedMs < renewIntervalMs) continue
    await storeIntent(context, move)
    renewedMs = context.clock.monotonicMs()
  }
  await followMovedBefore(context, move)
}

/** Requests sent under the old keys before the rename must have ended, or they would put objects behind us. */
async function writesBelowEnded(context: VolumeContext, { directory }: Moving): Promise<void> {
  if (!directory) return
  await directory.remoteLock.run(() => undefined)
  await context.moves.released(directory)
}

async function movePage(
  context: VolumeContext,
  move: Moving,
  page: readonly DeepObject[],
  reachable: Set<string>,
): Promise<void> {
  const copied: Version[] = []
  for (const { natural } of page) await makeReachable(context, move, natural, reachable)
  await forEachBounded(page, copiesInFlightMax, async ({ natural, listed }) => {
    const known = knownVersion(move, natural, listed)
    const moved = await copyOne(context, known, context.tree.objectKey(newNatural(move, natural)))
    if (!moved) return
    copied.push(known)
    tell(context, move, natural, known, moved)
  })
  const outcomes = await removeMany(objectDeps(context), copied, { waiting: false })
  const failure = outcomes.find((outcome) => outcome instanceof Error)
  if (failure) throw failure
  for (const [index, outcome] of outcomes.entries()) {
    if (typeof outcome === 'object')
      report(context, (copied[index] as Version).key, 'it was changed while it was moved')
  }
}

/** With headers, when the tree knows them: that spares the copy a HEAD. */
function knownVersion(move: Moving, natural: string, listed: ListedObject): Version {
  const base = inodeAt(move, natural)?.base
  return base && base.key === listed.key && base.etag === listed.etag && base.headers ? base : versionOfListed(listed)
}

/** Null: it stays where it is. */
async function copyOne(context: VolumeContext, from: Version, key: string): Promise<Version | null> {
  try {
    const job = { from, key, condition: { ifNoneMatch: '*' }, keepsWriteId: true, waiting: false } as const
    return await copyObject(objectDeps(context), job)
  } catch (error) {
    if (error instanceof SourceChangedError) {
      if (error.found) report(context, from.key, 'it was changed while it was moved')
      return null
    }
    if (!(error instanceof ConflictError) || !error.found) throw error
    const moved = await movedBefore(context, from, error.found)
    if (!moved) report(context, from.key, 'the new name was taken by another writer')
    return moved
  }
}

/** What is at the new name, if it is a copy of `from` made by somebody who began this rename. */
async function movedBefore(context: VolumeContext, from: Version, found: ObjectInfo): Promise<Version | null> {
  const headers = from.headers ?? (await context.store.head(from.key)).headers
  return asMoved({ ...from, headers }, found)
}

/** The tree and pending names go on with the object under its new key. */
function tell(context: VolumeContext, move: Moving, natural: string, from: Version, to: Version): void {
  context.reader.move(from, to)
  if (natural === move.from && move.directory) {
    const own = context.names.of(move.directory)
    if (own) {
      own.marker = to
      context.journal.name(own)
    }
    return follow(context, move.directory, from, to)
  }
  const place = placeAt(move, natural)
  if (!place) return
  const pending = context.names.get(place.directory, place.name)
  if (pending?.object?.key === from.key) pending.object = to
  if (pending?.marker?.key === from.key) pending.marker = to
  if (pending) context.journal.name(pending)
  const inode = inodeAt(move, natural)
  if (inode) follow(context, inode, from, to)
  for (const left of pending?.after ?? []) follow(context, left, from, to)
}

/** The inode whose key by its place was `natural`, below the old prefix, if the tree knows it. */
function inodeAt(move: Moving, natural: string): Inode | null {
  const { directory } = move
  if (!directory) return null
  const rest = natural.slice(move.from.length)
  if (rest === '') return directory
  const place = placeAt(move, natural)
  const inode = place?.directory.directory?.dentries.get(place.name)?.inode ?? null
  return inode && (inode.directory !== null) === rest.endsWith('/') ? inode : null
}

function placeAt(move: Moving, natural: string): { readonly directory: Inode; readonly name: string } | null {
  const segments = natural.slice(move.from.length).split('/')
  if (segments.at(-1) === '') segments.pop()
  let at: Inode | null = move.directory
  for (const [index, segment] of segments.entries()) {
    const name = nameOfKeySegment(segment, false)
    if (name === null || !at?.directory) return null
    if (index === segments.length - 1) return { directory: at, name }
    at = at.directory.dentries.get(name)?.inode ?? null
  }
  return null
}

function report(context: VolumeContext, key: string, why: string): void {
  context.metrics.count('conflicts')
  context.log.warn('an object stays under the old name of a renamed directory', { key, why })
}
