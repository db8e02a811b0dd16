// Calls that change nothing: stat, access, readlink, realpath, statfs, listings and walks.

import { VolumeError } from '../../base/errors.ts'
import type { DirectoryEntryWithAttributes, WalkPage } from '../calls.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import { enforces, permit } from '../operations/permit.ts'
import { typeIsOpen } from '../tree/attributes.ts'
import { hasAccess, mayRead, mayWrite } from '../tree/permissions.ts'
import { nameBytesMax } from '../types.ts'
import type { Attributes, Caller, DirectoryEntry, StatFs } from '../types.ts'
import { readTarget } from './resolving.ts'
import type { Paths } from './resolving.ts'

/** What df shows of a bucket, which has no size: 1 PiB, all of it free. */
const statFsBlockBytes = 4096
const statFsBlocks = 2 ** 38
const statFsFiles = 2 ** 32
/** FUSE_SUPER_MAGIC. */
const statFsType = 0x65735546

export async function stat(paths: Paths, caller: Caller, path: string, followLast: boolean): Promise<Attributes> {
  return (await paths.inode(caller, path, followLast)).toAttributes()
}

export async function access(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
  mode: number,
): Promise<void> {
  const inode = await paths.inode(caller, path, true)
  if (mode === 0) return
  if ((mode & mayWrite) !== 0 && context.settings.readOnly && !isDevice(inode.type)) throw new VolumeError('EROFS')
  if (enforces(context) && !hasAccess(inode.attributes, caller, mode)) throw new VolumeError('EACCES')
}

export async function readlink(context: VolumeContext, paths: Paths, caller: Caller, path: string): Promise<string> {
  const inode = await paths.inode(caller, path, false)
  if (inode.type !== 'symlink') throw new VolumeError('EINVAL')
  return readTarget(context, inode, caller.signal)
}

export async function realpath(context: VolumeContext, paths: Paths, caller: Caller, path: string): Promise<string> {
  return context.tree.pathOf(await paths.inode(caller, path, true))
}

export async function statfs(context: VolumeContext, paths: Paths, caller: Caller, path: string): Promise<StatFs> {
  await paths.inode(caller, path, true)
  const used = context.tree.inodeCount
  return {
    type: statFsType,
    blockBytes: statFsBlockBytes,
    blocks: statFsBlocks,
    blocksFree: statFsBlocks,
    blocksAvailable: statFsBlocks,
    files: statFsFiles,
    filesFree: statFsFiles - used,
    nameBytesMax,
  }
}

export async function readdir(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
  namesOnly = false,
): Promise<readonly DirectoryEntry[]> {
  const directory = await paths.directory(caller, path)
  permit(context, caller, directory, mayRead)
  const entries = await context.tree.list(directory, { types: !namesOnly, signal: caller.signal })
  return entries.flatMap(({ name, inode }) =>
    inode ? [{ name, ino: namesOnly && !isTypeCertain(inode) ? 0 : inode.ino, type: inode.type }] : [],
  )
}

/** Whether nothing has to be asked before the type may be shown. */
function isTypeCertain({ attributesKnown, base, directory, typeKnown }: Inode): boolean {
  return directory !== null || (typeKnown && (attributesKnown || base === null || !typeIsOpen(base.size)))
}

export async function readdirAttributes(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
): Promise<readonly DirectoryEntryWithAttributes[]> {
  const directory = await paths.directory(caller, path)
  permit(context, caller, directory, mayRead)
  const entries = await context.tree.list(directory, { attributes: true, signal: caller.signal })
  return entries.flatMap(({ name, inode }) =>
    inode ? [{ name, ino: inode.ino, type: inode.type, attributes: inode.toAttributes() }] : [],
  )
}

export async function walk(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
  cursor: string | undefined,
): Promise<WalkPage> {
  const directory = await paths.directory(caller, path)
  permit(context, caller, directory, mayRead)
  const page = await context.tree.walk(directory, cursor)
  const entries = page.entries.map(({ path: below, inode }) => ({
    path: below,
    type: inode.type,
    size: inode.size,
    mtimeNs: inode.attributes.mtimeNs,
  }))
  return { entries, cursor: page.cursor }
}

function isDevice(type: Attributes['type']): boolean {
  return type !== 'file' && type !== 'directory' && type !== 'symlink'
}
