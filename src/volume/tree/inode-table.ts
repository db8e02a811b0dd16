import { VolumeError } from '../../base/errors.ts'
import type { Inode } from '../inode.ts'
import type { Ino } from '../types.ts'
import { rootIno } from '../types.ts'

// All inodes by number, bounded. A number is a hash of the key the inode was first seen or made under, so that every
// door and every mount shows the same one; a number already live takes the next free one. Past the bound the inodes
// nobody holds and nobody looked up for long are dropped together with their dentry, and cost a request when they are
// wanted again. Never dropped: dirty, open, referenced, pinned, or a directory with entries.

const inoMax = 2 ** 53 - 1
const evictionScanMax = 512

/** 53 bits of a string, stable across versions (inode numbers are seen by users). Two FNV-1a lanes, then mixed. */
function inoOfKey(key: string): Ino {
  let low = 0x811c9dc5
  let high = 0x9dc5811c
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ ((unit << 7) | (i & 0x7f)), 0x01000193)
  }
  low = mix(low ^ high)
  high = mix(high + low)
  const ino = (high >>> 11) * 2 ** 32 + (low >>> 0)
  return ino > rootIno ? ino : ino + 2
}

function mix(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return mixed ^ (mixed >>> 15)
}

export class InodeTable {
  readonly #inodes = new Map<Ino, Inode>()
  readonly #countMax: number
  #tick = 0
  /** Told of every inode that was dropped to make room. */
  onEvict: (inode: Inode) => void = () => {}

  constructor(countMax: number) {
    this.#countMax = Math.max(countMax, 16)
  }

  get count(): number {
    return this.#inodes.size
  }

  /** ESTALE when unknown: the caller holds a number from before. */
  get(ino: Ino): Inode {
    const inode = this.#inodes.get(ino)
    if (!inode) throw new VolumeError('ESTALE', { message: `inode ${ino} is not known` })
    return inode
  }

  has(inode: Inode): boolean {
    return this.#inodes.get(inode.ino) === inode
  }

  /** The number for a new inode whose key is `key`. */
  freeIno(key: string): Ino {
    let ino = inoOfKey(key)
    while (this.#inodes.has(ino)) ino = ino >= inoMax ? rootIno + 1 : ino + 1
    return ino
  }

  add(inode: Inode): void {
    this.#inodes.set(inode.ino, inode)
    this.touch(inode)
    if (this.#inodes.size > this.#countMax) this.#evict()
  }

  remove(inode: Inode): void {
    if (this.has(inode)) this.#inodes.delete(inode.ino)
  }

  touch(inode: Inode): void {
    inode.usedTick = ++this.#tick
  }

  /** Looks at the oldest few: drops the idle, moves the others behind. Recently used ones may still be in a caller's hands. */
  #evict(): void {
    const oldTick = this.#tick - Math.floor(this.#countMax / 4)
    let scans = evictionScanMax
    for (const inode of this.#inodes.values()) {
      if (scans-- === 0 || this.#inodes.size <= this.#countMax) return
      this.#inodes.delete(inode.ino)
      if (inode.usedTick > oldTick || !isIdle(inode)) this.#inodes.set(inode.ino, inode)
      else this.onEvict(inode)
    }
  }
}

/** Whether nothing would be lost or surprised if the inode were read from the bucket again. */
function isIdle(inode: Inode): boolean {
  if (inode.dirty || inode.failure || inode.openCount > 0 || inode.lookupCount > 0 || inode.remoteLock.busy)
    return false
  if (inode.ino === rootIno || (inode.directory && inode.directory.dentries.size > 0)) return false
  return inode.place?.parent.directory?.dentries.get(inode.place.name)?.pinned !== true
}
