// Going on from what a crash left: the dirty inodes, contents and names of journals become those of this volume, and
// write-back carries them out as if nothing had happened. Bytes are taken over into this volume's own journal (or memory
// and spool); the old files go only when the new journal has everything on disk, or the bucket has.

import { VolumeError } from '../../base/errors.ts'
import { FileContent } from '../content/file-content.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import type { LocalFiles } from '../local-files.ts'
import { resolveDoubts } from '../names/doubts.ts'
import { followMovedBefore } from '../names/moves/moved-before.ts'
import { namesOfPrefix } from '../names/moves/resume.ts'
import { PendingName } from '../names/pending-names.ts'
import type { FileType } from '../types.ts'
import { pathBytesMax, rootIno } from '../types.ts'
import { applyInodeRecord, decodeAttributes, versionOf } from './record-of.ts'
import { readJournals } from './read-journal.ts'
import type { ContentStep, RecoveredFolder, RecoveredInode, RecoveredJournal } from './read-journal.ts'

export interface Adopted {
  readonly journals: readonly string[]
  /** Lets write-back and directory renames go on; to be called when what was taken over is durable here. */
  goOn(): void
  /** Removes the old files; to be called when what they held is safe elsewhere. */
  discard(): Promise<void>
}

/** Restores what the folders hold. Throws, and changes none of them, when one is damaged or of a newer version. */
export async function adoptJournals(context: VolumeContext, folders: readonly LocalFiles[]): Promise<Adopted> {
  const found: { readonly files: LocalFiles; readonly folder: RecoveredFolder }[] = []
  // Until everything is known here and on disk, nothing changes in the bucket: whoever takes over after another crash
  // starts from the same journals.
  let ready: () => void = () => {}
  const after = new Promise<void>((resolve) => (ready = resolve))
  const release = context.writeBack.hold()
  const goOn = (): void => {
    release()
    ready()
  }
  try {
    for (const files of folders) found.push({ files, folder: await readJournals(files) })
    const journals = found.flatMap(({ folder }) => folder.journals)
    // A journal that was cut off while it took over others is nothing yet; one that others took over is nothing any more.
    const replaced = new Set(journals.flatMap(({ wasOpen, adopted }) => (wasOpen ? [...adopted] : [])))
    for (const journal of journals)
      if (journal.wasOpen && !replaced.has(journal.journal)) await restore(context, journal, after)
    return { journals: journals.map(({ journal }) => journal), goOn, discard: () => discard(found) }
  } finally {
    for (const { folder } of found) await folder.close()
  }
}

async function discard(
  found: readonly { readonly files: LocalFiles; readonly folder: RecoveredFolder }[],
): Promise<void> {
  for (const { files, folder } of found) {
    for (const name of folder.segmentNames) await files.remove(name)
    await files.syncNames()
  }
}

async function restore(context: VolumeContext, journal: RecoveredJournal, after: Promise<void>): Promise<void> {
  const restoring = new Restoring(context, journal)
  for (const record of journal.state.moves.values()) {
    context.journal.move(record, null)
    await restoring.way(record.from)
    await restoring.way(record.to)
    await context.moves.resume(record, { announce: true, after })
  }
  await restoring.names()
  await restoring.inodes()
  restoring.leaves()
  // What was moved already is read where it is from the beginning.
  for (const record of journal.state.moves.values()) await followMovedBefore(context, record)
}

class Restoring {
  readonly #context: VolumeContext
  readonly #journal: RecoveredJournal
  readonly #inodes = new Map<number, Inode>()
  readonly #pending: PendingName[] = []

  constructor(context: VolumeContext, journal: RecoveredJournal) {
    this.#context = context
    this.#journal = journal
  }

  /** Directories above a prefix that are in the journal only. */
  async way(prefix: string): Promise<void> {
    const names = namesOfPrefix(prefix)
    for (const [key, { parent, name, ino }] of this.#journal.state.names) {
      const path = ino === null ? undefined : this.#path(parent, name)
      if (path && path.length < names.length && path.every((each, index) => each === names[index]))
        await this.#name(key)
    }
  }

  /** Every pending name, directories before what is in them. */
  async names(): Promise<void> {
    for (const key of this.#journal.state.names.keys()) await this.#name(key)
  }

  /** Changed files whose names are as in the bucket. */
  async inodes(): Promise<void> {
    for (const [ino, recovered] of this.#journal.state.inodes) {
      const { hasContent, record } = recovered
      if (this.#inodes.has(ino) || (!hasContent && !record.attributesDirty)) continue
      await this.#changed(ino, recovered)
    }
  }

  /** Names from the root; undefined when the journal does not tell. */
  #path(parent: number, name: string): string[] | undefined {
    const names = [name]
    for (let ino = parent; ino !== rootIno;) {
      const place = this.#journal.state.places.get(ino)
      if (!place || names.length > pathBytesMax) return undefined
      names.unshift(place.name)
      ino = place.parent
    }
    return names
  }

  /** Contents that lie under the key of another name must leave it first. */
  leaves(): void {
    const { names, tree } = this.#context
    for (const pending of this.#pending) {
      const key = pending.object?.key ?? tree.keyOfName(pending.directory, pending.name, false)
      for (const inode of this.#inodes.values()) {
        if (inode.base?.key !== key || pending.inode === inode) continue
        pending.object ??= inode.base
        names.mustLeave(pending, inode)
      }
    }
  }

  async #name(key: string): Promise<void> {
    const { names, tree, writeBack, journal, metrics } = this.#context
    const record = this.#journal.state.names.get(key)
    if (!record) return
    const directory = await this.#directory(record.parent)
    if (names.get(directory, record.name)) return
    const pending = new PendingName(directory, record.name, versionOf(record.object), versionOf(record.marker))
    for (const id of record.doubtful) pending.doubtfulIds.add(id)
    names.add(pending)
    this.#pending.push(pending)
    if (record.ino === null) tree.detach(directory, record.name)
    else {
      const inode = await this.#make(record.ino, directory, record.name)
      pending.inode = inode
      tree.attach(directory, record.name, inode)
      await this.#fill(inode, record.ino)
      this.#knowOwn(pending, inode)
      for (const id of inode.doubtfulIds.keys()) pending.doubtfulIds.add(id)
    }
    metrics.count('replayed')
    journal.name(pending)
    writeBack.defer(pending)
  }

  /** What was written under the name before the crash is what it has there, whatever the name's own record says. */
  #knowOwn(pending: PendingName, { base, directory }: Inode): void {
    const keys = this.#context.tree.keysOfName(pending.directory, pending.name, directory !== null)
    if (!base || !keys.includes(base.key)) return
    if (directory) pending.marker = base
    else pending.object = base
  }

  async #changed(ino: number, recovered: RecoveredInode): Promise<void> {
    const { tree, metrics, log } = this.#context
    const place = this.#journal.state.places.get(ino)
    if (!place && ino !== rootIno) {
      log.warn('the journal holds a file without a place; it was unlinked', { ino })
      return
    }
    if (!place) return
    const directory = await this.#directory(place.parent)
    const there = await tree.lookupMaybe(directory, place.name, { attributes: true })
    const type = recovered.record.type as FileType
    let inode = there && there.type === type && !there.dirty ? there : null
    if (!inode) {
      inode = await this.#make(ino, directory, place.name)
      tree.attach(directory, place.name, inode)
    }
    this.#inodes.set(ino, inode)
    await this.#fill(inode, ino)
    metrics.count('replayed')
  }

  /** An inode with the recovered type and attributes, without a place. */
  async #make(ino: number, directory: Inode, name: string): Promise<Inode> {
    const recovered = this.#journal.state.inodes.get(ino)
    if (!recovered) throw new VolumeError('EIO', { message: `the journal names inode ${ino} and does not describe it` })
    const { type, attributes } = recovered.record
    // A directory that a rename has put into its place already.
    const there = directory.directory?.dentries.get(name)?.inode
    if (type === 'directory' && there?.directory) {
      this.#inodes.set(ino, there)
      return there
    }
    const inode = this.#context.tree.createInode(type as FileType, decodeAttributes(attributes), { directory, name })
    this.#inodes.set(ino, inode)
    return inode
  }

  /** Attributes, base and contents, over whatever the bucket showed. */
  async #fill(inode: Inode, ino: number): Promise<void> {
    const recovered = this.#journal.state.inodes.get(ino)
    if (!recovered) return
    const { journal, writeBack } = this.#context
    const content = recovered.hasContent ? await this.#content(inode, recovered) : null
    applyInodeRecord(inode, recovered.record)
    inode.base = versionOf(recovered.base)
    if (inode.directory && !inode.attributesDirty && inode.base === null) inode.attributesDirty = true
    inode.content = content
    for (const [id, key] of recovered.writeIds) inode.doubtfulIds.set(id, key)
    if (inode.doubtfulIds.size > 0) await resolveDoubts(this.#context, inode)
    inode.attributesFreshUntilMs = Infinity
    journal.inode(inode)
    for (const [id, key] of inode.doubtfulIds) journal.writing(inode.ino, key, id)
    if (content) this.#tellContent(inode, content)
    if (inode.dirty) writeBack.touch(inode)
  }

  /** What was taken over, for this volume's own journal. */
  #tellContent(inode: Inode, content: FileContent): void {
    const { journal } = this.#context
    const baseBytes = Math.min(content.base?.size ?? 0, content.size)
    journal.truncated(inode, baseBytes)
    if (content.size !== baseBytes) journal.truncated(inode, content.size)
    for (const piece of content.pieces(0, content.size)) {
      if (piece.kind === 'dirty') journal.wrote(inode, piece.offset, piece.bytes, content, piece)
      if (piece.kind === 'zero') journal.zeroed(inode, piece.offset, piece.length, content)
    }
  }

  async #content(inode: Inode, recovered: RecoveredInode): Promise<FileContent> {
    const base = versionOf(recovered.base)
    const { startSize, steps } = recovered
    const content = new FileContent(base, startSize === undefined ? undefined : Math.min(startSize, base?.size ?? 0))
    if (startSize !== undefined) content.truncate(startSize)
    for (const step of steps) await this.#apply(inode, content, step)
    return content
  }

  async #apply(inode: Inode, content: FileContent, step: ContentStep): Promise<void> {
    if (step.kind === 'truncate') return content.truncate(step.size)
    if (step.kind === 'zero') return content.punch(step.offset, step.length)
    if (step.kind === 'write') return this.#write(inode, content, step.offset, step.data, step.start, step.length)
    const [kind, offset, length, , data, start = 0] = step.piece
    if (kind === 'zero') content.punch(offset, length)
    if (kind === 'dirty') await this.#write(inode, content, offset, data as string, start, length)
  }

  async #write(
    inode: Inode,
    content: FileContent,
    offset: number,
    data: string,
    start: number,
    length: number,
  ): Promise<void> {
    const bytes = (await this.#journal.read(data)).subarray(start, start + length)
    content.write(offset, await this.#context.dirtyStore.keep(bytes, { ino: inode.ino, offset }))
  }

  /** The directory an inode number of the journal stands for; one that has vanished is there again, locally. */
  async #directory(ino: number): Promise<Inode> {
    const { tree, log } = this.#context
    if (ino === rootIno) return tree.root
    const known = this.#inodes.get(ino)
    if (known) return known
    const place = this.#journal.state.places.get(ino)
    if (!place) throw new VolumeError('EIO', { message: `the journal does not say where directory ${ino} is` })
    const parent = await this.#directory(place.parent)
    const key = `${place.parent}/${place.name}`
    if (this.#journal.state.names.get(key)?.ino === ino) {
      await this.#name(key)
      const made = this.#inodes.get(ino)
      if (made) return made
    }
    const found = await tree.lookupMaybe(parent, place.name, { expectDirectory: true, attributes: true })
    if (found?.directory) {
      this.#inodes.set(ino, found)
      return found
    }
    log.warn('a directory of the journal is gone; it is made again', { name: place.name })
    const now = this.#context.clock.nowNs()
    const times = { atimeNs: now, mtimeNs: now, ctimeNs: now, birthtimeNs: now, atimeSet: false }
    const { uid, gid } = this.#context.settings
    const attributes = { mode: 0o40755, uid, gid, rdev: 0, size: 0, ...times }
    const inode = tree.createInode('directory', attributes, { directory: parent, name: place.name })
    tree.attach(parent, place.name, inode)
    tree.settle(parent, place.name)
    this.#inodes.set(ino, inode)
    return inode
  }
}
