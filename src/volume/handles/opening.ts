// open(2) and close(2). A new file is only here until its first fsync or close, except that under `bucket` O_EXCL puts the
// empty object at once, so that of two programs on two machines one gets EEXIST.

import { VolumeError } from '../../base/errors.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import type { PendingName } from '../names/pending-names.ts'
import { acknowledge, forgetName } from '../operations/acknowledge.ts'
import { createFile } from '../operations/create.ts'
import { checkWritable, permit } from '../operations/permit.ts'
import { discard } from '../operations/remove.ts'
import { mayRead, mayWrite } from '../tree/permissions.ts'
import { O_ACCMODE, O_APPEND, O_DSYNC, O_RDONLY, O_TRUNC, O_WRONLY } from '../types.ts'
import type { Caller, Name } from '../types.ts'
import { asVolumeError } from '../volume-errors.ts'
import type { OpenFile } from './open-files.ts'
import { truncateContent } from './writes.ts'

/** Opens what is there. Directories for reading only. EACCES, EISDIR, EROFS, ENXIO for special files. */
export async function openInode(
  context: VolumeContext,
  caller: Caller,
  inode: Inode,
  flags: number,
): Promise<OpenFile> {
  const how = howOf(flags)
  if (inode.directory && (how.writable || (flags & O_TRUNC) !== 0)) throw new VolumeError('EISDIR')
  if (inode.type === 'symlink') throw new VolumeError('ELOOP')
  if (inode.type !== 'file' && !inode.directory) throw new VolumeError('ENXIO')
  if (how.writable || (flags & O_TRUNC) !== 0) checkWritable(context)
  if (how.readable) permit(context, caller, inode, mayRead)
  if (how.writable || (flags & O_TRUNC) !== 0) permit(context, caller, inode, mayWrite)
  // Old contents that will be kept must be the present ones; those that go need not be looked at.
  if (how.writable && (flags & O_TRUNC) === 0)
    await context.tree.revalidate(inode, { force: true, signal: caller.signal })
  const file = context.files.add(inode, context.reader.openWindow(inode), how)
  if ((flags & O_TRUNC) === 0) return file
  try {
    await truncateContent(context, inode, 0)
    file.wrote = true
    return file
  } catch (error) {
    context.files.remove(file)
    throw error
  }
}

export interface CreateHow {
  readonly flags: number
  readonly mode: number
  /** The caller will write and close at once: an exclusive name need not be taken before. */
  readonly whole?: boolean | undefined
  readonly exclusive: boolean
}

/** Makes and opens a file under a free name. EEXIST when `exclusive` and somebody else was first. */
export async function openNew(
  context: VolumeContext,
  caller: Caller,
  directory: Inode,
  name: Name,
  how: CreateHow,
): Promise<OpenFile> {
  const { inode, pending } = createFile(context, caller, directory, name, how.mode)
  const file = context.files.add(inode, context.reader.openWindow(inode), howOf(how.flags))
  file.wrote = true
  pending.exclusive = how.exclusive
  if (!how.exclusive || how.whole || context.settings.durability !== 'bucket') return file
  try {
    await acknowledge(context, [pending], () => dropNew(context, inode, pending))
    pending.exclusive = false
    return file
  } catch (error) {
    context.files.remove(file)
    throw error
  }
}

/** flush and release. What it waits for is the durability; the handle is gone even when it fails. */
export async function closeFile(context: VolumeContext, file: OpenFile): Promise<void> {
  const { inode } = file
  context.files.remove(file)
  try {
    await flushFile(context, file)
  } finally {
    if (inode.openCount === 0) released(context, inode)
  }
}

/** Close-time flush: contents are in the bucket (`bucket`) or the journal (`journal`). */
async function flushFile(context: VolumeContext, file: OpenFile): Promise<void> {
  const { inode } = file
  throwFailure(inode)
  if (!file.writable || (!inode.dirty && !context.names.of(inode))) return
  const { durability } = context.settings
  if (durability === 'journal') {
    // Sizes and times of what was written.
    context.journal.inode(inode)
    await context.journal.commit()
  }
  if (durability === 'bucket' && inode.place) await flushNow(context, inode)
}

/** Contents, attributes and pending names of the file are in the bucket when it returns, under every durability. */
export async function syncFile(context: VolumeContext, inode: Inode): Promise<void> {
  throwFailure(inode)
  if (inode.place) await flushNow(context, inode)
  throwFailure(inode)
}

async function flushNow(context: VolumeContext, inode: Inode): Promise<void> {
  try {
    await context.writeBack.flushInode(inode)
  } catch (error) {
    // The caller is told now; nobody has to be told again.
    inode.failure = null
    throw asVolumeError(error)
  }
}

/** A failure of background write-back is thrown once. */
function throwFailure(inode: Inode): void {
  const { failure } = inode
  inode.failure = null
  if (failure) throw failure
}

/** The last handle of an unlinked file is closed: its bytes go, also those that were kept aside. */
function released(context: VolumeContext, inode: Inode): void {
  if (inode.place || inode === context.tree.root) return
  const { base } = inode
  discard(context, inode)
  if (base) void context.writeBack.releaseOwned(base)
}

function dropNew(context: VolumeContext, inode: Inode, pending: PendingName): void {
  inode.content?.release()
  inode.content = null
  context.writeBack.clean(inode)
  context.journal.forgotten(inode.ino)
  if (pending.inode === inode) {
    context.events.name('removed', pending.directory, pending.name, inode)
    context.tree.detach(pending.directory, pending.name)
  }
  forgetName(context, pending)
}

function howOf(flags: number): { readable: boolean; writable: boolean; append: boolean; syncsWrites: boolean } {
  const access = flags & O_ACCMODE
  return {
    readable: access !== O_WRONLY,
    writable: access !== O_RDONLY,
    append: (flags & O_APPEND) !== 0,
    syncsWrites: (flags & O_DSYNC) !== 0,
  }
}
