// Reading files: through a handle (one version, or ESTALE) and whole by path (whatever is there now).

import { VolumeError, isVolumeError } from '../../base/errors.ts'
import { noBytes } from '../../base/bytes.ts'
import { readFile } from '../content/overlay.ts'
import type { ReadOptions } from '../content/reader.ts'
import type { ObjectInfo } from '../../store/store.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import { resolveDoubts } from '../names/doubts.ts'
import { followMoved } from '../names/moves/find-moved.ts'
import type { OpenFile } from './open-files.ts'

/** node:fs's own bound on whole-file reads. */
const wholeFileBytesMax: number = 2 ** 31 - 1
/** Reads started anew because the object moved (our own rename or rewrite) or a foreign version came. */
const restartsMax = 5

/** At most `length` bytes; fewer only at the end. */
export async function readHandle(
  context: VolumeContext,
  file: OpenFile,
  offset: number,
  length: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const { inode, window } = file
  if (length === 0) return noBytes
  const options: ReadOptions = { window, signal, onInfo: learner(context, inode) }
  for (let restarts = 0; ; restarts++) {
    if (file.isStale) return readOld(context, file, offset, length, options)
    file.version = inode.base
    const { base } = inode
    try {
      return await readFile(context.reader, inode, offset, length, options)
    } catch (error) {
      if (!isVolumeError(error, 'ESTALE') || restarts >= restartsMax) throw error
      // Moved by ourselves meanwhile: the same bytes are elsewhere now.
      if (inode.base !== base || (await isOursElsewhere(context, inode))) continue
      await noticeForeign(context, inode, signal)
      if (!file.isStale && inode.base === base) throw error
    }
  }
}

/**
 * Attributes of a small file that is about to be read, from the GET of its bytes: that is due anyhow, or on its way as
 * read-ahead, and its reply tells them. Does nothing where attributes are known or that GET could not tell; what it left
 * open is for `Tree.revalidate`. The object may turn out to be a symlink.
 */
export async function learnByReading(
  context: VolumeContext,
  inode: Inode,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<void> {
  const { base } = inode
  if (!base || base.size === 0 || base.size > bytesMax || inode.type !== 'file') return
  if (inode.dirty || inode.remoteLock.busy || !context.tree.needsAttributes(inode)) return
  const window = context.reader.openWindow(inode)
  try {
    await context.reader.read(base, 0, base.size, { window, signal, onInfo: learner(context, inode) })
  } catch (error) {
    // Another version is there: whoever looks next sees it.
    if (!isVolumeError(error, 'ESTALE')) throw error
  } finally {
    window.close()
  }
}

/** Whole contents now. Restarts when a foreign writer replaces the file while it is read. */
export async function readWhole(context: VolumeContext, inode: Inode, signal?: AbortSignal): Promise<Uint8Array> {
  const window = context.reader.openWindow(inode)
  try {
    return await readRestarting(context, inode, { window, signal, onInfo: learner(context, inode) })
  } finally {
    window.close()
  }
}

async function readRestarting(context: VolumeContext, inode: Inode, options: ReadOptions): Promise<Uint8Array> {
  for (let restarts = 0; ; restarts++) {
    const { base, size } = inode
    if (size > wholeFileBytesMax) throw new VolumeError('EFBIG', { message: `${size} bytes are over 2 GiB - 1` })
    try {
      return await readFile(context.reader, inode, 0, size, options)
    } catch (error) {
      if (!isVolumeError(error, 'ESTALE') || restarts >= restartsMax) throw error
      if (inode.base !== base || (await isOursElsewhere(context, inode))) continue
      await context.tree.revalidate(inode, { force: true, signal: options.signal })
      if (inode.base === base) throw error
    }
  }
}

/**
 * Whether our own work explains that the version is gone: a request whose reply was lost, or a directory rename that took
 * the object along before what changed here was told. The inode goes on with it then.
 */
async function isOursElsewhere(context: VolumeContext, inode: Inode): Promise<boolean> {
  if (inode.doubtfulIds.size > 0 && (await resolveDoubts(context, inode))) return true
  // Of what is not changed here the tree itself looks again.
  return inode.dirty && inode.remoteLock.run(() => followMoved(context, inode))
}

/**
 * A GET's reply tells the attributes too, for nothing. Only while the very version is there that was when the read began:
 * our own chmod keeps key and ETag, and must not be undone by a reply from before it.
 */
function learner(context: VolumeContext, inode: Inode): (info: ObjectInfo) => void {
  const sentMs = context.clock.monotonicMs()
  const { base } = inode
  return (info) => {
    context.serverTime.observe(info.date)
    if (!base || inode.base !== base || base.key !== info.key || base.etag !== info.etag) return
    if (!inode.dirty && !inode.remoteLock.busy) context.tree.learned(inode, info, sentMs)
  }
}

/** The version the handle was opened on, as far as it is cached. */
async function readOld(
  context: VolumeContext,
  file: OpenFile,
  offset: number,
  length: number,
  options: ReadOptions,
): Promise<Uint8Array> {
  const { version } = file
  if (!version) throw new VolumeError('ESTALE')
  return (await context.reader.read(version, offset, length, options)).slice()
}

/** The version we read is gone: look what is there. Afterwards the inode shows it and handles know. */
async function noticeForeign(context: VolumeContext, inode: Inode, signal: AbortSignal | undefined): Promise<void> {
  try {
    await context.tree.revalidate(inode, { force: true, signal })
  } catch (error) {
    // Deleted, or another kind of file now: what the handle had is gone all the same.
    if (!isVolumeError(error, 'ENOENT', 'ESTALE')) throw error
    inode.foreignCount++
  }
}
