import {
  keyBytesMax as s3KeyBytesMax,
  keySegmentOfName,
  longKeyOf,
  longPrefixOf,
  nameOfKeySegment,
  systemName,
} from '../../format/key.ts'
import type { Inode } from '../inode.ts'
import type { Name } from '../types.ts'

// From a place in the tree to keys, and back. A key follows from the place alone, so that renaming a directory re-keys
// everything below it at once; while such a rename is being carried out, objects may still lie under the old prefix, and
// `movingPrefixes` says where else to look. The system folder `.bucketfs/` is reached by name (conflict copies) and
// listed by nobody.

export interface MovingPrefix {
  /** Prefixes end in '/'. */
  readonly from: string
  readonly to: string
}

/** A segment is at most 255 bytes, three times that when escaped, and a slash. */
const segmentBytesMax = 3 * 255 + 16

export class Places {
  readonly root: Inode
  /** Directory renames being carried out, oldest first. */
  readonly movingPrefixes: MovingPrefix[] = []
  readonly #keyBytesMax: number

  /** `keyBytesMax`: of the store, which is less than S3's where the volume lies below a prefix of its bucket. */
  constructor(root: Inode, keyBytesMax: number) {
    this.root = root
    this.#keyBytesMax = keyBytesMax
  }

  /** '/a/b'; '/' for the root; '' once unlinked. */
  pathOf(inode: Inode): string {
    if (inode === this.root) return '/'
    if (!inode.place) return ''
    const parent = this.pathOf(inode.place.parent)
    return parent === '' ? '' : parent === '/' ? `/${inode.place.name}` : `${parent}/${inode.place.name}`
  }

  keyOf(inode: Inode): string {
    return this.objectKey(this.#natural(inode))
  }

  /** The key an entry has or would have. */
  keyOfName(directory: Inode, name: Name, isDirectory: boolean): string {
    return this.objectKey(this.#naturalOfName(directory, name, isDirectory))
  }

  /** What the keys of the entries begin with, unless they are too long for keys. '' for the root. */
  prefixOf(directory: Inode): string {
    return this.#natural(directory)
  }

  /**
   * Every key under which the entry may lie, in the order to ask for them: the present one first, and again at the end,
   * because an object may move there between two requests.
   */
  keysOfName(directory: Inode, name: Name, isDirectory: boolean): readonly string[] {
    const natural = this.#naturalOfName(directory, name, isDirectory)
    const present = this.objectKey(natural)
    if (this.movingPrefixes.length === 0) return [present]
    const keys = this.#sources(natural).map((source) => this.objectKey(source))
    return keys.length > 1 ? [...keys, present] : keys
  }

  /** Every prefix below which entries of a directory may lie, the present one first. */
  prefixesOf(directory: Inode): readonly string[] {
    const natural = this.#natural(directory)
    const sources = this.movingPrefixes.length === 0 ? [natural] : this.#sources(natural)
    const prefixes: string[] = []
    for (const source of sources) {
      if (Buffer.byteLength(source) < this.#keyBytesMax) prefixes.push(source)
      if (isDeepPrefix(source, this.#keyBytesMax)) prefixes.push(longPrefixOf(source))
    }
    return prefixes
  }

  /** Whether all entries of the directory, and below it, lie in one piece of the key space. */
  isPlain(directory: Inode): boolean {
    const natural = this.#natural(directory)
    if (isDeepPrefix(natural, this.#keyBytesMax)) return false
    return this.movingPrefixes.every(
      ({ from, to }) =>
        !natural.startsWith(from) && !natural.startsWith(to) && !from.startsWith(natural) && !to.startsWith(natural),
    )
  }

  /** Whether entries of the directory may have keys that are too long, and so lie elsewhere. */
  isDeep(directory: Inode): boolean {
    return isDeepPrefix(this.#natural(directory), this.#keyBytesMax)
  }

  /** Where the object lies whose key by its place is `natural`. */
  objectKey(natural: string): string {
    return objectKey(natural, this.#keyBytesMax)
  }

  /** The name a key segment stands for in `directory`; null when no tree can show it. */
  nameOf(segment: string, directory: Inode): Name | null {
    const name = nameOfKeySegment(segment, directory === this.root)
    return name === systemName && directory === this.root ? null : name
  }

  /** Whether `name` leads into the system folder, of which only `data/conflicts/` is anybody's business. */
  isSystem(directory: Inode, name: Name): boolean {
    return directory === this.root && name === systemName
  }

  /** Depth below the system folder: 0 outside, 1 for `.bucketfs` itself. */
  systemDepth(inode: Inode): number {
    let depth = 0
    let at: Inode = inode
    while (at.place) {
      depth++
      if (this.isSystem(at.place.parent, at.place.name)) return depth
      at = at.place.parent
    }
    return 0
  }

  /** Whether the directory only leads to `data/conflicts/`: nobody lists it. */
  isUnlisted(directory: Inode): boolean {
    const depth = this.systemDepth(directory)
    return depth === 1 || depth === 2
  }

  #natural(inode: Inode): string {
    if (!inode.place) return inode === this.root ? '' : (inode.base?.key ?? '')
    return this.#naturalOfName(inode.place.parent, inode.place.name, inode.directory !== null)
  }

  #naturalOfName(directory: Inode, name: Name, isDirectory: boolean): string {
    const segment = this.isSystem(directory, name) ? systemName : keySegmentOfName(name, directory === this.root)
    return this.#natural(directory) + segment + (isDirectory ? '/' : '')
  }

  #sources(natural: string, count: number = this.movingPrefixes.length, own = false): string[] {
    const moving = this.movingPrefixes.slice(0, count)
    // What still lies below the old prefix of a moving directory is not what was made there since.
    const sources = !own && moving.some(({ from }) => natural.startsWith(from)) ? [] : [natural]
    for (let i = moving.length - 1; i >= 0; i--) {
      const { from, to } = moving[i] as MovingPrefix
      if (natural.startsWith(to)) sources.push(...this.#sources(from + natural.slice(to.length), i, true))
    }
    return sources
  }
}

/** Where the object lies whose key by its place is `natural`, for a store with this limit. */
export function objectKey(natural: string, keyBytesMax: number = s3KeyBytesMax): string {
  return natural.length * 3 > keyBytesMax && Buffer.byteLength(natural) > keyBytesMax ? longKeyOf(natural) : natural
}

/** Whether a directory with this natural prefix may have entries whose keys are too long. */
export function isDeepPrefix(natural: string, keyBytesMax: number): boolean {
  if (natural.length * 3 + segmentBytesMax <= keyBytesMax) return false
  return Buffer.byteLength(natural) + segmentBytesMax > keyBytesMax
}
