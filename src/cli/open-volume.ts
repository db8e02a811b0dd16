// How the command opens volumes: on its own thread, since nothing else waits on it, with what the flags say over what
// the environment says.

import { openEngine } from '../engine/open.ts'
import { openBucket } from '../engine/open/bucket.ts'
import { explainOpenFailure } from '../engine/open/open-errors.ts'
import { loadParts } from '../engine/open/parts.ts'
import { planVolume } from '../engine/open/plan.ts'
import type { BucketOpener, OpenVolume, VolumeOpener } from './places/places.ts'
import type { OpenOptions } from './program.ts'

export function openerFor(options: OpenOptions): VolumeOpener {
  return async (url): Promise<OpenVolume> => {
    const { client } = await openEngine(url, { ...options, engine: 'inline' })
    return {
      calls: client.calls,
      caller: () => client.caller(),
      metrics: () => client.metrics(),
      close: () => client.close(),
    }
  }
}

/** The bucket without a volume over it, wrapped as the volume would have it. */
export function bucketOpenerFor(options: OpenOptions): BucketOpener {
  return async (url) => {
    const { plan, given } = planVolume(url, { ...options, engine: 'inline' }, process.env)
    try {
      return (await openBucket(plan, await loadParts(plan, given))).store
    } catch (error) {
      throw explainOpenFailure(plan, error)
    }
  }
}
