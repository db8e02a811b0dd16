// A file system as POSIX has it, small enough to be believed: the reference of the model tests. Synchronous, in memory, for
// one caller who is root. It answers with the errno that Linux would; `reference.test.ts` holds it against the kernel.

import { VolumeError } from '../../src/base/errors.ts'
import {
  O_ACCMODE,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
} from '../../src/volume/types.ts'
import type { Name } from '../../src/volume/types.ts'
import { forget, makeNode, ReferenceTree, type RefNode, type RefPlace } from './reference-tree.ts'

export interface RefHandle {
  readonly node: RefNode
  readonly flags: number
}

const umask = 0o022

export class ReferenceFs {
  readonly tree: ReferenceTree
  readonly #now: () => bigint

  constructor(now: () => bigint) {
    this.#now = now
    this.tree = new ReferenceTree(this.#make('directory', 0o755))
    this.tree.root.isTimed = false
  }

  open(path: string, flags: number, mode: number): RefHandle {
    const creates = (flags & O_CREAT) !== 0
    const exclusive = creates && (flags & O_EXCL) !== 0
    const follow = !exclusive && (flags & O_NOFOLLOW) === 0
    const place = this.tree.place(path, path.endsWith('/') ? !creates : follow)
    if (exclusive && place.last !== 'name') throw new VolumeError('EEXIST')
    if (creates && (place.hasSlash || place.last !== 'name')) throw new VolumeError('EISDIR')
    let { node } = place
    if (node && exclusive) throw new VolumeError('EEXIST')
    if (!node && !creates) throw new VolumeError('ENOENT')
    if (!node) {
      node = this.#add(place, this.#make('file', mode & 0o7777 & ~umask))
      return { node, flags }
    }
    if (creates && node.kind === 'directory') throw new VolumeError('EISDIR')
    if (((flags & O_DIRECTORY) !== 0 || place.hasSlash) && node.kind !== 'directory') throw new VolumeError('ENOTDIR')
    if (node.kind === 'symlink') throw new VolumeError('ELOOP')
    const writes = (flags & O_ACCMODE) !== O_RDONLY || (flags & O_TRUNC) !== 0
    if (node.kind === 'directory' && writes) throw new VolumeError('EISDIR')
    if ((flags & O_TRUNC) !== 0) this.#setBytes(node, new Uint8Array(0))
    return { node, flags }
  }

  read(handle: RefHandle, offset: number, length: number): Uint8Array {
    if ((handle.flags & O_ACCMODE) === O_WRONLY) throw new VolumeError('EBADF')
    if (handle.node.kind === 'directory') throw new VolumeError('EISDIR')
    return handle.node.bytes.slice(offset, offset + length)
  }

  write(handle: RefHandle, offset: number, bytes: Uint8Array): number {
    const { node, flags } = handle
    if ((flags & O_ACCMODE) === O_RDONLY) throw new VolumeError('EBADF')
    const start = (flags & O_APPEND) !== 0 ? node.bytes.byteLength : offset
    if (bytes.byteLength === 0) return start
    const grown = resized(node.bytes, Math.max(node.bytes.byteLength, start + bytes.byteLength))
    grown.set(bytes, start)
    this.#setBytes(node, grown)
    return start
  }

  truncateHandle(handle: RefHandle, size: number): void {
    if ((handle.flags & O_ACCMODE) === O_RDONLY) throw new VolumeError('EINVAL')
    this.#setBytes(handle.node, resized(handle.node.bytes, size))
  }

  truncate(path: string, size: number): void {
    const node = this.tree.node(path, true)
    if (node.kind === 'directory') throw new VolumeError('EISDIR')
    this.#setBytes(node, resized(node.bytes, size))
  }

  writeFile(path: string, bytes: Uint8Array, flags: number, mode: number): void {
    const handle = this.open(path, flags, mode)
    if (handle.node.kind === 'directory') throw new VolumeError('EISDIR')
    this.write(handle, 0, bytes)
  }

  readFile(path: string): Uint8Array {
    const node = this.tree.node(path, true)
    if (node.kind === 'directory') throw new VolumeError('EISDIR')
    return node.bytes
  }

  /** As libuv: the destination gets the mode of the source, whatever the umask. */
  copyFile(from: string, to: string, exclusive: boolean): void {
    const source = this.tree.node(from, true)
    if (source.kind === 'directory') throw new VolumeError('EISDIR')
    const { bytes, mode } = source
    const there = exclusive || to.endsWith('/') ? null : this.tree.place(to, true).node
    if (there === source) return
    const handle = this.open(to, O_WRONLY | O_CREAT | (exclusive ? O_EXCL : 0), mode)
    this.#setBytes(handle.node, bytes.slice())
    handle.node.mode = mode
  }

  mkdir(path: string, mode: number): void {
    const place = this.tree.place(path, false)
    if (place.last !== 'name' || place.node) throw new VolumeError('EEXIST')
    this.#add(place, this.#make('directory', mode & 0o1777 & ~umask))
  }

  symlink(target: string, path: string): void {
    const place = this.tree.place(path, false)
    if (place.last !== 'name' || place.node) throw new VolumeError('EEXIST')
    if (place.hasSlash || target === '') throw new VolumeError('ENOENT')
    this.#add(place, this.#make('symlink', 0o777, target))
  }

  rmdir(path: string): void {
    const place = this.tree.place(path, false)
    if (place.last === 'root') throw new VolumeError('EBUSY')
    if (place.last === 'dot') throw new VolumeError('EINVAL')
    if (place.last === 'dotdot') throw new VolumeError('ENOTEMPTY')
    if (!place.node) throw new VolumeError('ENOENT')
    if (place.node.kind !== 'directory') throw new VolumeError('ENOTDIR')
    if (place.node.entries.size > 0) throw new VolumeError('ENOTEMPTY')
    this.#drop(place)
  }

  unlink(path: string): void {
    const place = this.tree.place(path, false)
    if (place.last !== 'name') throw new VolumeError('EISDIR')
    if (!place.node) throw new VolumeError('ENOENT')
    if (place.node.kind === 'directory') throw new VolumeError('EISDIR')
    if (place.hasSlash) throw new VolumeError('ENOTDIR')
    this.#drop(place)
  }

  /** rm(1) by the words of `VolumeCalls.remove`. */
  remove(path: string, recursive: boolean, force: boolean): void {
    try {
      const place = this.tree.place(path, false)
      if (!place.node) throw new VolumeError('ENOENT')
      if (place.last === 'root') throw new VolumeError('EBUSY')
      if (place.last !== 'name') throw new VolumeError('EINVAL')
      if (place.node.kind === 'directory' && !recursive) throw new VolumeError('EISDIR')
      if (place.node.kind !== 'directory' && place.hasSlash) throw new VolumeError('ENOTDIR')
      this.#drop(place)
    } catch (error) {
      if (!force || (error as VolumeError).code !== 'ENOENT') throw error
    }
  }

  rename(from: string, to: string): void {
    const source = this.tree.place(from, false)
    const target = this.tree.place(to, false)
    if (source.last !== 'name' || target.last !== 'name') throw new VolumeError('EBUSY')
    const { node } = source
    if (!node) throw new VolumeError('ENOENT')
    if (node.kind !== 'directory' && (source.hasSlash || target.hasSlash)) throw new VolumeError('ENOTDIR')
    if (this.tree.isWithin(target.directory, node)) throw new VolumeError('EINVAL')
    const replaced = target.node
    if (replaced === node) return
    if (replaced && this.tree.isWithin(source.directory, replaced)) throw new VolumeError('ENOTEMPTY')
    if (replaced && node.kind === 'directory' && replaced.kind !== 'directory') throw new VolumeError('ENOTDIR')
    if (replaced && node.kind !== 'directory' && replaced.kind === 'directory') throw new VolumeError('EISDIR')
    if (replaced && replaced.entries.size > 0) throw new VolumeError('ENOTEMPTY')
    if (replaced) forget(replaced)
    source.directory.entries.delete(source.name)
    target.directory.entries.set(target.name, node)
    this.#touch(target.directory)
    this.#left(source.directory)
    if (node.kind === 'directory') node.parent = target.directory
  }

  isDirectory(path: string): boolean {
    try {
      return this.tree.node(path, true).kind === 'directory'
    } catch (error) {
      if (error instanceof VolumeError) return false
      throw error
    }
  }

  readlink(path: string): string {
    const node = this.tree.node(path, false)
    if (node.kind !== 'symlink') throw new VolumeError('EINVAL')
    return node.target
  }

  readdir(path: string): readonly RefEntry[] {
    const node = this.tree.node(path, true)
    if (node.kind !== 'directory') throw new VolumeError('ENOTDIR')
    return entriesOf(node)
  }

  chmod(path: string, mode: number): void {
    const node = this.tree.node(path, true)
    node.mode = mode & 0o7777
    written(node)
  }

  utimes(path: string, atimeNs: bigint, mtimeNs: bigint, follow: boolean): void {
    const node = this.tree.node(path, follow)
    Object.assign(node, { atimeNs, mtimeNs, isTimed: true })
    written(node)
  }

  setXattr(path: string, name: string, value: string): void {
    const node = this.tree.node(path, true)
    node.xattrs.set(name, value)
    written(node)
  }

  removeXattr(path: string, name: string): void {
    const node = this.tree.node(path, true)
    if (!node.xattrs.delete(name)) throw new VolumeError('ENODATA')
    written(node)
  }

  #make(kind: RefNode['kind'], mode: number, target = ''): RefNode {
    return makeNode(kind, mode, this.#now(), target)
  }

  #add(place: RefPlace, node: RefNode): RefNode {
    place.directory.entries.set(place.name, node)
    this.#touch(place.directory)
    if (node.kind === 'directory') node.parent = place.directory
    return node
  }

  #drop({ directory, name, node }: RefPlace): void {
    directory.entries.delete(name)
    this.#left(directory)
    if (node) forget(node)
  }

  /** An entry has left: a directory without an object of its own gets one when it was the last. */
  #left(directory: RefNode): void {
    this.#touch(directory)
    if (directory.entries.size === 0) directory.hasMarker = true
  }

  /** A time to come that utimes set outlives an implicit change: of two, the later one is believed. */
  #touch(directory: RefNode): void {
    const now = this.#now()
    if (directory.mtimeNs > now) directory.isTimed = false
    directory.mtimeNs = now
    directory.hasDrifted = true
  }

  #setBytes(node: RefNode, bytes: Uint8Array): void {
    Object.assign(node, { bytes, mtimeNs: this.#now(), isTimed: true })
  }
}

export interface RefEntry {
  readonly name: Name
  readonly type: RefNode['kind']
}

/** In UTF-8 byte order. */
function entriesOf(directory: RefNode): RefEntry[] {
  const entries = [...directory.entries].map(([name, node]) => ({ name, type: node.kind }))
  return entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
}

/** Attributes were set by somebody: they are in an object of the node's own. */
function written(node: RefNode): void {
  node.hasMarker = true
  node.hasDrifted = false
}

function resized(bytes: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size)
  result.set(bytes.subarray(0, size))
  return result
}
