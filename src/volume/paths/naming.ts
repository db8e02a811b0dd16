// Calls that make, take away and change names.

import { VolumeError, isVolumeError } from '../../base/errors.ts'
import type { RenameOptions } from '../calls.ts'
import type { VolumeContext } from '../context.ts'
import { makeDirectory, makeNode, makeSymlink } from '../operations/create.ts'
import { removeDirectory, unlinkName } from '../operations/remove.ts'
import { renameName } from '../operations/rename.ts'
import type { Caller } from '../types.ts'
import type { Resolved } from '../tree/resolve.ts'
import type { Paths } from './resolving.ts'

const temporaryLetters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const temporaryLength = 6
const temporaryTriesMax = 100

export async function mkdir(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
  mode: number,
  recursive: boolean,
): Promise<string | null> {
  if (recursive) return makePath(context, paths, caller, path, mode)
  const { parent, name } = await paths.free(caller, path, true)
  await makeDirectory(context, caller, parent, name, mode)
  return path
}

/**
 * The first directory that had to be made, with the slashes it was given with; null when all were there. EEXIST for a
 * file in the way, ENOTDIR for one with a slash or more names behind it.
 */
async function makePath(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
  mode: number,
): Promise<string | null> {
  const missing: string[] = []
  let at = path
  for (;;) {
    const there = await existing(paths, caller, at)
    if (there?.inode) {
      const inode = there.inode.type === 'symlink' ? await paths.inode(caller, at, true) : there.inode
      if (inode.directory) break
      throw new VolumeError(missing.length === 0 && !there.trailingSlash ? 'EEXIST' : 'ENOTDIR')
    }
    missing.push(at)
    if (there) break
    at = at.slice(0, at.lastIndexOf('/')) || '/'
  }
  let first: string | null = null
  for (const next of missing.reverse()) {
    try {
      const { parent, name } = await paths.free(caller, next, true)
      await makeDirectory(context, caller, parent, name, mode)
      first ??= next
    } catch (error) {
      // Somebody else made it meanwhile.
      if (!isVolumeError(error, 'EEXIST')) throw error
      if (!(await paths.inode(caller, next, true)).directory) throw error
    }
  }
  return first
}

async function existing(paths: Paths, caller: Caller, path: string): Promise<Resolved | null> {
  try {
    return await paths.placeToMake(caller, path, false)
  } catch (error) {
    if (isVolumeError(error, 'ENOENT')) return null
    throw error
  }
}

export async function mkdtemp(context: VolumeContext, paths: Paths, caller: Caller, prefix: string): Promise<string> {
  for (let tries = 1; ; tries++) {
    let path = prefix
    for (let i = 0; i < temporaryLength; i++)
      path += temporaryLetters[Math.floor(context.random.float() * temporaryLetters.length)]
    try {
      await mkdir(context, paths, caller, path, 0o700, false)
      return path
    } catch (error) {
      if (!isVolumeError(error, 'EEXIST') || tries >= temporaryTriesMax) throw error
    }
  }
}

export async function rmdir(context: VolumeContext, paths: Paths, caller: Caller, path: string): Promise<void> {
  const { parent, name, inode, last } = await paths.place(caller, path)
  if (last === 'root') throw new VolumeError('EBUSY')
  if (last === 'dot') throw new VolumeError('EINVAL')
  if (last === 'dotdot') throw new VolumeError('ENOTEMPTY')
  if (!inode) throw new VolumeError('ENOENT')
  await removeDirectory(context, caller, parent, name, inode)
}

export async function unlink(context: VolumeContext, paths: Paths, caller: Caller, path: string): Promise<void> {
  const { parent, name, inode, last } = await paths.place(caller, path)
  if (last !== 'name') throw new VolumeError('EISDIR')
  if (!inode) throw new VolumeError('ENOENT')
  await unlinkName(context, caller, parent, name, inode)
}

export async function rename(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  from: string,
  to: string,
  options: RenameOptions | undefined,
): Promise<void> {
  const source = await paths.placeToMake(caller, from, false)
  const target = await paths.placeToMake(caller, to, false)
  if (source.last !== 'name' || target.last !== 'name') throw new VolumeError('EBUSY')
  if (!source.inode) throw new VolumeError('ENOENT')
  if (!source.inode.directory && (source.trailingSlash || target.trailingSlash)) throw new VolumeError('ENOTDIR')
  await renameName(
    context,
    caller,
    {
      from: { directory: source.parent, name: source.name, inode: source.inode },
      to: { directory: target.parent, name: target.name, inode: target.inode },
    },
    options,
  )
}

export async function symlink(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  target: string,
  path: string,
): Promise<void> {
  const { parent, name } = await paths.free(caller, path)
  await makeSymlink(context, caller, parent, name, target)
}

export async function mknod(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
  mode: number,
  rdev: number,
): Promise<void> {
  const { parent, name } = await paths.free(caller, path)
  await makeNode(context, caller, parent, name, mode, rdev)
}
