// From components to the context that the parts of a volume share. Local folders become spool, journal and disk cache.

import { randomId } from '../base/random.ts'
import { DiskCache } from './content/cache/disk-cache.ts'
import { DirtyStore } from './content/dirty-store.ts'
import { MemoryBudget } from './content/memory-budget.ts'
import { ContentReader } from './content/reader.ts'
import { ScratchSpool } from './content/scratch-spool.ts'
import type { VolumeContext } from './context.ts'
import { Events } from './events.ts'
import { OpenFiles } from './handles/open-files.ts'
import { Journal } from './journal/journal.ts'
import { lastSegmentNumber } from './journal/read-journal.ts'
import { nullJournal } from './journal/volume-journal.ts'
import { VolumeMetrics } from './metrics.ts'
import { Moves } from './names/moves/moves.ts'
import { PendingNames } from './names/pending-names.ts'
import { WriteBack } from './names/write-back.ts'
import { ServerTime } from './server-time.ts'
import { Tree } from './tree/tree.ts'
import type { VolumeComponents } from './volume.ts'

/** What the local folders became; closed after everything else. */
export interface LocalParts {
  readonly journal: Journal | null
  readonly spool: ScratchSpool | null
  readonly disk: DiskCache | null
}

export interface Assembled {
  readonly context: VolumeContext
  readonly local: LocalParts
}

export async function assemble(components: VolumeComponents): Promise<Assembled> {
  const metrics = new VolumeMetrics()
  let live: VolumeContext | null = null
  const local = await openLocal(components, metrics, () => live)
  const context = build(components, metrics, local)
  live = context
  registerGauges(context, local)
  return { context, local }
}

async function openLocal(
  components: VolumeComponents,
  metrics: VolumeMetrics,
  live: () => VolumeContext | null,
): Promise<LocalParts> {
  const { settings, journalFiles, spoolFiles, cacheFiles, log, random } = components
  const { durability, spoolBytesMax, diskCacheBytesMax } = settings
  const disk =
    cacheFiles && diskCacheBytesMax > 0
      ? await DiskCache.open({ files: cacheFiles, bytesMax: diskCacheBytesMax, log })
      : null
  if (durability !== 'journal' || settings.readOnly) {
    const spool = spoolFiles ? await ScratchSpool.open({ files: spoolFiles, bytesMax: spoolBytesMax }) : null
    return { journal: null, spool, disk }
  }
  if (!journalFiles) throw new RangeError("durability 'journal' needs a folder for the journal")
  const journal = new Journal({
    files: journalFiles,
    journal: randomId(random),
    firstNumber: (await lastSegmentNumber(journalFiles)) + 1,
    bytesMax: spoolBytesMax,
    metrics,
    live: () => ({ inodes: live()?.writeBack.dirtyInodes() ?? [], names: live()?.names.all() ?? [] }),
  })
  return { journal, spool: null, disk }
}

function build(components: VolumeComponents, metrics: VolumeMetrics, local: LocalParts): VolumeContext {
  const { store, clock, random, log, settings } = components
  const budget = new MemoryBudget(settings.memoryBytesMax)
  const tree = new Tree({ store, clock, random, log, settings, metrics })
  const reader = new ContentReader({
    ...{ store, settings, metrics, budget, log, clock },
    disk: local.disk ?? undefined,
    siblings: ({ place }, count) => (place ? tree.filesIn(place.parent, count) : []),
    nextFiles: ({ place }, count) => (place ? tree.filesAfter(place.parent, place.name, count) : []),
    onInfo: (version, info) => tree.learnedAhead(version, info),
  })
  const dirtyStore = new DirtyStore({
    budget,
    onShort: () => context.writeBack.makeRoom(),
    spool: local.journal ?? local.spool ?? undefined,
    spoolFirst: local.journal !== null,
  })
  const events = new Events(tree, (error) => log.error('a listener failed', { error: String(error) }))
  const context: VolumeContext = {
    ...{ store, clock, random, log, settings, metrics, tree, budget, reader, dirtyStore, events },
    ownerId: randomId(random),
    serverTime: new ServerTime(clock),
    journal: local.journal ?? nullJournal,
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
  tree.onForeignName = (kind, directory, name, inode) => events.foreignName(kind, directory, name, inode)
  return context
}

function registerGauges(context: VolumeContext, local: LocalParts): void {
  const { metrics, writeBack, names, moves, files, tree, budget } = context
  metrics.gauge('dirtyInodes', () => writeBack.dirtyCount)
  metrics.gauge('dirtyBytes', () => sum(writeBack.dirtyInodes().map((inode) => inode.content?.dirtyBytes ?? 0)))
  metrics.gauge('pendingNames', () => names.count)
  metrics.gauge('writeBackQueue', () => writeBack.queuedCount)
  metrics.gauge('directoryMoves', () => moves.count)
  metrics.gauge('openFiles', () => files.count)
  metrics.gauge('inodes', () => tree.inodeCount)
  metrics.gauge('memoryBytes', () => budget.used())
  metrics.gauge('memoryBytesPeak', () => budget.peak)
  metrics.gauge('spoolBytes', () => local.journal?.bytes ?? local.spool?.bytes ?? 0)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
