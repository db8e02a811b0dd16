import type { ListedObject, ObjectInfo } from '../../store/store.ts'
import { Inode } from '../inode.ts'
import type { Version } from '../inode.ts'
import type { VolumeSettings } from '../settings.ts'
import type { FileType, Name } from '../types.ts'
import {
  applyDecoded,
  attributesHold,
  decodeInfo,
  guessAttributes,
  isWritten,
  msToNs,
  typeIsOpen,
  versionOfInfo,
  versionOfListed,
} from './attributes.ts'
import type { Decoded } from './attributes.ts'
import { hasLocalChanges, stateOf } from './dentries.ts'
import type { Dentries } from './dentries.ts'
import type { InodeTable } from './inode-table.ts'
import type { Places } from './places.ts'
import { symlinkBytesMax } from './tree-deps.ts'

// What replies of the bucket do to inodes and dentries. One rule for all of them: a name or an inode that was changed
// locally since the request was sent keeps what we know; everything else becomes what the bucket shows. The type of an
// inode whose type was certain never changes: another kind of object under the same name is another inode.

/** When a request was sent: monotonic ms, and the directory's generation. */
export interface Sent {
  readonly sentMs: number
  readonly generation: number
}

export interface ObservationDeps {
  readonly settings: VolumeSettings
  readonly table: InodeTable
  readonly places: Places
  readonly dentries: Dentries
  /** Shown as the times of directories without a marker: when the volume was opened. */
  readonly openedNs: bigint
}

export class Observations {
  readonly #deps: ObservationDeps
  /** Told of every file whose bytes a foreign writer replaced. */
  onForeign: (inode: Inode) => void = () => {}

  constructor(deps: ObservationDeps) {
    this.#deps = deps
  }

  /** A LIST showed the object of a file (not of a directory) under `name`. */
  listed(directory: Inode, name: Name, listed: ListedObject, sent: Sent): Inode | null {
    const { dentries, settings } = this.#deps
    const before = this.#known(directory, name)
    if (dentries.isProtected(directory, name, sent.generation)) return before
    if (before && (before.directory ? hasLocalChanges(before) : before.dirty || before.remoteLock.busy)) {
      dentries.observe(directory, name, before, sent.generation)
      return before
    }
    let inode = before
    if (inode && !inode.directory && fitsListed(inode, listed.size)) this.#updateListed(inode, listed, sent)
    else if (inode && isSlashlessAs(inode, listed) && inode.base?.etag === listed.etag)
      this.#updateListed(inode, listed, sent)
    else inode = this.#fromListed(directory, name, listed, settings)
    dentries.observe(directory, name, inode, sent.generation)
    return inode
  }

  /** A HEAD or GET showed the object under `name`. */
  info(directory: Inode, name: Name, info: ObjectInfo, sent: Sent): Inode | null {
    const { dentries } = this.#deps
    const before = this.#known(directory, name)
    if (dentries.isProtected(directory, name, sent.generation)) {
      // Seen by a later request, but only listed: the headers are of the same version.
      const isListed = before && !before.attributesKnown && before.base?.etag === info.etag
      return isListed && !dentries.isChanged(directory, name, sent.generation)
        ? (this.infoOf(before, info, sent) ?? before)
        : before
    }
    let inode = before
    const isOther = before?.directory && !info.key.endsWith('/') && !isSlashlessAs(before, info)
    if (!before || (isOther && !hasLocalChanges(before))) inode = null
    inode = inode ? this.infoOf(inode, info, sent) : null
    inode ??= this.#fromInfo(directory, name, info, sent)
    dentries.observe(directory, name, inode, sent.generation)
    return inode
  }

  /** Headers of the object of `inode` were read; `force`: by the holder of its remoteLock. Null when the object is of another kind, so that a new inode is due. */
  infoOf(inode: Inode, info: ObjectInfo, sent: Sent, force = false): Inode | null {
    if (inode.dirty || (inode.remoteLock.busy && !force)) {
      if (inode.base?.etag === info.etag && inode.base.headers === undefined) this.#onlyHeaders(inode, info)
      return inode
    }
    if (!force && this.#isOlder(inode, sent)) return inode
    const decoded = decodeInfo(info, this.#deps.settings)
    if (decoded.type !== inode.type) {
      if (inode.directory || decoded.type === 'directory' || inode.typeKnown) return null
      inode.type = decoded.type
    }
    this.#take(inode, info, decoded, sent)
    return inode
  }

  /** A prefix was seen under `name`: it is a directory. `marker`: its `dir/` object; null: certainly none; undefined: not looked. */
  directory(
    directory: Inode,
    name: Name,
    marker: ListedObject | ObjectInfo | null | undefined,
    sent: Sent,
  ): Inode | null {
    const { dentries, settings, openedNs } = this.#deps
    const before = this.#known(directory, name)
    if (dentries.isProtected(directory, name, sent.generation)) return before
    let inode = before
    if (!inode?.directory) {
      if (inode && (inode.dirty || inode.remoteLock.busy)) return inode
      inode = this.create('directory', guessAttributes('directory', 0, openedNs, settings), directory, name)
    }
    dentries.observe(directory, name, inode, sent.generation)
    if (marker !== undefined) this.marker(inode, marker, sent)
    return inode
  }

  /** The `dir/` object of a directory, or that there is none. */
  marker(inode: Inode, marker: ListedObject | ObjectInfo | null, sent: Sent, force = false): void {
    const { dentries, settings } = this.#deps
    const state = stateOf(inode)
    if (inode.dirty || (inode.remoteLock.busy && !force)) return
    if (!force && inode.place && dentries.isChanged(inode.place.parent, inode.place.name, sent.generation)) return
    if (!force && this.#isOlder(inode, sent)) return
    state.markerSeenMs = sent.sentMs
    if (marker === null) {
      state.hasMarker = false
      if (inode.base !== null && !inode.base.key.endsWith('/')) return
      if (inode.base !== null || !inode.attributesKnown) {
        Object.assign(inode.attributes, guessAttributes('directory', 0, this.#deps.openedNs, settings))
        inode.base = null
        inode.xattrs = new Map()
      }
      this.#fresh(inode, sent)
      return
    }
    state.hasMarker = true
    if ('headers' in marker) {
      const decoded = decodeInfo(marker, settings)
      this.#take(inode, marker, decoded, sent)
      return
    }
    if (inode.base && attributesHold(inode.base, marker, settings) && inode.attributesKnown) {
      this.#fresh(inode, sent)
    } else if (inode.base?.etag !== marker.etag || inode.base.lastModified !== marker.lastModified) {
      this.#replace(inode, versionOfListed(marker))
    }
  }

  create(type: FileType, attributes: Inode['attributes'], directory: Inode, name: Name): Inode {
    const { table, places } = this.#deps
    const inode = new Inode(table.freeIno(places.keyOfName(directory, name, type === 'directory')), type, attributes)
    table.add(inode)
    return inode
  }

  #known(directory: Inode, name: Name): Inode | null {
    return stateOf(directory).dentries.get(name)?.inode ?? null
  }

  /** Whether the attributes were told by the reply to a later request. */
  #isOlder(inode: Inode, sent: Sent): boolean {
    return inode.attributesKnown && sent.sentMs + this.#deps.settings.attributesTtlMs < inode.attributesFreshUntilMs
  }

  #fresh(inode: Inode, sent: Sent): void {
    inode.attributesKnown = true
    inode.typeKnown = true
    inode.attributesFreshUntilMs = sent.sentMs + this.#deps.settings.attributesTtlMs
  }

  #take(inode: Inode, info: ObjectInfo, decoded: Decoded, sent: Sent): void {
    if (inode.base && inode.base.etag !== info.etag) this.#noteForeign(inode)
    if (inode.place) this.#deps.dentries.looked(inode.place.parent, inode.place.name, sent.generation)
    const isSame = inode.base?.etag === info.etag && inode.base.lastModified === info.lastModified
    const { mtimeNs, ctimeNs } = inode.attributes
    inode.base = versionOfInfo(info, inode.base)
    applyDecoded(inode, decoded, info.size)
    // Times that entries made and removed gave a directory are not in its marker; a guess from before it was read is none.
    const isGuess = mtimeNs === this.#deps.openedNs
    if (inode.directory && isSame && !isGuess && mtimeNs > decoded.mtimeNs)
      Object.assign(inode.attributes, { mtimeNs, ctimeNs })
    this.#fresh(inode, sent)
  }

  #onlyHeaders(inode: Inode, info: ObjectInfo): void {
    inode.base = versionOfInfo(info, inode.base)
    inode.xattrs ??= decodeInfo(info, this.#deps.settings).xattrs
  }

  #fromListed(directory: Inode, name: Name, listed: ListedObject, settings: VolumeSettings): Inode {
    const attributes = guessAttributes('file', listed.size, msToNs(listed.lastModified), settings)
    const inode = this.create('file', attributes, directory, name)
    inode.base = versionOfListed(listed)
    inode.typeKnown = !typeIsOpen(listed.size)
    return inode
  }

  #fromInfo(directory: Inode, name: Name, info: ObjectInfo, sent: Sent): Inode {
    const { settings } = this.#deps
    const decoded = decodeInfo(info, settings)
    const guess = guessAttributes('file', info.size, msToNs(info.lastModified), settings)
    const inode = this.create(decoded.type, guess, directory, name)
    this.#take(inode, info, decoded, sent)
    return inode
  }

  #updateListed(inode: Inode, listed: ListedObject, sent: Sent): void {
    const { base } = inode
    const { settings } = this.#deps
    if (!base || base.etag !== listed.etag || base.size !== listed.size) {
      this.#replace(inode, versionOfListed(listed))
      inode.attributes.size = listed.size
      inode.attributes.mtimeNs = inode.attributes.ctimeNs = msToNs(listed.lastModified)
    } else if (base.key !== listed.key) {
      // Moved by a rename; what was read of it was read at another key.
      this.#replace(inode, { ...versionOfListed(listed), ours: base.ours })
    } else if (inode.attributesKnown && attributesHold(base, listed, settings)) {
      this.#fresh(inode, sent)
    } else if (isWritten(base) ? inode.attributesKnown : base.lastModified !== listed.lastModified) {
      // Same bytes, written again: the metadata may be another. Cached blocks stay good.
      this.#replace(inode, { ...versionOfListed(listed), ours: base.ours })
    }
  }

  #noteForeign(inode: Inode): void {
    inode.target = undefined
    if (inode.directory) return
    inode.foreignCount++
    this.onForeign(inode)
  }

  #replace(inode: Inode, version: Version): void {
    if (inode.base && inode.base.etag !== version.etag) this.#noteForeign(inode)
    inode.base = version
    inode.xattrs = undefined
    inode.target = undefined
    inode.attributesKnown = false
    inode.attributesFreshUntilMs = 0
  }
}

/** A symlink or special file is small; an object that is not must be another inode. */
function fitsListed(inode: Inode, size: number): boolean {
  return inode.type === 'file' || size <= symlinkBytesMax
}

/** Whether the object is what makes `inode` a directory although its key has no slash (old s3fs, Nextcloud). */
function isSlashlessAs(inode: Inode, object: { readonly key: string }): boolean {
  return inode.directory !== null && inode.base?.key === object.key
}
