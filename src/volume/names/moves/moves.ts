// Directory renames. Here they are instant: the directory takes its new place and every key below follows from it. In the
// bucket an intent object says what is going on, then `mover.ts` copies and deletes object by object; until it is done the
// tree looks for entries under both prefixes (`tree.movingPrefixes`), and names below either prefix wait to be settled.
// Each object is in at least one place at any instant, and whoever finds an intent that nobody renews finishes it.

import { randomId } from '../../../base/random.ts'
import type { VolumeContext } from '../../context.ts'
import type { Inode } from '../../inode.ts'
import type { MoveRecord } from '../../journal/volume-journal.ts'
import type { PendingName } from '../pending-names.ts'
import type { Name } from '../../types.ts'
import { asVolumeError } from '../../volume-errors.ts'
import { removeIntent, storeIntent } from './intents.ts'
import { moveObjects } from './mover.ts'
import { placeAgain } from './resume.ts'
import { checkNotRemoved, isBelow } from './subtree.ts'

export interface Move {
  readonly id: string
  /** Prefixes end in '/'. */
  readonly from: string
  readonly to: string
  /** The directory in its new place; null: found at open, and not looked at yet. */
  readonly directory: Inode | null
  readonly oldPlace: { readonly directory: Inode; readonly name: Name } | null
  /** Resolves when the intent is in the bucket; rejects when it could not be stored and the rename is undone. */
  readonly announced: Promise<void>
  /** Resolves when every object lies under the new prefix. */
  readonly done: Promise<void>
}

/** Requests under way for names in `directory`. */
interface Held {
  readonly directory: Inode
  readonly ended: Promise<void>
}

export interface ResumeOptions {
  /** Its intent may not be there. */
  readonly announce?: boolean | undefined
  /** Objects move once this has resolved: the tree must know what is dirty first. */
  readonly after?: Promise<void> | undefined
}

const backoffMinMs = 500
const backoffMaxMs = 30_000

export class Moves {
  readonly #context: VolumeContext
  readonly #active = new Set<Move>()
  readonly #held = new Set<Held>()
  #closed = false

  constructor(context: VolumeContext) {
    this.#context = context
  }

  get count(): number {
    return this.#active.size
  }

  /** The local change, and the start of the work in the bucket. The new name must be free. */
  async begin(inode: Inode, to: { readonly directory: Inode; readonly name: Name }): Promise<Move> {
    const { tree, names, random, journal } = this.#context
    const { place } = inode
    if (!place) throw new Error('a directory without a place cannot be renamed')
    await this.passedAround(place.parent, place.name)
    await this.passedAround(to.directory, to.name)
    checkNotRemoved(inode)
    const pending = names.of(inode)
    const from = tree.prefixOf(inode)
    if (pending) this.#changeName(pending, names.ensure(to.directory, to.name))
    tree.detach(place.parent, place.name)
    tree.attach(to.directory, to.name, inode)
    const prefixes = { from, to: tree.prefixOf(inode) }
    const id = randomId(random)
    journal.move({ id, ...prefixes }, inode)
    return this.#start(
      { id, ...prefixes, directory: inode, oldPlace: { directory: place.parent, name: place.name } },
      true,
    )
  }

  /** Waits for what the durability says: the intent in the bucket, the journal, or nothing. */
  async acknowledged(move: Move): Promise<void> {
    const { settings, journal } = this.#context
    if (settings.durability === 'journal') await journal.commit()
    else if (settings.durability === 'bucket') await move.announced
  }

  /** Goes on with a rename that was begun before this volume was opened. */
  async resume(record: MoveRecord, options: ResumeOptions = {}): Promise<Move> {
    const { id, from, to } = record
    const resumed = await placeAgain(this.#context, from, to)
    return this.#start(
      { id, from, to, directory: resumed?.directory ?? null, oldPlace: resumed?.oldPlace ?? null },
      options.announce ?? false,
      options.after,
    )
  }

  /** Returns when no move is going on that the key of the name lies in. */
  async passed(directory: Inode, name: Name): Promise<void> {
    for (let move = this.#covering(directory, name); move; move = this.#covering(directory, name)) await move.done
  }

  #covering(directory: Inode, name: Name): Move | undefined {
    if (this.#active.size === 0) return undefined
    const key = `${this.#context.tree.prefixOf(directory)}${name}/`
    return [...this.#active].find(({ from, to }) => key.startsWith(from) || key.startsWith(to))
  }

  /** Runs `task` while nothing moves the name's key. A move that begins meanwhile waits for it. */
  async hold(directory: Inode, name: Name, task: () => Promise<void>): Promise<void> {
    for (let move = this.#covering(directory, name); move; move = this.#covering(directory, name)) await move.done
    let end: () => void = () => {}
    const held: Held = { directory, ended: new Promise<void>((resolve) => (end = resolve)) }
    this.#held.add(held)
    try {
      await task()
    } finally {
      this.#held.delete(held)
      end()
    }
  }

  /** Returns when all that was held at or below `directory` has ended. */
  async released(directory: Inode): Promise<void> {
    await Promise.all([...this.#held].filter((held) => isBelow(held.directory, directory)).map(({ ended }) => ended))
  }

  /** Likewise, and nothing below the name (a directory) is being moved in or out. */
  async passedAround(directory: Inode, name: Name): Promise<void> {
    while (this.#active.size > 0) {
      const key = `${this.#context.tree.prefixOf(directory)}${name}/`
      const touches = (prefix: string): boolean => key.startsWith(prefix) || prefix.startsWith(key)
      const move = [...this.#active].find(({ from, to }) => touches(from) || touches(to))
      if (!move) return
      await move.done
    }
  }

  /** Returns when nothing is being moved. */
  async idle(): Promise<void> {
    while (this.#active.size > 0) await Promise.all([...this.#active].map(({ done }) => done))
  }

  /** Stops retrying; an unfinished move stays described by its intent. */
  close(): void {
    this.#closed = true
  }

  /** The marker of a directory that is only here yet is written under the new name, once the move is done. */
  #changeName(old: PendingName, next: PendingName): void {
    const { names, journal, writeBack } = this.#context
    next.inode = old.inode
    old.inode = null
    journal.name(next)
    writeBack.defer(next)
    if (old.isVoid && !old.lock.busy) {
      names.drop(old)
      journal.nameSettled(old)
    } else {
      // What the bucket still holds there, of another kind, goes then too.
      journal.name(old)
      writeBack.defer(old)
    }
  }

  #start(record: Omit<Move, 'announced' | 'done'>, announce: boolean, after?: Promise<void>): Move {
    const { tree } = this.#context
    tree.movingPrefixes.push({ from: record.from, to: record.to })
    const announced = announce ? this.#tell(record) : Promise.resolve()
    const ready = after ? announced.then(() => after) : announced
    const move: Move = { ...record, announced: this.#announce(record, announced), done: this.#run(record, ready) }
    // Whoever is interested awaits them; nobody has to.
    move.announced.catch(() => undefined)
    this.#active.add(move)
    void move.done.then(() => this.#active.delete(move))
    return move
  }

  /** Nothing moves before the journal and then the bucket know of it. */
  async #tell(record: Omit<Move, 'announced' | 'done'>): Promise<void> {
    await this.#context.journal.commit()
    await storeIntent(this.#context, record)
  }

  async #announce(record: Omit<Move, 'announced' | 'done'>, stored: Promise<void>): Promise<void> {
    try {
      await stored
    } catch (error) {
      if (this.#context.settings.durability === 'bucket') this.#undo(record)
      throw asVolumeError(error)
    }
  }

  /** Under `bucket` a rename whose intent cannot be stored has not happened. */
  #undo(record: Omit<Move, 'announced' | 'done'>): void {
    const { tree } = this.#context
    const { directory, oldPlace } = record
    this.#forget(record)
    if (!directory?.place || !oldPlace) return
    const { parent, name } = directory.place
    tree.detach(parent, name)
    tree.attach(oldPlace.directory, oldPlace.name, directory)
    tree.invalidate(parent, name)
    tree.settle(oldPlace.directory, oldPlace.name)
  }

  async #run(record: Omit<Move, 'announced' | 'done'>, announced: Promise<void>): Promise<void> {
    const { clock, log, random, settings } = this.#context
    try {
      await announced
    } catch (error) {
      if (settings.durability === 'bucket') return
      log.warn('the intent of a directory rename could not be stored; it is tried again', { error: String(error) })
      await this.#untilStored(record)
    }
    for (let attempts = 0; !this.#closed; attempts++) {
      try {
        await moveObjects(this.#context, record)
        await removeIntent(this.#context, record.id)
        return this.#finish(record)
      } catch (error) {
        log.warn('a directory rename is interrupted; it goes on', {
          from: record.from,
          to: record.to,
          error: String(error),
        })
        const ceilingMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(attempts, 10))
        await clock.sleep(ceilingMs * (0.5 + random.float() / 2))
      }
    }
  }

  async #untilStored(record: Omit<Move, 'announced' | 'done'>): Promise<void> {
    for (let attempts = 0; !this.#closed; attempts++) {
      await this.#context.clock.sleep(Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(attempts, 10)))
      try {
        return await storeIntent(this.#context, record)
      } catch (error) {
        this.#context.log.warn('the intent of a directory rename could not be stored', { error: String(error) })
      }
    }
  }

  #finish(record: Omit<Move, 'announced' | 'done'>): void {
    const { tree, names, journal } = this.#context
    this.#forget(record)
    journal.moveDone(record.id)
    const { directory, oldPlace } = record
    if (oldPlace && !names.get(oldPlace.directory, oldPlace.name)) tree.settle(oldPlace.directory, oldPlace.name)
    if (directory?.place && !names.of(directory)) tree.settle(directory.place.parent, directory.place.name)
    // Attributes set while it was moving, or a marker that was never written.
    if (directory?.attributesDirty) this.#context.writeBack.touch(directory)
  }

  #forget(record: Omit<Move, 'announced' | 'done'>): void {
    const { movingPrefixes } = this.#context.tree
    const index = movingPrefixes.findIndex(({ from, to }) => from === record.from && to === record.to)
    if (index >= 0) movingPrefixes.splice(index, 1)
  }
}
