// The local folders of one open volume: journal and spool in a slot of the state folder, blocks in a slot of the cache
// folder. Both default to per-user folders named by the hash of the volume's label.
//
// A folder the program named must work; one nobody named is done without, with a warning, as long as nothing was promised
// that needs it: a container with a read-only home still opens a volume.

import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { MiB } from '../../base/bytes.ts'
import { VolumeError } from '../../base/errors.ts'
import type { ErrnoCode } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { LocalFiles } from '../../volume/local-files.ts'
import { openLocalFiles } from '../local-files.ts'
import type { VolumePlan } from './plan.ts'
import { SlotTakenError, takeSlot } from './slots.ts'
import type { OrphanedSlot, Slot } from './slots.ts'

export interface VolumeFolders {
  readonly journalFiles: LocalFiles | undefined
  readonly spoolFiles: LocalFiles | undefined
  readonly cacheFiles: LocalFiles | undefined
  readonly orphanedJournals: readonly LocalFiles[]
  /** This process's share of `diskCacheBytesMax`. */
  readonly cacheBytesMax: number
  /** The orphans have been replayed and are empty. */
  releaseOrphans(): Promise<void>
  release(): Promise<void>
}

/** A share of the disk cache smaller than this is not worth its bookkeeping. */
const cacheBytesMin = 64 * MiB

/** VolumeError naming folder and way out when a folder that is needed cannot be used. */
export async function openFolders(plan: VolumePlan, log: Logger): Promise<VolumeFolders> {
  const state = await openState(plan, log)
  try {
    const cache = await openCache(plan, log)
    return {
      journalFiles: state?.journal,
      spoolFiles: state?.spool,
      orphanedJournals: state?.orphans ?? [],
      cacheFiles: cache?.files,
      cacheBytesMax: cache?.bytesMax ?? 0,
      async releaseOrphans() {
        for (const orphan of state?.slot.orphans ?? []) await orphan.release()
      },
      async release() {
        await state?.slot.release()
        await cache?.slot.release()
      },
    }
  } catch (error) {
    await state?.slot.release()
    throw error
  }
}

/** The folder of a volume below a per-user root. */
function volumeFolder(home: string, label: string): string {
  return `${home}/bucketfs/${createHash('sha256').update(label).digest('hex').slice(0, 32)}`
}

interface StateFolder {
  readonly slot: Slot
  readonly journal: LocalFiles | undefined
  readonly spool: LocalFiles
  readonly orphans: readonly LocalFiles[]
}

async function openState(plan: VolumePlan, log: Logger): Promise<StateFolder | undefined> {
  const { settings, journalDir, label } = plan
  const needed = settings.durability === 'journal'
  if (settings.readOnly || (plan.url.kind === 'memory' && !needed && journalDir === undefined)) return undefined
  const root = journalDir ?? volumeFolder(plan.stateHome, label)
  try {
    const slot = await takeSlot(root, { only: journalDir === undefined ? undefined : 0, wantsOrphan: hasJournal })
    // Spooled bytes are of no use to anyone but the process that wrote them.
    await rm(`${slot.path}/spool`, { recursive: true, force: true })
    // What a former owner left in our own slot is an orphan too when this volume keeps no journal.
    const leftovers = !needed && (await hasJournal(slot.path)) ? [slot, ...slot.orphans] : slot.orphans
    return {
      slot,
      journal: needed ? await openLocalFiles(journalOf(slot)) : undefined,
      spool: await openLocalFiles(`${slot.path}/spool`),
      orphans: await Promise.all(leftovers.map((leftover) => openLocalFiles(journalOf(leftover)))),
    }
  } catch (error) {
    const failure = folderError('journal', 'journalDir', root, error)
    if (needed || journalDir !== undefined) throw failure
    log.warn('no local folder for bytes that do not fit in memory', { reason: failure.message })
    return undefined
  }
}

interface CacheFolder {
  readonly slot: Slot
  readonly files: LocalFiles
  readonly bytesMax: number
}

async function openCache(plan: VolumePlan, log: Logger): Promise<CacheFolder | undefined> {
  const { settings, cacheDir, label } = plan
  // What is in memory or on this disk already gains nothing.
  if (settings.diskCacheBytesMax <= 0 || (plan.url.kind !== 's3' && cacheDir === undefined)) return undefined
  const root = cacheDir ?? volumeFolder(plan.cacheHome, label)
  try {
    const slot = await takeSlot(root)
    const bytesMax = cacheShare(settings.diskCacheBytesMax, slot.index)
    if (bytesMax < Math.min(cacheBytesMin, settings.diskCacheBytesMax / 2)) {
      await slot.release()
      return undefined
    }
    return { slot, files: await openLocalFiles(`${slot.path}/blocks`), bytesMax }
  } catch (error) {
    const failure = folderError('disk cache', 'cacheDir', root, error)
    if (cacheDir !== undefined) throw failure
    log.warn('no disk cache', { reason: failure.message })
    return undefined
  }
}

/**
 * Shares by slot that never add up to more than the whole, without asking the others: ¾ to the first, ¾ of the rest to the
 * second, and so on. What a process left in its slot stays within that slot's share.
 */
export function cacheShare(bytesMax: number, slotIndex: number): number {
  return Math.floor(bytesMax * 0.75 * 0.25 ** slotIndex)
}

async function hasJournal(path: string): Promise<boolean> {
  try {
    return (await readdir(`${path}/journal`)).length > 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

function journalOf({ path }: Slot | OrphanedSlot): string {
  return `${path}/journal`
}

const folderReasons: Readonly<Partial<Record<string, ErrnoCode>>> = {
  EROFS: 'EROFS',
  EACCES: 'EACCES',
  EPERM: 'EPERM',
  ENOSPC: 'ENOSPC',
  EDQUOT: 'ENOSPC',
  ENOTDIR: 'ENOTDIR',
  EEXIST: 'ENOTDIR',
  ELOOP: 'ELOOP',
  EIO: 'EIO',
  ENAMETOOLONG: 'ENAMETOOLONG',
  EMFILE: 'EMFILE',
}

function folderError(what: string, option: string, folder: string, cause: unknown): VolumeError {
  if (cause instanceof SlotTakenError) {
    const message = `${what} folder ${folder} is in use by process ${cause.owner.pid}; close that volume, or give another ${option}`
    return new VolumeError('EBUSY', { message, cause })
  }
  const { code, message } = cause as NodeJS.ErrnoException
  return new VolumeError(folderReasons[code ?? ''] ?? 'EIO', {
    message: `${what} folder ${folder} cannot be used: ${message}; give ${option} a folder that can be written`,
    cause,
  })
}
