// The write-back queue: which inodes and names are dirty, when they go to the bucket, and who waits for them. Ordered per
// name and inode by their locks, parallel across them. Under `bucket` callers settle what they changed themselves and the
// queue only repeats what failed; under `journal` and `memory` it carries everything out after a short pause, so that
// create, write, chmod and rename fold. Failures are retried for ever with backoff; the first one of an inode is
// remembered for its next fsync or close.

import PQueue from 'p-queue'
import { isStoreError } from '../../base/errors.ts'
import type { VolumeError } from '../../base/errors.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode, Version } from '../inode.ts'
import { asVolumeError } from '../volume-errors.ts'
import { releaseOwnedKey } from './aside.ts'
import type { PendingName } from './pending-names.ts'
import { Settler } from './settle.ts'
import type { SettleOptions } from './settle.ts'
import { Streams } from './streams.ts'

type Work = Inode | PendingName

const backoffMinMs = 500
const backoffMaxMs = 30_000
/** Rounds one flush makes while others go on changing the inode. */
const roundsMax = 1000
const flushesInFlightMax = 64
/** Rounds of a sync while others go on changing things. */
const syncRoundsMax = 10

export class WriteBack {
  readonly settler: Settler
  readonly streams: Streams
  readonly #context: VolumeContext
  readonly #queue: PQueue
  readonly #dirty = new Set<Inode>()
  readonly #timers = new Map<Work, () => void>()
  readonly #attempts = new Map<Work, number>()
  #closed = false

  constructor(context: VolumeContext) {
    this.#context = context
    this.settler = new Settler(context)
    this.streams = new Streams(context)
    this.#queue = new PQueue({ concurrency: context.settings.writeBackConcurrency })
  }

  /** Inodes with local contents or attributes. */
  get dirtyCount(): number {
    return this.#dirty.size
  }

  get queuedCount(): number {
    return this.#timers.size + this.#queue.size + this.#queue.pending
  }

  dirtyInodes(): readonly Inode[] {
    return [...this.#dirty]
  }

  /** The inode differs from the bucket. Under `bucket` it waits for its fsync or close. */
  touch(inode: Inode): void {
    inode.changeCount++
    this.#dirty.add(inode)
    if (this.#context.settings.durability !== 'bucket') this.#schedule(inode, this.#context.settings.writeBackDelayMs)
  }

  /** The inode is as in the bucket, or given up. */
  clean(inode: Inode): void {
    this.#dirty.delete(inode)
    this.#cancel(inode)
    this.#attempts.delete(inode)
  }

  /** The name is pending and nobody waits for it. */
  defer(pending: PendingName): void {
    this.#schedule(pending, this.#context.settings.writeBackDelayMs)
  }

  /** Nothing goes out in the background until the answer is called: who must leave which name is not known yet. */
  hold(): () => void {
    this.#queue.pause()
    return () => void this.#queue.start()
  }

  /** Returns when the contents, attributes and names the inode has now are in the bucket. */
  async flushInode(inode: Inode, options: SettleOptions = { waiting: true }): Promise<void> {
    const target = inode.changeCount
    this.#cancel(inode)
    for (let round = 0; round < roundsMax; round++) {
      const pending = this.#context.names.of(inode)
      if (!pending && (!inode.dirty || inode.writtenCount >= target || !inode.place)) break
      if (pending && pending.inode !== inode) break
      await this.#guard(inode, () => this.settler.inode(inode, options))
    }
    for (const old of this.#context.names.leftBy(inode)) await this.flushName(old, options)
    if (inode.dirty && inode.place) this.#reschedule(inode)
  }

  async flushName(pending: PendingName, options: SettleOptions = { waiting: true }): Promise<void> {
    this.#cancel(pending)
    for (let round = 0; round < roundsMax; round++) {
      if (this.#context.names.get(pending.directory, pending.name) !== pending) return
      await this.#guard(pending, () => this.settler.name(pending, options))
    }
  }

  /** Everything that is dirty now is in the bucket when it returns; rejects with the first failure after trying all. */
  async flushAll(): Promise<void> {
    const failures: unknown[] = []
    const flushes = [
      ...this.#context.names.all().map((pending) => () => this.flushName(pending, { waiting: false })),
      ...this.dirtyInodes().map((inode) => () => this.flushInode(inode, { waiting: false })),
    ]
    const queue = new PQueue({ concurrency: flushesInFlightMax })
    await queue.addAll(flushes.map((flush) => () => flush().catch((error: unknown) => void failures.push(error))))
    if (failures.length > 0) throw failures[0]
  }

  /** Everything is in the bucket, also what changes while this runs, within reason. */
  async syncAll(): Promise<void> {
    for (let round = 0; round < syncRoundsMax; round++) {
      await this.flushAll()
      await this.#context.moves.idle()
      if (this.#context.names.count === 0 && this.#dirty.size === 0) return
      if (this.#settledButOpen()) return
    }
  }

  /** Memory is short: closed files go to their keys, open ones to keys of their own, so that nobody sees them half. */
  makeRoom(): void {
    for (const inode of this.#dirty) {
      if (!inode.content || !inode.place) continue
      if (inode.openCount === 0) this.#schedule(inode, 0)
      else void this.#queue.add(() => this.#putAside(inode))
    }
  }

  /** A key that belonged to an inode alone is not needed any more. */
  releaseOwned(version: Version): Promise<void> {
    return releaseOwnedKey(this.#context, version)
  }

  /** Stops timers and background work; what is dirty stays dirty (and in the journal, if there is one). */
  async close(): Promise<void> {
    this.#closed = true
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    this.#queue.clear()
    await this.#queue.onIdle()
    await this.streams.close()
  }

  /** What is left has no name any more: unlinked, but open. */
  #settledButOpen(): boolean {
    return this.#context.names.count === 0 && [...this.#dirty].every((inode) => !inode.place)
  }

  async #putAside(inode: Inode): Promise<void> {
    try {
      await this.streams.putAside(inode)
    } catch (error) {
      this.#context.log.warn('memory is short and contents could not be put aside', { error: String(error) })
    }
  }

  #schedule(work: Work, delayMs: number): void {
    if (this.#closed) return
    this.#cancel(work)
    const run = (): void => {
      this.#timers.delete(work)
      void this.#queue.add(() => this.#background(work))
    }
    this.#timers.set(work, this.#context.clock.timer(delayMs, run))
  }

  #reschedule(inode: Inode): void {
    if (this.#context.settings.durability !== 'bucket') this.#schedule(inode, this.#context.settings.writeBackDelayMs)
  }

  #cancel(work: Work): void {
    this.#timers.get(work)?.()
    this.#timers.delete(work)
  }

  async #background(work: Work): Promise<void> {
    if (this.#closed) return
    const flush = 'ino' in work ? this.flushInode(work, { waiting: false }) : this.flushName(work, { waiting: false })
    await flush.catch((error: unknown) => {
      const { log, tree } = this.#context
      const path = 'ino' in work ? tree.pathOf(work) : `${tree.pathOf(work.directory)}/${work.name}`
      log.warn('write-back failed; it is tried again', { path, error: String(error) })
    })
  }

  /** Runs one try; a failure is remembered and the work is tried again later, whoever waited for it. */
  async #guard(work: Work, settle: () => Promise<void>): Promise<void> {
    try {
      await settle()
      this.#attempts.delete(work)
    } catch (error) {
      const failure = asVolumeError(error)
      this.#context.metrics.count('writeBackFailures')
      if (!(isGivenUp(failure) && !isDirty(work, this.#context))) this.#retryLater(work, error)
      throw failure
    }
  }

  #retryLater(work: Work, error: unknown): void {
    const attempts = this.#attempts.get(work) ?? 0
    this.#attempts.set(work, attempts + 1)
    const lasting = isStoreError(error) && !error.retry
    const ceilingMs = lasting ? backoffMaxMs : Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(attempts, 10))
    this.#schedule(work, ceilingMs * (0.5 + this.#context.random.float() / 2))
  }
}

/** Conflicts end the work; the bytes are elsewhere. */
function isGivenUp(error: VolumeError): boolean {
  return error.code === 'ESTALE' || error.code === 'EEXIST' || error.code === 'ENOENT'
}

function isDirty(work: Work, context: VolumeContext): boolean {
  return 'ino' in work ? work.dirty : context.names.get(work.directory, work.name) === work
}
