// In the engine's thread: from a plan to an open volume. The usual opener of an engine (`composed.ts`).

import { systemRandom } from '../base/system.ts'
import type { VolumeSettings } from '../volume/settings.ts'
import { startVolume } from '../volume/start.ts'
import type { ComposedVolume } from './composed.ts'
import { openBucket } from './open/bucket.ts'
import { openFolders } from './open/folders.ts'
import { explainOpenFailure } from './open/open-errors.ts'
import { loadParts } from './open/parts.ts'
import type { GivenParts, VolumePlan } from './open/plan.ts'
import { cacheBytes } from './shared/layout.ts'

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
  const settings = { ...plan.settings, readOnly: plan.settings.readOnly || bucket.deniesWrites }
  const folders = await openFolders({ ...plan, settings }, log)
  undo.push(() => folders.release())
  const { journalFiles, spoolFiles, cacheFiles, orphanedJournals } = folders
  const local = { journalFiles, spoolFiles, cacheFiles, orphanedJournals }
  const shares = { memoryBytesMax: memoryShare(settings), diskCacheBytesMax: folders.cacheBytesMax }
  const volume = await startVolume({
    store,
    clock,
    random: systemRandom,
    log,
    settings: { ...settings, ...shares },
    ...local,
  })
  undo.push(() => volume.close())
  await folders.releaseOrphans()
  return {
    volume,
    settings,
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

/** The shared cache is clean bytes in memory too. As little as settings allow (four parts) is left to the volume whole. */
function memoryShare({ memoryBytesMax, partBytes }: VolumeSettings): number {
  return Math.max(Math.min(memoryBytesMax, 4 * partBytes), memoryBytesMax - cacheBytes)
}
