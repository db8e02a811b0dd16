// The tree of the reference file system and how paths lead through it: path_resolution(7), as open(2), rename(2) and the
// others begin. A symlink in the way is followed, at most 40; a trailing slash demands a directory.

import { VolumeError } from '../../src/base/errors.ts'
import type { Name } from '../../src/volume/types.ts'

export interface RefNode {
  readonly kind: 'file' | 'directory' | 'symlink'
  /** Permission bits. */
  mode: number
  mtimeNs: bigint
  /** Null while the bucket alone knows the time: implicit directories. */
  isTimed: boolean
  /** Entries came or went since the directory's own object was written: another volume may not know the time. */
  hasDrifted: boolean
  /** Set when utimes set it. */
  atimeNs: bigint | null
  bytes: Uint8Array
  readonly target: string
  readonly entries: Map<Name, RefNode>
  /** Where a directory is. */
  parent: RefNode | null
  readonly xattrs: Map<string, string>
  /** False once the last name is gone. */
  isNamed: boolean
  /** Whether a directory has an object of its own, so that it stays when it is empty. */
  hasMarker: boolean
}

export interface RefPlace {
  readonly directory: RefNode
  readonly name: Name
  readonly node: RefNode | null
  readonly last: 'name' | 'dot' | 'dotdot' | 'root'
  readonly hasSlash: boolean
}

const symlinksMax = 40

export class ReferenceTree {
  readonly root: RefNode

  constructor(rootNode: RefNode) {
    this.root = rootNode
  }

  /** Where the path leads; with `follow` a symlink in the end is followed too, maybe to a free name. */
  place(path: string, follow: boolean): RefPlace {
    if (path === '') throw new VolumeError('ENOENT')
    return this.#walk(this.root, path, follow, { count: 0 })
  }

  /** What the path leads to; a symlink with a slash behind it is followed. */
  node(path: string, follow: boolean): RefNode {
    const place = this.place(path, follow || path.endsWith('/'))
    if (!place.node) throw new VolumeError('ENOENT')
    if (place.hasSlash && place.node.kind !== 'directory') throw new VolumeError('ENOTDIR')
    return place.node
  }

  pathOf(node: RefNode): string {
    const names: Name[] = []
    for (let at = node; at !== this.root; at = this.parentOf(at)) names.unshift(this.#nameOf(at))
    return `/${names.join('/')}`
  }

  parentOf(node: RefNode): RefNode {
    if (node.kind === 'directory') return node.parent ?? this.root
    const found = [...this.directories()].find((directory) => [...directory.entries.values()].includes(node))
    if (!found) throw new Error('a node without a name')
    return found
  }

  isWithin(node: RefNode, directory: RefNode): boolean {
    for (let at: RefNode | null = node; at; at = at.parent) if (at === directory) return true
    return false
  }

  *directories(from: RefNode = this.root): Iterable<RefNode> {
    yield from
    for (const entry of from.entries.values()) if (entry.kind === 'directory') yield* this.directories(entry)
  }

  #nameOf(node: RefNode): Name {
    for (const [name, entry] of this.parentOf(node).entries) if (entry === node) return name
    throw new Error('a node without a name')
  }

  #walk(start: RefNode, path: string, follow: boolean, symlinks: { count: number }): RefPlace {
    const names = path.split('/').filter((name) => name !== '')
    const hasSlash = path.endsWith('/')
    let at = path.startsWith('/') ? this.root : start
    if (names.length === 0) return { directory: at, name: '', node: at, last: 'root', hasSlash }
    for (const [index, name] of names.entries()) {
      const last = index === names.length - 1
      if (at.kind !== 'directory') throw new VolumeError('ENOTDIR')
      if (name === '.' || name === '..') {
        if (name === '..') at = at.parent ?? this.root
        if (last) return { directory: at, name: '', node: at, last: name === '.' ? 'dot' : 'dotdot', hasSlash }
        continue
      }
      if (Buffer.byteLength(name) > 255) throw new VolumeError('ENAMETOOLONG')
      const node = at.entries.get(name) ?? null
      if (!node && !last) throw new VolumeError('ENOENT')
      if (node?.kind === 'symlink' && (!last || follow)) {
        if (++symlinks.count > symlinksMax) throw new VolumeError('ELOOP')
        const target = this.#walk(at, node.target, true, symlinks)
        if (last) return { ...target, hasSlash: hasSlash || target.hasSlash }
        if (!target.node) throw new VolumeError('ENOENT')
        if (target.hasSlash && target.node.kind !== 'directory') throw new VolumeError('ENOTDIR')
        at = target.node
        continue
      }
      if (last) return { directory: at, name, node, last: 'name', hasSlash }
      at = node as RefNode
    }
    throw new Error('not reached')
  }
}

export function makeNode(kind: RefNode['kind'], mode: number, mtimeNs: bigint, target = ''): RefNode {
  return {
    ...{ kind, mode, target, mtimeNs, atimeNs: null, bytes: new Uint8Array(0) },
    ...{ entries: new Map(), xattrs: new Map(), parent: null },
    ...{ isNamed: true, isTimed: true, hasMarker: true, hasDrifted: false },
  }
}

/** The node and what is in it have no name any more. */
export function forget(node: RefNode): void {
  node.isNamed = false
  for (const entry of node.entries.values()) forget(entry)
}
