import { VolumeError } from '../../base/errors.ts'
import type { ObjectInfo } from '../../store/store.ts'
import { Inode } from '../inode.ts'
import type { Dentry, InodeAttributes, Version } from '../inode.ts'
import { rootIno } from '../types.ts'
import type { FileType, Ino, Name } from '../types.ts'
import { AttributeFetch } from './attribute-fetch.ts'
import { AttributeIndexes } from './index/attribute-index.ts'
import { guessAttributes } from './attributes.ts'
import { Dentries, stateOf } from './dentries.ts'
import type { ForeignNameListener } from './dentries.ts'
import { Entries } from './listing/entries.ts'
import type { TreeListOptions } from './listing/entries.ts'
import { InodeTable } from './inode-table.ts'
import { Listings } from './listing/listing.ts'
import { Lookups } from './lookup.ts'
import { Observations } from './observations.ts'
import { Places } from './places.ts'
import type { MovingPrefix } from './places.ts'
import { filesAfter, filesIn, handedOutAs } from './listing/siblings.ts'
import { sentNow } from './tree-context.ts'
import type { TreeContext } from './tree-context.ts'
import type { TreeDeps } from './tree-deps.ts'
import { TreeWalks } from './listing/tree-walk.ts'
import { TreeWalker } from './listing/walk.ts'
import type { WalkedPage } from './listing/walk.ts'

// The tree: what the volume believes of names and attributes, how it asks the bucket, and how local operations change it
// before write-back has told the bucket. This class is the table of contents; each verb has a file:
//
//   (folders: listing/ whole directories and subtrees, index/ the attribute indexes)
//   places          place → key and path; where else to look while a directory is being renamed
//   inode-table     inodes by number, bounded
//   dentries        (directory, name) → inode or nothing; pinned while the bucket does not show it yet
//   observations    what a reply of the bucket does to both; never over a local change made since it was asked for
//   lookup          one name           listing     one directory       flat-pass   many directories per page
//   entries         what a directory shows: from beliefs, a listing or a flat pass, with types or attributes
//   tree-walk       notices walkers and gives them a flat pass         walk        a subtree as pages
//   attribute-fetch HEADs and revalidation                             attribute-index   rows that spare HEADs
//   siblings        listing order without requests    permissions, resolve   the kernel's rules for paths
//
// Invariants: every change is synchronous between two awaits; a reply is weighed against the generation at which its
// request was sent; the type of an inode whose type was certain never changes; `base` is the version the bucket showed
// last, wherever it lies. Failures of the store pass through as StoreError; VolumeError is thrown for what the tree knows.

export interface TreeLookupOptions {
  readonly signal?: AbortSignal | undefined
  /** Mode, owner and type are certain in the result (not younger than their TTL: see `revalidate`). */
  readonly attributes?: boolean | undefined
  readonly expectDirectory?: boolean | undefined
  /** Directories past their TTL will do: for components on the way. */
  readonly acceptStale?: boolean | undefined
}

export class Tree {
  readonly root: Inode
  /** Directory renames being carried out, oldest first; the owner of the rename adds and removes. */
  readonly movingPrefixes: MovingPrefix[]
  readonly #context: TreeContext
  readonly #lookups: Lookups
  readonly #entries: Entries
  readonly #listings: Listings
  readonly #walks: TreeWalks
  readonly #walker: TreeWalker
  readonly #fetch: AttributeFetch
  readonly #indexes: AttributeIndexes

  constructor(deps: TreeDeps) {
    const { clock, settings } = deps
    const openedNs = clock.nowNs()
    this.root = new Inode(rootIno, 'directory', guessAttributes('directory', 0, openedNs, settings))
    this.root.attributesKnown = true
    this.root.attributesFreshUntilMs = Infinity
    stateOf(this.root).hasMarker = false
    const table = new InodeTable(settings.inodeCountMax)
    table.add(this.root)
    const places = new Places(this.root, deps.store.capabilities.limits.keyBytesMax)
    const dentries = new Dentries(clock, settings, table)
    const observations = new Observations({ settings, table, places, dentries, openedNs })
    this.movingPrefixes = places.movingPrefixes
    this.#context = { ...deps, table, places, dentries, observations }
    this.#listings = new Listings(this.#context)
    this.#walks = new TreeWalks(this.#context)
    this.#lookups = new Lookups(this.#context, this.#listings, this.#walks)
    this.#indexes = new AttributeIndexes(this.#context)
    this.#fetch = new AttributeFetch(this.#context, this.#indexes, this.#walks)
    this.#entries = new Entries(this.#context, { listings: this.#listings, walks: this.#walks, fetch: this.#fetch })
    this.#walker = new TreeWalker(this.#context, this.#fetch, (directory) => this.#entries.list(directory))
  }

  /** Called for every file whose bytes a foreign writer replaced. */
  set onForeignChange(listener: (inode: Inode) => void) {
    this.#context.observations.onForeign = listener
  }

  /** Called for every name that somebody else made or removed where we knew better, once. */
  set onForeignName(listener: ForeignNameListener) {
    this.#context.dentries.onForeignName = listener
  }

  /** ESTALE when unknown. */
  inode(ino: Ino): Inode {
    return this.#context.table.get(ino)
  }

  get inodeCount(): number {
    return this.#context.table.count
  }

  /** ENOENT, ENOTDIR, ENAMETOOLONG. */
  async lookup(directory: Inode, name: Name, options: TreeLookupOptions = {}): Promise<Inode> {
    const inode = await this.lookupMaybe(directory, name, options)
    if (!inode) throw new VolumeError('ENOENT')
    return inode
  }

  /** Null when there is none. */
  async lookupMaybe(directory: Inode, name: Name, options: TreeLookupOptions = {}): Promise<Inode | null> {
    const inode = await this.#lookups.lookup(directory, name, options)
    // Who goes on below it must know whether it is a symlink, even without its attributes.
    const typesOnly = !options.attributes
    if (!inode || (typesOnly && !options.expectDirectory)) return inode
    if ((!typesOnly && inode.attributesKnown) || !this.#fetch.needs(inode, typesOnly)) return inode
    await this.#fetch.ensure([inode], { signal: options.signal, typesOnly })
    if (inode.place) return inode
    // Gone meanwhile, or another kind of file than the listing let guess.
    return stateOf(directory).dentries.get(name)?.inode ?? null
  }

  /** All entries, names changed here included, in UTF-8 order. The array is shared: not to be changed. */
  list(directory: Inode, options: TreeListOptions = {}): Promise<readonly Dentry[]> {
    return this.#entries.list(directory, options)
  }

  /** The subtree in pages of about 1,000, parents before children, types certain. `cursor`: from the page before. */
  walk(directory: Inode, cursor?: string): Promise<WalkedPage> {
    return this.#walker.walk(directory, cursor)
  }

  /** Afterwards attributes are certain and fresh. Inodes that turned out to be gone have lost their place. */
  ensureAttributes(
    inodes: readonly Inode[],
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    return this.#fetch.ensure(inodes, options)
  }

  /** Looks again when attributes are older than their TTL, or always with `force`. ENOENT, ESTALE. */
  revalidate(
    inode: Inode,
    options: { readonly force?: boolean | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    return this.#fetch.revalidate(inode, options.force ?? false, options.signal)
  }

  /** Whether attributes of `inode` are unknown or older than their TTL. */
  needsAttributes(inode: Inode): boolean {
    return this.#fetch.needs(inode)
  }

  /** Whether the name of `inode` is older than its TTL. */
  isStale(inode: Inode): boolean {
    return this.#context.dentries.isStale(inode)
  }

  keyOf(inode: Inode): string {
    return this.#context.places.keyOf(inode)
  }

  /** The key `name` would have in `directory`. */
  keyOfName(directory: Inode, name: Name, isDirectory: boolean): string {
    return this.#context.places.keyOfName(directory, name, isDirectory)
  }

  /** Every key under which the entry may lie while directories are being moved. */
  keysOfName(directory: Inode, name: Name, isDirectory: boolean): readonly string[] {
    return this.#context.places.keysOfName(directory, name, isDirectory)
  }

  /** Where the object lies whose key by its place is `natural`: elsewhere when that is too long for a key. */
  objectKey(natural: string): string {
    return this.#context.places.objectKey(natural)
  }

  /** '' or ends in '/'. */
  prefixOf(directory: Inode): string {
    return this.#context.places.prefixOf(directory)
  }

  /** '' once unlinked. */
  pathOf(inode: Inode): string {
    return this.#context.places.pathOf(inode)
  }

  /** Versions of the clean files that follow in walk order, as far as they are known without asking. */
  filesAfter(directory: Inode, name: Name, count: number): Version[] {
    return filesAfter(directory, name, count, this.#context.clock.monotonicMs())
  }

  /** Versions of the clean files of one directory, as far as they are known without asking. */
  filesIn(directory: Inode, count: number): Version[] {
    return filesIn(directory, count, this.#context.clock.monotonicMs())
  }

  /** A reply told of a version given by `filesAfter` or `filesIn`: the headers come with the bytes, so nobody has to ask for them. */
  learnedAhead(version: Version, info: ObjectInfo): void {
    const handed = handedOutAs(version)
    if (!handed) return
    const { inode, sinceMs } = handed
    // The very same version: nothing was written or learned of it since.
    if (inode.base !== version || info.etag !== version.etag || inode.dirty || inode.remoteLock.busy) return
    this.learned(inode, info, sinceMs)
  }

  /** A registered inode without a place. `at`: where it will be attached, so that its number is the key's. */
  createInode(
    type: FileType,
    attributes: InodeAttributes,
    at?: { readonly directory: Inode; readonly name: Name },
  ): Inode {
    const { places, random, table } = this.#context
    const key = at
      ? places.keyOfName(at.directory, at.name, type === 'directory')
      : `${random.uint32()} ${random.uint32()}`
    const inode = new Inode(table.freeIno(key), type, attributes)
    inode.attributesKnown = true
    inode.typeKnown = true
    inode.xattrs = new Map()
    table.add(inode)
    return inode
  }

  /** The directory was made just now: nothing is in it, as far as listings are believed. */
  markEmpty(directory: Inode): void {
    const state = stateOf(directory)
    state.hasMarker = false
    state.namesKnown = true
    state.completeUntilMs = this.#context.clock.monotonicMs() + this.#context.settings.listingTtlMs
  }

  /** What a listing showed of the directory was a part: entries lie elsewhere too. The next one who wants them lists anew. */
  forgetListing(directory: Inode): void {
    this.#context.dentries.forgetListing(directory)
  }

  /** The name is there from now on, whatever the bucket shows, until `settle` or `invalidate`. */
  attach(directory: Inode, name: Name, inode: Inode): void {
    this.#context.dentries.attach(directory, name, inode)
  }

  /** The name is gone from now on; the inode stays registered while open or referenced. */
  detach(directory: Inode, name: Name): Inode | null {
    const inode = this.#context.dentries.detach(directory, name)
    if (inode) this.#indexes.removed(directory, name)
    return inode
  }

  /** Write-back is done: the bucket shows the name as we do. */
  settle(directory: Inode, name: Name): void {
    this.#context.dentries.settle(directory, name)
  }

  /** What is believed of the name was wrong: the next lookup asks. */
  invalidate(directory: Inode, name: Name): void {
    this.#context.dentries.invalidate(directory, name)
  }

  /**
   * Takes over what a reply told of `inode`: headers that were read (ObjectInfo) or a version that we wrote (Version,
   * with headers). `sentMs`: monotonic ms at which the request went out. Attributes changed here stay.
   */
  learned(inode: Inode, source: ObjectInfo | Version, sentMs?: number): void {
    const { clock, dentries, observations, settings } = this.#context
    const sent = { ...sentNow(this.#context), sentMs: sentMs ?? clock.monotonicMs() }
    if ('date' in source) {
      if (inode.directory) observations.marker(inode, source, sent, true)
      else observations.infoOf(inode, source, sent, true)
    } else {
      inode.base = source
      inode.attributesKnown = true
      inode.typeKnown = true
      inode.attributesFreshUntilMs = sent.sentMs + settings.attributesTtlMs
      if (inode.directory) inode.directory.hasMarker = true
      if (inode.place) dentries.protect(inode.place.parent, inode.place.name)
    }
    this.#indexes.note(inode, !('date' in source))
  }

  /** Something of `inode` changed that only the attribute index carries: the times of a directory whose entries changed. */
  noted(inode: Inode): void {
    this.#indexes.note(inode)
  }

  /** Drops the inode from the table when it has no place, is not open and nobody refers to it. */
  forget(inode: Inode): void {
    if (!inode.place && inode !== this.root && inode.openCount === 0 && inode.lookupCount === 0)
      this.#context.table.remove(inode)
  }

  /** Writes all changed attribute indexes now. */
  flushIndexes(): Promise<void> {
    return this.#indexes.flush()
  }

  /** Writes changed indexes and stops their timer. Idempotent. */
  close(): Promise<void> {
    return this.#indexes.close()
  }
}
