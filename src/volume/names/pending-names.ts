// Names that differ from the bucket. A pending name is a promise to the caller and the knowledge needed to keep it: which
// inode the name shall lead to (or none), what the bucket holds under its key as far as we have seen, and which inodes
// still have their contents there. There is no log of operations: create, write, rename and unlink fold by themselves,
// because only the difference between the two states is carried out (`settle.ts`).

import { Mutex } from '../../base/mutex.ts'
import type { Inode, Version } from '../inode.ts'
import type { Name } from '../types.ts'

export class PendingName {
  readonly directory: Inode
  readonly name: Name
  /** Held while the name is being settled. */
  readonly lock: Mutex = new Mutex()
  /** What the name leads to here; null: removed. */
  inode: Inode | null = null
  /** The object of a file the bucket holds under this name; null: none. */
  object: Version | null
  /** The `name/` object the bucket holds; null: none. */
  marker: Version | null
  /** Inodes whose contents lie under this name's key and must leave it before the key is replaced or deleted. */
  readonly after: Set<Inode> = new Set()
  /** Ends when a key must not be there yet: EEXIST instead of ESTALE when somebody else was first. */
  exclusive = false
  /** Write ids of requests whose outcome was never told: an object here that carries one is ours. */
  readonly doubtfulIds: Set<string> = new Set()

  constructor(directory: Inode, name: Name, object: Version | null, marker: Version | null) {
    this.directory = directory
    this.name = name
    this.object = object
    this.marker = marker
  }

  /** Nothing is in the bucket and nothing shall be. */
  get isVoid(): boolean {
    return this.inode === null && this.object === null && this.marker === null && this.doubtfulIds.size === 0
  }
}

export class PendingNames {
  /** Outermost lock: held while a name is settled whose key other inodes must leave first. */
  readonly tangle: Mutex = new Mutex()
  readonly #byDirectory = new Map<Inode, Map<Name, PendingName>>()
  /** Pending names whose key an inode must leave. */
  readonly #left = new Map<Inode, Set<PendingName>>()
  #count = 0

  get count(): number {
    return this.#count
  }

  get(directory: Inode, name: Name): PendingName | undefined {
    return this.#byDirectory.get(directory)?.get(name)
  }

  /** The pending name of an inode's place, if its name is pending. */
  of(inode: Inode): PendingName | undefined {
    return inode.place ? this.get(inode.place.parent, inode.place.name) : undefined
  }

  /**
   * The pending name; a new one takes what the bucket holds from the dentry. To be called before the tree is changed.
   */
  ensure(directory: Inode, name: Name): PendingName {
    const known = this.get(directory, name)
    if (known) return known
    const inode = directory.directory?.dentries.get(name)?.inode ?? null
    const object = inode && !inode.directory ? inode.base : null
    const marker = inode?.directory ? inode.base : null
    const pending = new PendingName(directory, name, object, marker)
    for (const id of inode?.doubtfulIds.keys() ?? []) pending.doubtfulIds.add(id)
    return this.add(pending)
  }

  add(pending: PendingName): PendingName {
    let names = this.#byDirectory.get(pending.directory)
    if (!names) this.#byDirectory.set(pending.directory, (names = new Map()))
    names.set(pending.name, pending)
    this.#count++
    return pending
  }

  drop(pending: PendingName): void {
    const names = this.#byDirectory.get(pending.directory)
    if (names?.get(pending.name) !== pending) return
    names.delete(pending.name)
    if (names.size === 0) this.#byDirectory.delete(pending.directory)
    this.#count--
    for (const inode of pending.after) this.left(pending, inode)
  }

  /** `inode` must leave the key of `pending` before it is replaced or deleted. */
  mustLeave(pending: PendingName, inode: Inode): void {
    pending.after.add(inode)
    let left = this.#left.get(inode)
    if (!left) this.#left.set(inode, (left = new Set()))
    left.add(pending)
  }

  /** `inode` has left the key of `pending`. */
  left(pending: PendingName, inode: Inode): void {
    pending.after.delete(inode)
    const left = this.#left.get(inode)
    left?.delete(pending)
    if (left?.size === 0) this.#left.delete(inode)
  }

  /** Names the inode had and has to leave in the bucket. */
  leftBy(inode: Inode): readonly PendingName[] {
    return [...(this.#left.get(inode) ?? [])]
  }

  in(directory: Inode): readonly PendingName[] {
    return [...(this.#byDirectory.get(directory)?.values() ?? [])]
  }

  all(): readonly PendingName[] {
    return [...this.#byDirectory.values()].flatMap((names) => [...names.values()])
  }
}
