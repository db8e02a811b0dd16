// Local contents: writing and truncating an inode. Writers of one inode take turns, so that O_APPEND is atomic and the
// order in the journal is the order in the file; waiting for memory happens inside that turn.

import { VolumeError, isVolumeError } from '../../base/errors.ts'
import { Mutex } from '../../base/mutex.ts'
import { TiB } from '../../base/bytes.ts'
import type { DirtyBytes } from '../content/dirty-bytes.ts'
import { FileContent } from '../content/file-content.ts'
import { keepBytesMax } from '../content/dirty-store.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import { readHeaders } from '../names/describe.ts'
import type { OpenFile } from './open-files.ts'

/** S3's largest object. */
const fileBytesMax = 5 * TiB
const turns = new WeakMap<Inode, Mutex>()

/** All of `data` at `offset`, or at the end; gives where it was written. EFBIG, ENOSPC, ESTALE. */
export async function writeContent(
  context: VolumeContext,
  file: OpenFile,
  offset: number,
  data: Uint8Array,
  signal?: AbortSignal,
): Promise<number> {
  const { inode } = file
  return turnOf(inode).run(async () => {
    if (file.isStale && !file.append)
      throw new VolumeError('ESTALE', { message: `${context.tree.pathOf(inode)} was replaced by another writer` })
    // Nothing written is nothing changed: the file stays as clean as it was.
    if (data.byteLength === 0) return file.append ? inode.size : offset
    const content = await contentOf(context, inode)
    const start = file.append ? content.size : offset
    checkGrowth(context, content, start, start + data.byteLength)
    for (let done = 0; done < data.byteLength; done += keepBytesMax) {
      const piece = data.subarray(done, Math.min(done + keepBytesMax, data.byteLength))
      const kept = await keep(context, inode, start + done, piece, signal)
      // Dropped meanwhile: a conflict, or the last name and handle are gone.
      const now = inode.content ?? (await contentOf(context, inode))
      context.journal.wrote(inode, start + done, kept, now)
      now.write(start + done, kept)
    }
    changedContent(context, inode)
    file.wrote = true
    await context.writeBack.streams.offer(inode)
    return start
  })
}

/** Keeps bytes until the bucket has them; a spool without room is emptied into the bucket once. */
async function keep(
  context: VolumeContext,
  inode: Inode,
  offset: number,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<DirtyBytes> {
  const owner = { ino: inode.ino, offset }
  try {
    return await context.dirtyStore.keep(bytes, owner, signal)
  } catch (error) {
    if (!isVolumeError(error, 'ENOSPC') || context.settings.durability === 'journal') throw error
    await context.writeBack.streams.putAside(inode)
    return context.dirtyStore.keep(bytes, owner, signal)
  }
}

/** Shorter, or longer by zeros. Truncating to nothing forgets the base, so that its bytes are never asked for. */
export async function truncateContent(context: VolumeContext, inode: Inode, size: number): Promise<void> {
  if (inode.directory) throw new VolumeError('EISDIR')
  if (inode.type !== 'file') throw new VolumeError('EINVAL')
  await turnOf(inode).run(async () => {
    const content = size === 0 ? emptied(context, inode) : await contentOf(context, inode)
    if (content.size === size && size !== 0) {
      // Nothing to cut; times change all the same.
      context.journal.truncated(inode, size)
    } else {
      checkGrowth(context, content, size, size)
      content.truncate(size)
      context.journal.truncated(inode, size)
    }
    changedContent(context, inode)
  })
}

function emptied(context: VolumeContext, inode: Inode): FileContent {
  context.writeBack.streams.drop(inode)
  inode.content ??= new FileContent(inode.base, 0)
  if (inode.base && inode.openCount > 0) inode.truncatedAtMs = context.serverTime.nowMs()
  context.journal.inode(inode)
  return inode.content
}

/** The content to change; the first change of a clean file makes it. */
async function contentOf(context: VolumeContext, inode: Inode): Promise<FileContent> {
  if (inode.content) return inode.content
  if (inode.base && !inode.attributesKnown) await inode.remoteLock.run(() => readHeaders(context, inode))
  if (!inode.content) {
    inode.content = new FileContent(inode.base)
    context.journal.inode(inode)
  }
  return inode.content
}

function changedContent(context: VolumeContext, inode: Inode): void {
  const { attributes } = inode
  const now = context.clock.nowNs()
  attributes.mtimeNs = now
  attributes.ctimeNs = now
  delete inode.changed.mtimeNs
  context.writeBack.touch(inode)
  context.events.inode('modified', inode)
}

/** `end`: the size afterwards, unless it is larger already; `dataStart`: where bytes begin, what is before is a hole. */
function checkGrowth(context: VolumeContext, content: FileContent, dataStart: number, end: number): void {
  const { holeBytesMax } = context.settings
  if (end > fileBytesMax) throw new VolumeError('EFBIG', { message: `over ${fileBytesMax} bytes` })
  const holeBytes = content.holeBytes + Math.max(0, dataStart - content.size)
  if (holeBytes > holeBytesMax)
    throw new VolumeError('EFBIG', { message: `over ${holeBytesMax} bytes of holes (holeBytesMax)` })
}

function turnOf(inode: Inode): Mutex {
  let turn = turns.get(inode)
  if (!turn) turns.set(inode, (turn = new Mutex()))
  return turn
}
