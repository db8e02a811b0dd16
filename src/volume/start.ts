// Opens a volume from its components and closes it again. Order at open: parts, then journals (taken over, so that what was
// promised goes on), then directory renames that others left unfinished. At close: everything dirty goes to the bucket.

import { VolumeError, isStoreError } from '../base/errors.ts'
import { assemble } from './assemble.ts'
import type { Assembled } from './assemble.ts'
import type { VolumeContext } from './context.ts'
import { adoptJournals } from './journal/adopt.ts'
import type { LocalFiles } from './local-files.ts'
import { abandonedIntents } from './names/moves/intents.ts'
import { cachedPath } from './paths/cached-path.ts'
import { createPathCalls } from './paths/path-calls.ts'
import type { Ino } from './types.ts'
import type { Volume, VolumeComponents } from './volume.ts'
import { asVolumeError } from './volume-errors.ts'

/** Opens a volume; what journals and abandoned renames promise is under way when it resolves. */
export async function startVolume(components: VolumeComponents): Promise<Volume> {
  const { journalFiles, orphanedJournals = [], settings } = components
  const assembled = await assemble(components)
  const { context } = assembled
  try {
    if (!settings.readOnly)
      await takeOver(context, journalFiles ? [journalFiles, ...orphanedJournals] : orphanedJournals)
    if (!settings.readOnly) await finishRenames(context)
  } catch (error) {
    await release(assembled)
    throw error
  }
  return new OpenVolume(assembled)
}

/** What crashed processes left becomes ours: in our journal, or in the bucket before we begin. */
async function takeOver(context: VolumeContext, folders: readonly LocalFiles[]): Promise<void> {
  const adopted = await adoptJournals(context, folders)
  if (adopted.journals.length > 0)
    context.log.info('going on from the journal of a process that ended without closing its volume')
  // Also when there was nothing: a journal counts from here on.
  context.journal.adopted(adopted.journals)
  if (context.settings.durability === 'journal') await context.journal.commit()
  adopted.goOn()
  if (context.settings.durability !== 'journal' && adopted.journals.length > 0) await context.writeBack.syncAll()
  await adopted.discard()
}

async function finishRenames(context: VolumeContext): Promise<void> {
  try {
    for (const intent of await abandonedIntents(context)) {
      context.log.info('finishing a directory rename that was abandoned', { from: intent.from, to: intent.to })
      await context.moves.resume(intent)
    }
  } catch (error) {
    // Whoever does not know of a rename that is half done shows half of it. Without the right to list nothing is shown.
    if (!isStoreError(error, 'denied')) throw asVolumeError(error)
    context.log.warn('abandoned renames could not be looked for', { error: String(error) })
  }
}

/** Stops everything and lets go of local folders. A journal that still holds something keeps it. */
async function release({ context, local }: Assembled): Promise<void> {
  const { files, moves, reader, writeBack } = context
  moves.close()
  await writeBack.close()
  for (const file of files.all()) files.remove(file)
  reader.close()
  await local.journal?.close()
  await local.spool?.close()
  await local.disk?.close()
}

class OpenVolume implements Volume {
  readonly calls: Volume['calls']
  readonly settings: Volume['settings']
  readonly #assembled: Assembled
  readonly #context: VolumeContext
  #closing: Promise<void> | undefined

  constructor(assembled: Assembled) {
    this.#assembled = assembled
    this.#context = assembled.context
    this.settings = this.#context.settings
    this.calls = createPathCalls(this.#context, () => this.#closing !== undefined)
  }

  subscribe(listener: Parameters<Volume['subscribe']>[0]): () => void {
    return this.#context.events.subscribe(listener)
  }

  trustedUntilMs(ino: Ino): number {
    try {
      const inode = this.#context.tree.inode(ino)
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
    await this.#context.reader.flushChecksums()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      await this.#context.writeBack.syncAll()
      await this.#context.tree.close()
      await this.#context.reader.flushChecksums()
    } finally {
      await release(this.#assembled)
    }
  }
}
