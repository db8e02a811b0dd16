// New inodes. Creating by open is no name operation: the name goes out with the contents, at the first fsync or close.
// mkdir, mknod and symlink are, and wait for what the durability says.

import { VolumeError } from '../../base/errors.ts'
import { bytesOfName } from '../../format/name.ts'
import { FileContent } from '../content/file-content.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode, InodeAttributes } from '../inode.ts'
import type { PendingName } from '../names/pending-names.ts'
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, symlinkTargetBytesMax, typeOfMode } from '../types.ts'
import type { Caller, Name } from '../types.ts'
import { acknowledge, forgetName, touchDirectory } from './acknowledge.ts'
import { groupOfNew, permitCreate } from './permit.ts'

/** A file that is only here yet. The name must be free. `mode`: permission bits, before the umask. */
export function createFile(
  context: VolumeContext,
  caller: Caller,
  directory: Inode,
  name: Name,
  mode: number,
): { readonly inode: Inode; readonly pending: PendingName } {
  permitCreate(context, caller, directory, name)
  const made = make(context, caller, directory, name, S_IFREG | (mode & 0o7777 & ~caller.umask), 0)
  made.inode.content = new FileContent(null)
  context.journal.inode(made.inode)
  context.journal.name(made.pending)
  context.writeBack.touch(made.inode)
  return made
}

export async function makeDirectory(
  context: VolumeContext,
  caller: Caller,
  directory: Inode,
  name: Name,
  mode: number,
): Promise<Inode> {
  permitCreate(context, caller, directory, name)
  const setgid = directory.attributes.mode & 0o2000
  const made = make(context, caller, directory, name, S_IFDIR | (mode & 0o1777 & ~caller.umask) | setgid, 0)
  context.tree.markEmpty(made.inode)
  made.inode.attributesDirty = true
  made.pending.exclusive = true
  context.journal.inode(made.inode)
  context.writeBack.touch(made.inode)
  await acknowledge(context, [made.pending], () => undo(context, made))
  made.pending.exclusive = false
  return made.inode
}

export async function makeSymlink(
  context: VolumeContext,
  caller: Caller,
  directory: Inode,
  name: Name,
  target: Name,
): Promise<Inode> {
  if (target === '') throw new VolumeError('ENOENT')
  const bytes = bytesOfName(target)
  if (bytes.byteLength > symlinkTargetBytesMax) throw new VolumeError('ENAMETOOLONG')
  permitCreate(context, caller, directory, name)
  const body = await context.dirtyStore.keep(bytes, { ino: 0, offset: 0 })
  const made = make(context, caller, directory, name, S_IFLNK | 0o777, 0)
  made.inode.target = target
  const content = new FileContent(null)
  made.inode.content = content
  context.journal.inode(made.inode)
  context.journal.wrote(made.inode, 0, body, content)
  content.write(0, body)
  return finish(context, made)
}

/** Fifos, sockets, devices and plain files, as mknod(2). */
export async function makeNode(
  context: VolumeContext,
  caller: Caller,
  directory: Inode,
  name: Name,
  mode: number,
  rdev: number,
): Promise<Inode> {
  const kind = (mode & S_IFMT) === 0 ? S_IFREG : mode & S_IFMT
  if (kind === S_IFDIR || kind === S_IFLNK) throw new VolumeError('EPERM')
  permitCreate(context, caller, directory, name)
  const made = make(context, caller, directory, name, kind | (mode & 0o7777 & ~caller.umask), rdev)
  made.inode.content = new FileContent(null)
  return finish(context, made)
}

async function finish(context: VolumeContext, made: Made): Promise<Inode> {
  made.pending.exclusive = true
  context.journal.inode(made.inode)
  context.writeBack.touch(made.inode)
  await acknowledge(context, [made.pending], () => undo(context, made))
  made.pending.exclusive = false
  return made.inode
}

interface Made {
  readonly inode: Inode
  readonly pending: PendingName
}

function make(context: VolumeContext, caller: Caller, directory: Inode, name: Name, mode: number, rdev: number): Made {
  const { tree, names, events, clock } = context
  const now = clock.nowNs()
  const attributes: InodeAttributes = {
    mode,
    uid: caller.uid,
    gid: groupOfNew(directory, caller),
    rdev,
    size: 0,
    atimeNs: now,
    mtimeNs: now,
    ctimeNs: now,
    birthtimeNs: now,
    atimeSet: false,
  }
  const pending = names.ensure(directory, name)
  if (pending.inode || directory.directory?.dentries.get(name)?.inode) throw new VolumeError('EEXIST')
  const inode = tree.createInode(typeOfMode(mode), attributes, { directory, name })
  inode.attributesFreshUntilMs = Infinity
  pending.inode = inode
  tree.attach(directory, name, inode)
  touchDirectory(context, directory)
  events.name('created', directory, name, inode)
  return { inode, pending }
}

/** The bucket refused it. */
function undo(context: VolumeContext, made: Made): void {
  const { inode, pending } = made
  inode.content?.release()
  inode.content = null
  inode.attributesDirty = false
  context.writeBack.clean(inode)
  context.journal.forgotten(inode.ino)
  if (pending.inode === inode) context.tree.detach(pending.directory, pending.name)
  context.events.name('removed', pending.directory, pending.name, inode)
  forgetName(context, pending)
}
