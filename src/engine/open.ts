// The composition root: URL and options become a plan, the plan a volume in an engine.

import { composeVolume } from './compose.ts'
import type { Engine } from './engine.ts'
import { startInlineEngine } from './thread/inline-engine.ts'
import type { OpenVolumeOptions } from './open/options.ts'
import { planVolume } from './open/plan.ts'
import type { VolumePlan } from './open/plan.ts'
import { startWorkerEngine, startWorkerEngineSync } from './thread/worker-engine.ts'
import type { WorkerEngineOptions } from './thread/worker-engine.ts'

/**
 * Opens the volume at `url`. Mistakes in URL, options or environment throw TypeError or RangeError (ERR_INVALID_URL for
 * the URL); what is wrong with bucket or folders is a VolumeError whose message names it and the way out.
 */
export async function openEngine(url: string | URL, options: OpenVolumeOptions = {}): Promise<Engine> {
  const { plan, given, engine } = planVolume(url, options, process.env)
  if (engine === 'inline') return startInlineEngine({ composed: composeVolume(plan, given) })
  return startWorkerEngine(workerOptions(plan))
}

/** The same, blocking this thread until the volume is open; always in a worker. */
export function openEngineSync(url: string | URL, options: OpenVolumeOptions = {}): Engine {
  const { plan, engine } = planVolume(url, options, process.env)
  if (engine === 'inline')
    throw new TypeError("engine: 'inline' cannot be opened synchronously; use the asynchronous open, or 'worker'")
  return startWorkerEngineSync(workerOptions(plan))
}

function workerOptions(plan: VolumePlan): WorkerEngineOptions {
  return { opener: { module: composeFile().href, data: plan }, label: plan.label }
}

/** See `workerFile` of thread/worker-engine.ts. */
function composeFile(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../../dist/engine/compose.js' : './compose.js', import.meta.url)
}
