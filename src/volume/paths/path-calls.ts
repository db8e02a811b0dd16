// `VolumeCalls` of a volume: the table of contents of everything path-shaped doors can ask, and the first file of this
// folder. Each call is answered by the file of its noun; here failures get their one shape and a closed volume its one
// code.
//
//   resolving   from a path to an inode        looking   stat, readlink, listings, walks
//   naming      mkdir, unlink, rename ...      removing  rm -r           files   open, whole reads and writes, copies
//
// A call resolves its paths, then asks `operations/` and `handles/`, which know inodes only. Attributes are no older than
// their TTL; a path that changes under a call is resolved anew, a few times.

import { VolumeError } from '../../base/errors.ts'
import type { VolumeCalls } from '../calls.ts'
import type { VolumeContext } from '../context.ts'
import { closeFile, syncFile } from '../handles/opening.ts'
import { readHandle } from '../handles/reads.ts'
import { writeContent } from '../handles/writes.ts'
import { setAttributes } from '../operations/set-attributes.ts'
import { getXattr, listXattrs, removeXattr, setXattr } from '../operations/xattrs.ts'
import { asVolumeError } from '../volume-errors.ts'
import { copyFile, open, readFile, writeFile } from './files.ts'
import { access, readdir, readdirAttributes, readlink, realpath, stat, statfs, walk } from './looking.ts'
import { mkdir, mkdtemp, mknod, rename, rmdir, symlink, unlink } from './naming.ts'
import { remove } from './removing.ts'
import { Paths } from './resolving.ts'

/** `isClosed`: whether the volume is; then every call is EBADF. */
export function createPathCalls(context: VolumeContext, isClosed: () => boolean): VolumeCalls {
  return guarded({ ...lookingCalls(context), ...namingCalls(context), ...handleCalls(context) }, isClosed)
}

function lookingCalls(
  context: VolumeContext,
): Pick<
  VolumeCalls,
  | 'stat'
  | 'access'
  | 'readlink'
  | 'realpath'
  | 'statfs'
  | 'readdir'
  | 'readdirAttributes'
  | 'walk'
  | 'readFile'
  | 'getXattr'
  | 'listXattrs'
> {
  const paths = new Paths(context)
  return {
    stat: (caller, path, followLast) => stat(paths, caller, path, followLast),
    access: (caller, path, mode) => access(context, paths, caller, path, mode),
    readlink: (caller, path) => readlink(context, paths, caller, path),
    realpath: (caller, path) => realpath(context, paths, caller, path),
    statfs: (caller, path) => statfs(context, paths, caller, path),
    readdir: (caller, path, namesOnly) => readdir(context, paths, caller, path, namesOnly),
    readdirAttributes: (caller, path) => readdirAttributes(context, paths, caller, path),
    walk: (caller, path, cursor) => walk(context, paths, caller, path, cursor),
    readFile: (caller, path) => readFile(context, paths, caller, path),
    getXattr: async (caller, path, name, followLast) =>
      getXattr(context, caller, await paths.inode(caller, path, followLast), name),
    listXattrs: async (caller, path, followLast) => listXattrs(context, await paths.inode(caller, path, followLast)),
  }
}

function namingCalls(
  context: VolumeContext,
): Pick<
  VolumeCalls,
  | 'mkdir'
  | 'mkdtemp'
  | 'rmdir'
  | 'unlink'
  | 'remove'
  | 'rename'
  | 'link'
  | 'symlink'
  | 'mknod'
  | 'setAttributes'
  | 'copyFile'
  | 'writeFile'
  | 'setXattr'
  | 'removeXattr'
> {
  const paths = new Paths(context)
  return {
    mkdir: (caller, path, mode, recursive) => mkdir(context, paths, caller, path, mode, recursive),
    mkdtemp: (caller, prefix) => mkdtemp(context, paths, caller, prefix),
    rmdir: (caller, path) => rmdir(context, paths, caller, path),
    unlink: (caller, path) => unlink(context, paths, caller, path),
    remove: (caller, path, options) => remove(context, paths, caller, path, options),
    rename: (caller, from, to, options) => rename(context, paths, caller, from, to, options),
    async link() {
      throw new VolumeError('EPERM', { message: 'hard links are not supported yet' })
    },
    symlink: (caller, target, path) => symlink(context, paths, caller, target, path),
    mknod: (caller, path, mode, rdev) => mknod(context, paths, caller, path, mode, rdev),
    async setAttributes(caller, path, changes, followLast) {
      const inode = await paths.inode(caller, path, followLast, changes.size !== undefined)
      await setAttributes(context, caller, inode, changes)
      return inode.toAttributes()
    },
    copyFile: (caller, from, to, exclusive) => copyFile(context, paths, caller, from, to, exclusive),
    writeFile: (caller, path, data, options) => writeFile(context, paths, caller, path, data, options),
    setXattr: async (caller, path, name, value, mode, followLast) =>
      setXattr(context, caller, await paths.inode(caller, path, followLast), name, value, mode),
    removeXattr: async (caller, path, name, followLast) =>
      removeXattr(context, caller, await paths.inode(caller, path, followLast), name),
  }
}

function handleCalls(
  context: VolumeContext,
): Pick<
  VolumeCalls,
  'open' | 'read' | 'write' | 'fstat' | 'setHandleAttributes' | 'fsync' | 'close' | 'sync' | 'fsyncDirectory'
> {
  const paths = new Paths(context)
  const { files } = context
  return {
    open: (caller, path, flags, mode) => open(context, paths, caller, path, flags, mode),
    async read(handle, offset, length) {
      const file = files.get(handle)
      if (file.inode.directory) throw new VolumeError('EISDIR')
      if (!file.readable) throw new VolumeError('EBADF')
      return readHandle(context, file, offset, length)
    },
    async write(handle, offset, data) {
      const file = files.get(handle)
      if (!file.writable) throw new VolumeError('EBADF')
      const at = await writeContent(context, file, offset, data)
      if (file.syncsWrites) await syncFile(context, file.inode)
      return at
    },
    fstat: async (handle) => files.get(handle).inode.toAttributes(),
    async setHandleAttributes(caller, handle, changes) {
      const file = files.get(handle)
      if (changes.size !== undefined && !file.writable) throw new VolumeError('EINVAL')
      await setAttributes(context, caller, file.inode, changes, true)
      if (changes.size !== undefined) file.wrote = true
      return file.inode.toAttributes()
    },
    fsync: async (handle) => syncFile(context, files.get(handle).inode),
    close: async (handle) => closeFile(context, files.get(handle)),
    sync: () => context.writeBack.syncAll(),
    async fsyncDirectory(caller, path) {
      const directory = await paths.directory(caller, path)
      for (const pending of context.names.in(directory)) await context.writeBack.flushName(pending)
      await context.moves.passed(directory, '')
    },
  }
}

/** Failures as VolumeError, whatever they were below. */
function guarded(calls: VolumeCalls, isClosed: () => boolean): VolumeCalls {
  const guardedCalls: Record<string, (...args: readonly unknown[]) => Promise<unknown>> = {}
  for (const [name, call] of Object.entries(calls) as [string, (...args: readonly unknown[]) => Promise<unknown>][]) {
    guardedCalls[name] = async (...args) => {
      if (isClosed()) throw new VolumeError('EBADF', { message: 'the volume is closed' })
      try {
        return await call(...args)
      } catch (error) {
        throw asVolumeError(error)
      }
    }
  }
  return guardedCalls as unknown as VolumeCalls
}
