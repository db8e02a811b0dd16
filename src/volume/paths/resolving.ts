// From paths to inodes for the calls of this folder, with attributes no older than their TTL.

import { VolumeError, isVolumeError } from '../../base/errors.ts'
import { nameOfBytes } from '../../format/name.ts'
import { readFile } from '../content/overlay.ts'
import type { VolumeContext } from '../context.ts'
import { learnByReading } from '../handles/reads.ts'
import type { Inode } from '../inode.ts'
import { enforces } from '../operations/permit.ts'
import { Resolver } from '../tree/resolve.ts'
import type { Resolved } from '../tree/resolve.ts'
import type { Caller, FileType, Name } from '../types.ts'

/** Walks begun anew because another kind of file had taken the name. */
const walksMax = 3
/** Symlinks on the way that were taken for files until their GETs told otherwise; more are walked as usual. */
const glimpsesMax = 4

export class Paths {
  readonly #context: VolumeContext
  readonly #resolver: Resolver

  constructor(context: VolumeContext) {
    const { tree } = context
    this.#context = context
    this.#resolver = new Resolver({
      root: tree.root,
      lookupMaybe: (directory, name, options) => tree.lookupMaybe(directory, name, options),
      isStale: (inode) => tree.isStale(inode),
      readTarget: (inode, signal) => readTarget(context, inode, signal),
      enforce: enforces(context),
    })
  }

  /** The inode with attributes within their TTL (`fresh`: looked at now). ENOENT and the like as path_resolution(7). */
  async inode(caller: Caller, path: string, followLast: boolean, fresh = false): Promise<Inode> {
    for (let walks = 1; ; walks++) {
      const { inode } = await this.#resolver.resolve(caller, path, { followLast })
      try {
        await this.#context.tree.revalidate(inode as Inode, { force: fresh, signal: caller.signal })
        return inode as Inode
      } catch (error) {
        if (!isVolumeError(error, 'ESTALE') || walks >= walksMax) throw error
      }
    }
  }

  /** As `inode`, for a file whose bytes are wanted next: up to `bytesMax` they are fetched now, and tell the attributes. */
  async inodeToRead(caller: Caller, path: string, followLast: boolean, bytesMax: number): Promise<Inode> {
    const { tree } = this.#context
    for (let glimpses = 0; glimpses < glimpsesMax; glimpses++) {
      const { inode } = await this.#resolver.resolve(caller, path, { followLast, glimpse: true })
      if (inode?.type !== 'file') break
      await learnByReading(this.#context, inode, bytesMax, caller.signal)
      // A symlink after all: what it leads to is a file to be read too.
      if (isNow(inode, 'symlink')) continue
      if (tree.needsAttributes(inode) || !inode.place) break
      return inode
    }
    return this.inode(caller, path, followLast)
  }

  /** A directory to be listed: its own attributes need not be fresh. ENOTDIR. */
  async directory(caller: Caller, path: string): Promise<Inode> {
    const { inode } = await this.#resolver.resolve(caller, path, { followLast: true })
    if (!inode?.directory) throw new VolumeError('ENOTDIR')
    return inode
  }

  /** The place a path names, whether or not something is there. ENOTDIR for a slash after what is no directory. */
  async place(caller: Caller, path: string, followLast = false): Promise<Resolved> {
    const resolved = await this.placeToMake(caller, path, followLast)
    if (resolved.trailingSlash && resolved.inode && !resolved.inode.directory) throw new VolumeError('ENOTDIR')
    return resolved
  }

  /** The same for calls that make something: the slash is theirs to judge. */
  placeToMake(caller: Caller, path: string, followLast: boolean): Promise<Resolved> {
    return this.#resolver.resolve(caller, path, { followLast, wantParent: true })
  }

  /** A name to be made: EEXIST for '.', '..', '/' and whatever is there. */
  async free(
    caller: Caller,
    path: string,
    directory = false,
  ): Promise<{ readonly parent: Inode; readonly name: Name }> {
    const resolved = await this.placeToMake(caller, path, false)
    if (resolved.last !== 'name' || resolved.inode) throw new VolumeError('EEXIST')
    if (resolved.trailingSlash && !directory) throw new VolumeError('ENOENT')
    return resolved
  }
}

/** The type may have changed while something was waited for. */
function isNow(inode: Inode, type: FileType): boolean {
  return inode.type === type
}

/** Target of a symlink: from its metadata, or its body. */
export async function readTarget(context: VolumeContext, inode: Inode, signal?: AbortSignal): Promise<Name> {
  if (inode.target !== undefined) return inode.target
  const bytes = await readFile(context.reader, inode, 0, inode.size, { signal })
  inode.target = nameOfBytes(bytes)
  return inode.target
}
