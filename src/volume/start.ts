// Builds a volume from its components and closes it again. Order at open: parts, then journals (replayed, so that what was
// promised goes on), then directory renames that others left unfinished. At close: everything dirty goes to the bucket.

import { VolumeError } from '../base/errors.ts'
import { randomId } from '../base/random.ts'
import { DirtyStore } from './content/dirty-store.ts'
import { MemoryBudget } from './content/memory-budget.ts'
import { ContentReader } from './content/reader.ts'
import type { VolumeContext } from './context.ts'
import { Events } from './events.ts'
import { OpenFiles } from './handles/open-files.ts'
import { adoptJournals } from './journal/adopt.ts'
import { Journal } from './journal/journal.ts'
import type { LiveState } from './journal/journal.ts'
import { lastSegmentNumber } from './journal/read-journal.ts'
import { nullJournal } from './journal/volume-journal.ts'
import type { LocalFiles } from './local-files.ts'
import { VolumeMetrics } from './metrics.ts'
import { abandonedIntents } from './names/moves/intents.ts'
import { Moves } from './names/moves/moves.ts'
import { PendingNames } from './names/pending-names.ts'
import { WriteBack } from './names/write-back.ts'
import { cachedPath } from './paths/cached-path.ts'
import { createPathCalls } from './paths/path-calls.ts'
import { ServerTime } from './server-time.ts'
import { Tree } from './tree/tree.ts'
import type { Volume, VolumeComponents } from './volume.ts'

/** Opens a volume; what journals and abandoned renames promise is under way when it resolves. */
export async function startVolume(components: VolumeComponents): Promise<Volume> {
  const { journalFiles, orphanedJournals = [], settings } = components
  const journaled = settings.durability === 'journal'
  if (journaled && !journalFiles) throw new RangeError("durability 'journal' needs a folder for the journal")
  const lastNumber = journaled && journalFiles ? await lastSegmentNumber(journalFiles) : 0
  const context = build(components, lastNumber + 1)
  try {
    await takeOver(context, journalFiles ? [journalFiles, ...orphanedJournals] : orphanedJournals)
  } catch (error) {
    await context.writeBack.close()
    context.reader.close()
    await context.journal.close()
    throw error
  }
  if (!settings.readOnly) await finishRenames(context)
  return new OpenVolume(context)
}

/** What crashed processes left becomes ours: in our journal, or in the bucket before we begin. */
async function takeOver(context: VolumeContext, folders: readonly LocalFiles[]): Promise<void> {
  if (folders.length === 0 || context.settings.readOnly) return
  const adopted = await adoptJournals(context, folders)
  if (adopted.journals.length === 0) return
  context.log.info('going on from the journal of a process that ended without closing its volume')
  context.journal.adopted(adopted.journals)
  if (context.settings.durability === 'journal') await context.journal.commit()
  else await context.writeBack.syncAll()
  await adopted.discard()
}

function build(components: VolumeComponents, firstNumber: number): VolumeContext {
  const { store, clock, random, log, settings } = components
  const metrics = new VolumeMetrics()
  const budget = new MemoryBudget(settings.memoryBytesMax)
  const tree = new Tree({ store, clock, random, log, settings, metrics })
  const reader = new ContentReader({
    ...{ store, settings, metrics, budget, log },
    nextFiles: ({ place }, count) => (place ? tree.filesAfter(place.parent, place.name, count) : []),
  })
  const journal = journalOf(components, metrics, firstNumber, () => context)
  const dirtyStore = new DirtyStore({
    budget,
    onShort: () => context.writeBack.makeRoom(),
    ...(journal ? { spool: journal, spoolFirst: true } : {}),
  })
  const events = new Events(tree, (error) => log.error('a listener failed', { error: String(error) }))
  const shared = { store, clock, random, log, settings, metrics, tree, budget, reader, dirtyStore, events }
  const context: VolumeContext = {
    ...shared,
    ownerId: randomId(random),
    serverTime: new ServerTime(clock),
    journal: journal ?? nullJournal,
    names: new PendingNames(),
    files: new OpenFiles(),
    get moves() {
      return moves
    },
    get writeBack() {
      return writeBack
    },
  }
  const moves = new Moves(context)
  const writeBack = new WriteBack(context)
  tree.onForeignChange = (inode) => events.inode('modified', inode, 'remote')
  registerGauges(context)
  return context
}

function journalOf(
  components: VolumeComponents,
  metrics: VolumeMetrics,
  firstNumber: number,
  context: () => VolumeContext,
): Journal | null {
  const { settings, journalFiles, random } = components
  if (settings.durability !== 'journal' || !journalFiles) return null
  const live = (): LiveState => ({ inodes: context().writeBack.dirtyInodes(), names: context().names.all() })
  const bytesMax = settings.spoolBytesMax
  return new Journal({ files: journalFiles, journal: randomId(random), firstNumber, bytesMax, metrics, live })
}

function registerGauges(context: VolumeContext): void {
  const { metrics, writeBack, names, moves, files, tree, budget } = context
  metrics.gauge('dirtyInodes', () => writeBack.dirtyCount)
  metrics.gauge('dirtyBytes', () => sum(writeBack.dirtyInodes().map((inode) => inode.content?.dirtyBytes ?? 0)))
  metrics.gauge('pendingNames', () => names.count)
  metrics.gauge('writeBackQueue', () => writeBack.queuedCount)
  metrics.gauge('directoryMoves', () => moves.count)
  metrics.gauge('openFiles', () => files.count)
  metrics.gauge('inodes', () => tree.inodeCount)
  metrics.gauge('memoryBytes', () => budget.used())
}

async function finishRenames(context: VolumeContext): Promise<void> {
  try {
    for (const intent of await abandonedIntents(context)) {
      context.log.info('finishing a directory rename that was abandoned', { from: intent.from, to: intent.to })
      context.moves.resume(intent)
    }
  } catch (error) {
    // A bucket that cannot be listed fails at the first use with the caller's own path in the error.
    context.log.warn('abandoned renames could not be looked for', { error: String(error) })
  }
}

class OpenVolume implements Volume {
  readonly calls: Volume['calls']
  readonly settings: Volume['settings']
  readonly #context: VolumeContext
  #closing: Promise<void> | undefined

  constructor(context: VolumeContext) {
    this.#context = context
    this.settings = context.settings
    this.calls = createPathCalls(context, () => this.#closing !== undefined)
  }

  subscribe(listener: Parameters<Volume['subscribe']>[0]): () => void {
    return this.#context.events.subscribe(listener)
  }

  trustedUntilMs(ino: number): number {
    const { tree } = this.#context
    try {
      const inode = tree.inode(ino)
      if (inode.dirty) return Infinity
      const dentry = inode.place?.parent.directory?.dentries.get(inode.place.name)
      return Math.min(inode.attributesKnown ? inode.attributesFreshUntilMs : 0, dentry?.freshUntilMs ?? Infinity)
    } catch (error) {
      if (error instanceof VolumeError) return 0
      throw error
    }
  }

  cachedPath(path: string, followLast: boolean): ReturnType<typeof cachedPath> {
    return cachedPath(this.#context.tree.root, path, followLast)
  }

  metrics(): Readonly<Record<string, unknown>> {
    return this.#context.metrics.snapshot()
  }

  async sync(): Promise<void> {
    await this.#context.writeBack.syncAll()
    await this.#context.tree.flushIndexes()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { files, journal, moves, reader, tree, writeBack } = this.#context
    try {
      await writeBack.syncAll()
      await moves.idle()
      await tree.close()
    } finally {
      moves.close()
      await writeBack.close()
      for (const file of files.all()) files.remove(file)
      reader.close()
      await journal.close()
    }
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
