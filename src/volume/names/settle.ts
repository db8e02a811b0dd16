// Settling a name: making the bucket show it as the volume does. In this order, so that no instant loses bytes: inodes
// whose contents lie under the key leave it (they are settled under their own names first, or copied aside); objects of
// the wrong kind are deleted; then the inode's object is put, copied or re-described at the key. Each request carries the
// condition of what was seen. Idempotent: a settled name costs nothing.

import { longPathsPrefix } from '../../format/key.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import type { Name } from '../types.ts'
import { copyAside } from './aside.ts'
import type { PendingName } from './pending-names.ts'
import { removeName } from './settle-removal.ts'
import { writeDirectory } from './settle-directory.ts'
import { writeFile } from './settle-file.ts'

export interface SettleOptions {
  /**
   * A caller waits: operations without data re-read and apply to the new version, and failures are the caller's. Otherwise
   * an acknowledged operation never touches a version it has not seen, and conflicts are reported.
   */
  readonly waiting: boolean
}

/** A name and the key that was its own when the settling began. */
export interface SettledAt {
  readonly directory: Inode
  readonly name: Name
  readonly key: string
}

export class Settler {
  readonly #context: VolumeContext

  constructor(context: VolumeContext) {
    this.#context = context
  }

  /** Afterwards the bucket shows the name as it was meant at the time of the call or later. */
  async name(pending: PendingName, options: SettleOptions): Promise<void> {
    if (pending.after.size === 0) return this.#name(pending, options, new Set())
    return this.#context.names.tangle.run(() => this.#name(pending, options, new Set()))
  }

  /** The inode's contents and attributes are in the bucket under its present name, if it has one. */
  async inode(inode: Inode, options: SettleOptions): Promise<void> {
    const pending = this.#context.names.of(inode)
    if (pending) return this.name(pending, options)
    if (!inode.place) return
    const { parent, name } = inode.place
    await this.#context.moves.hold(parent, name, async () => this.#write(inode, parent, name, null, options))
  }

  async #name(pending: PendingName, options: SettleOptions, chain: Set<PendingName>): Promise<void> {
    const { names, moves } = this.#context
    chain.add(pending)
    await pending.lock.run(async () => {
      if (names.get(pending.directory, pending.name) !== pending) return
      await moves.passed(pending.directory, pending.name)
      await this.#leave(pending, options, chain)
      await moves.hold(pending.directory, pending.name, () => this.#carryOut(pending, options))
    })
  }

  async #carryOut(pending: PendingName, options: SettleOptions): Promise<void> {
    const { directory, name, inode } = pending
    // A rename away from here that cannot be: what it left behind stays.
    if (this.#context.names.get(directory, name) !== pending) return
    // Keys are those of now, also if the directory is renamed meanwhile: then the rename takes what was written along.
    const write = inode && this.#write(inode, directory, name, pending, options)
    await (write ?? removeName(this.#context, pending, null, options))
    this.#finish(pending, inode)
  }

  async #write(
    inode: Inode,
    directory: Inode,
    name: Name,
    pending: PendingName | null,
    options: SettleOptions,
  ): Promise<void> {
    const key = this.#context.tree.keyOfName(directory, name, inode.directory !== null)
    const at = { directory, name, key }
    if (key.startsWith(longPathsPrefix)) await this.#makeReachable(directory)
    if (pending) await removeName(this.#context, pending, inode, options)
    if (inode.directory) await writeDirectory(this.#context, inode, at, pending, options)
    else await writeFile(this.#context, inode, at, pending, options)
  }

  /** An entry whose key is too long for its place is found through its directory's marker, which goes first. */
  async #makeReachable(directory: Inode): Promise<void> {
    const { tree, names, writeBack } = this.#context
    if (!directory.directory || !directory.place) return
    if (directory.directory.hasMarker === undefined) await tree.ensureAttributes([directory])
    const { place } = directory
    if (!place || directory.directory.hasMarker) return
    directory.attributesDirty = true
    writeBack.touch(directory)
    // Nobody waits for the directory: a marker of somebody else is as good as ours.
    await this.#write(directory, place.parent, place.name, names.of(directory) ?? null, { waiting: false })
  }

  async #leave(pending: PendingName, options: SettleOptions, chain: Set<PendingName>): Promise<void> {
    const { names } = this.#context
    for (const inode of [...pending.after]) {
      const next = names.of(inode)
      if (this.#isThere(pending, inode) && next && next.inode === inode && !chain.has(next))
        await this.#name(next, options, chain)
      if (names.get(pending.directory, pending.name) !== pending) return
      // Still there: unlinked but open, or in a circle of renames.
      if (this.#isThere(pending, inode) && (inode.openCount > 0 || inode.place))
        await copyAside(this.#context, inode, () => pending.object?.key)
      names.left(pending, inode)
    }
  }

  #isThere(pending: PendingName, inode: Inode): boolean {
    return pending.object !== null && inode.base?.key === pending.object.key
  }

  #finish(pending: PendingName, inode: Inode | null): void {
    const { names, tree, journal } = this.#context
    if (names.get(pending.directory, pending.name) !== pending) return
    if (pending.inode !== inode || pending.after.size > 0) return
    if (inode ? inode.base?.key !== tree.keyOf(inode) : pending.object || pending.marker) return
    names.drop(pending)
    journal.nameSettled(pending)
    tree.settle(pending.directory, pending.name)
  }
}
