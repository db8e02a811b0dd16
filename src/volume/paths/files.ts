// Files by path: open, whole reads and writes, copies, attributes.

import { VolumeError, isVolumeError } from '../../base/errors.ts'
import type { OpenedFile, WriteFileOptions } from '../calls.ts'
import type { VolumeContext } from '../context.ts'
import { closeFile, openInode, openNew, syncFile } from '../handles/opening.ts'
import type { OpenFile } from '../handles/open-files.ts'
import { readWhole } from '../handles/reads.ts'
import { writeContent } from '../handles/writes.ts'
import { wholeBytesMax } from '../content/fill/object-read.ts'
import type { Inode } from '../inode.ts'
import { acknowledge, forgetName } from '../operations/acknowledge.ts'
import { createFile } from '../operations/create.ts'
import { permit } from '../operations/permit.ts'
import { setAttributes } from '../operations/set-attributes.ts'
import { mayRead } from '../tree/permissions.ts'
import { O_ACCMODE, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_TRUNC, O_WRONLY } from '../types.ts'
import type { Caller } from '../types.ts'
import type { Paths } from './resolving.ts'

/** Files up to this size are fetched when they are opened to be read: it takes no longer than asking for their attributes. */
const openedBytesMax: number = 128 * 1024
/** Opens begun anew because the name appeared or went away meanwhile. */
const opensMax = 5

export async function open(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
  flags: number,
  mode: number,
): Promise<OpenedFile> {
  const file = await openPath(context, paths, caller, path, flags, mode, false)
  return { handle: file.id, attributes: file.inode.toAttributes() }
}

export async function readFile(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
): Promise<Uint8Array> {
  const inode = await paths.inodeToRead(caller, path, true, wholeBytesMax)
  if (inode.directory) throw new VolumeError('EISDIR')
  if (inode.type !== 'file') throw new VolumeError('ENXIO')
  permit(context, caller, inode, mayRead)
  return readWhole(context, inode, caller.signal)
}

/** open, write and close in one; a small file is one PUT, also with O_EXCL. */
export async function writeFile(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
  data: Uint8Array,
  options: WriteFileOptions,
): Promise<void> {
  const file = await openPath(context, paths, caller, path, options.flags, options.mode, true)
  await thenClose(context, file, async () => {
    if ((options.flags & O_ACCMODE) === O_RDONLY) throw new VolumeError('EBADF')
    await writeContent(context, file, 0, data, caller.signal)
    if (options.flush) await syncFile(context, file.inode)
  })
}

/** Closes the file whatever becomes of the work; the first failure is the one to tell. */
async function thenClose(context: VolumeContext, file: OpenFile, work: () => Promise<void>): Promise<void> {
  let failed = true
  try {
    await work()
    failed = false
  } finally {
    const closed = closeFile(context, file)
    await (failed ? closed.catch(() => undefined) : closed)
  }
}

async function openPath(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
  flags: number,
  mode: number,
  whole: boolean,
): Promise<OpenFile> {
  for (let opens = 1; ; opens++) {
    try {
      return await openOnce(context, paths, caller, path, flags, mode, whole)
    } catch (error) {
      const raced = isVolumeError(error, 'ESTALE') || (isVolumeError(error, 'EEXIST') && (flags & O_EXCL) === 0)
      if (!raced || opens >= opensMax) throw error
    }
  }
}

async function openOnce(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
  flags: number,
  mode: number,
  whole: boolean,
): Promise<OpenFile> {
  const creates = (flags & O_CREAT) !== 0
  const exclusive = creates && (flags & O_EXCL) !== 0
  const follows = (flags & O_NOFOLLOW) === 0 && !exclusive
  if (!creates) {
    const inode = await found(context, paths, caller, path, flags, follows)
    return openInode(context, caller, inode, flags)
  }
  // A slash in the end demands a directory, which is never made by open: wherever a symlink there may lead.
  const place = await paths.placeToMake(caller, path, follows && !path.endsWith('/'))
  if (exclusive && (place.last !== 'name' || (place.inode && !place.trailingSlash))) throw new VolumeError('EEXIST')
  // As Linux: a directory is never opened to be created.
  if (place.trailingSlash || place.last !== 'name' || place.inode?.directory) throw new VolumeError('EISDIR')
  if (place.inode) {
    if ((flags & O_DIRECTORY) !== 0) throw new VolumeError('ENOTDIR')
    if ((flags & O_TRUNC) === 0) await context.tree.revalidate(place.inode, { signal: caller.signal })
    return openInode(context, caller, place.inode, flags)
  }
  return openNew(context, caller, place.parent, place.name, { flags, mode, whole, exclusive })
}

async function found(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
  flags: number,
  follows: boolean,
): Promise<Inode> {
  const truncates = (flags & O_TRUNC) !== 0 && (flags & O_ACCMODE) === O_WRONLY
  const reads = (flags & O_ACCMODE) === O_RDONLY && (flags & (O_TRUNC | O_DIRECTORY)) === 0
  const inode = truncates
    ? (await paths.place(caller, path, follows)).inode
    : reads
      ? await paths.inodeToRead(caller, path, follows, openedBytesMax)
      : await paths.inode(caller, path, follows)
  if (!inode) throw new VolumeError('ENOENT')
  if ((flags & O_DIRECTORY) !== 0 && !inode.directory) throw new VolumeError('ENOTDIR')
  void context
  return inode
}

/**
 * Server-side: 1 COPY, and the caller waits for it under every durability. The destination gets the mode of the source
 * whatever the umask, also one that was there, as libuv does it.
 */
export async function copyFile(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  from: string,
  to: string,
  exclusive: boolean,
): Promise<void> {
  const source = await paths.inode(caller, from, true)
  if (source.directory) throw new VolumeError('EISDIR')
  if (source.type !== 'file') throw new VolumeError('ENXIO')
  permit(context, caller, source, mayRead)
  const place = await paths.placeToMake(caller, to, !exclusive && !to.endsWith('/'))
  if (exclusive && (place.last !== 'name' || (place.inode && !place.trailingSlash))) throw new VolumeError('EEXIST')
  if (place.trailingSlash || place.last !== 'name') throw new VolumeError('EISDIR')
  if (place.inode === source) return
  if (source.dirty) await context.writeBack.flushInode(source)
  if (place.inode || !source.base) return copyBytes(context, paths, caller, source, to, exclusive)
  await copyToNew(context, { ...caller, umask: 0 }, source, place.parent, place.name, exclusive)
}

/** Through memory: onto what is there, or from what the bucket has not got. */
async function copyBytes(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  source: Inode,
  to: string,
  exclusive: boolean,
): Promise<void> {
  const data = await readWhole(context, source, caller.signal)
  const mode = source.attributes.mode & 0o7777
  const flags = O_WRONLY | O_CREAT | (exclusive ? O_EXCL : O_TRUNC)
  const file = await openPath(context, paths, caller, to, flags, mode, true)
  await thenClose(context, file, async () => {
    if ((file.inode.attributes.mode & 0o7777) !== mode) await setAttributes(context, caller, file.inode, { mode }, true)
    await writeContent(context, file, 0, data, caller.signal)
  })
}

async function copyToNew(
  context: VolumeContext,
  caller: Caller,
  source: Inode,
  directory: Inode,
  name: string,
  exclusive: boolean,
): Promise<void> {
  const { inode, pending } = createFile(context, caller, directory, name, source.attributes.mode & 0o7777)
  inode.content?.release()
  inode.content = null
  inode.base = source.base
  inode.attributes.size = source.attributes.size
  inode.xattrs = new Map()
  // Its own, also where the copy takes the name its source has had until now.
  inode.attributesDirty = true
  pending.exclusive = exclusive
  context.journal.inode(inode)
  try {
    await context.writeBack.settler.name(pending, { waiting: true })
  } catch (error) {
    context.writeBack.clean(inode)
    context.events.name('removed', directory, name, inode)
    context.tree.detach(directory, name)
    forgetName(context, pending)
    throw error
  }
  await acknowledge(context, [], () => undefined)
}
