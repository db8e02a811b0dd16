// In the engine's thread: from a plan to an open volume. The usual opener of an engine (`composed.ts`).

import { systemRandom } from '../base/system.ts'
import { startVolume } from '../volume/start.ts'
import type { ComposedVolume } from './composed.ts'
import { openBucket } from './open/bucket.ts'
import { openFolders } from './open/folders.ts'
import { explainOpenFailure } from './open/open-errors.ts'
import { loadParts } from './open/parts.ts'
import type { GivenParts, VolumePlan } from './open/plan.ts'

/** `OpenVolumeHere` of composed.ts. */
export function open(data: unknown): Promise<ComposedVolume> {
  return composeVolume(data as VolumePlan, {})
}

/** VolumeError, saying what to do, when bucket or folders cannot be opened. Releases what it had when it fails. */
export async function composeVolume(plan: VolumePlan, given: GivenParts): Promise<ComposedVolume> {
  const undo: (() => Promise<void>)[] = []
  try {
    return await compose(plan, given, undo)
  } catch (error) {
    for (const step of undo.toReversed()) await step()
    throw explainOpenFailure(plan, error)
  }
}

async function compose(plan: VolumePlan, given: GivenParts, undo: (() => Promise<void>)[]): Promise<ComposedVolume> {
  const parts = await loadParts(plan, given)
  const { clock, log } = parts
  const bucket = await openBucket(plan, parts)
  const { store, metrics } = bucket
  undo.push(() => store.close())
  const readOnly = plan.settings.readOnly || bucket.deniesWrites
  const folders = await openFolders({ ...plan, settings: { ...plan.settings, readOnly } }, log)
  undo.push(() => folders.release())
  const { journalFiles, spoolFiles, cacheFiles, orphanedJournals } = folders
  const settings = { ...plan.settings, readOnly, diskCacheBytesMax: folders.cacheBytesMax }
  const local = { journalFiles, spoolFiles, cacheFiles, orphanedJournals }
  const volume = await startVolume({ store, clock, random: systemRandom, log, settings, ...local })
  undo.push(() => volume.close())
  await folders.releaseOrphans()
  return {
    volume,
    store,
    clock,
    log,
    metrics: () => ({
      store: metrics.snapshot(),
      limit: bucket.limitState(),
      unsafe: bucket.unsafeCount() + Number(volume.metrics()['unsafe'] ?? 0),
    }),
    async release() {
      await store.close()
      await folders.release()
    },
  }
}
