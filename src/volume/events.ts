// What the volume tells its doors: changes by this volume, and foreign ones it learned of.

import type { Inode } from './inode.ts'
import type { Name, VolumeEvent } from './types.ts'

/** Enough of the tree to name a place. */
export interface PathSource {
  pathOf(inode: Inode): string
}

/** Delivers synchronously and in order; a listener's failure is its own and reaches `onFailure`. */
export class Events {
  readonly #tree: PathSource
  readonly #onFailure: (error: unknown) => void
  readonly #listeners = new Set<(event: VolumeEvent) => void>()

  constructor(tree: PathSource, onFailure: (error: unknown) => void) {
    this.#tree = tree
    this.#onFailure = onFailure
  }

  subscribe(listener: (event: VolumeEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Something happened to the name `name` of `directory`. */
  name(kind: VolumeEvent['kind'], directory: Inode, name: Name, inode: Inode, oldPath?: string): void {
    if (this.#listeners.size === 0) return
    const parentPath = this.#tree.pathOf(directory)
    const path = parentPath === '/' ? `/${name}` : `${parentPath}/${name}`
    this.#emit({ kind, ino: inode.ino, parent: directory.ino, name, path, oldPath, origin: 'local' })
  }

  /** A foreign change of a name; in an unlinked directory nobody watches. */
  foreignName(kind: 'created' | 'removed', directory: Inode, name: Name, inode: Inode): void {
    if (this.#listeners.size === 0) return
    const parentPath = this.#tree.pathOf(directory)
    if (parentPath === '') return
    const path = parentPath === '/' ? `/${name}` : `${parentPath}/${name}`
    this.#emit({ kind, ino: inode.ino, parent: directory.ino, name, path, origin: 'remote' })
  }

  /** Contents or attributes of an inode changed; unlinked inodes have no watcher. */
  inode(kind: 'modified' | 'attributes', inode: Inode, origin: VolumeEvent['origin'] = 'local'): void {
    if (this.#listeners.size === 0) return
    const { place } = inode
    const path = this.#tree.pathOf(inode)
    if (path === '') return
    this.#emit({ kind, ino: inode.ino, parent: place?.parent.ino ?? inode.ino, name: place?.name ?? '', path, origin })
  }

  #emit(event: VolumeEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#onFailure(error)
      }
    }
  }
}
