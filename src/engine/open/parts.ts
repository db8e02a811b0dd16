// Parts of a volume that are code: loaded from the modules a plan names, in the engine's thread, or given as objects to an
// inline engine.

import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { systemClock } from '../../base/system.ts'
import type { CredentialsOption } from '../../store/s3/credentials.ts'
import type { ObjectStore } from '../../store/store.ts'
import type { CodeOption } from './options.ts'
import type { GivenParts, VolumePlan } from './plan.ts'
import { stderrLogger } from './stderr-logger.ts'

export interface VolumeParts {
  readonly store: ObjectStore | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly credentials: CredentialsOption | undefined
}

/** TypeError naming the option when its module has no such function. */
export async function loadParts(plan: VolumePlan, given: GivenParts): Promise<VolumeParts> {
  return {
    store: given.store ?? (await load<ObjectStore>(plan, 'store')),
    clock: given.clock ?? (await load<Clock>(plan, 'clock')) ?? systemClock,
    log: given.logger ?? (await load<Logger>(plan, 'logger')) ?? stderrLogger,
    credentials: given.credentials ?? (await load<CredentialsOption>(plan, 'credentials')) ?? plan.s3.credentials,
  }
}

async function load<T>(plan: VolumePlan, option: CodeOption): Promise<T | undefined> {
  const named = plan.modules[option]
  if (!named) return undefined
  const create = `create${option.charAt(0).toUpperCase()}${option.slice(1)}`
  const module = (await import(named.module)) as Readonly<Record<string, unknown>>
  const make = module[create]
  if (typeof make !== 'function')
    throw new TypeError(`option ${option}: ${named.module} exports no function named ${create}`)
  return (await (make as (data: unknown) => unknown)(named.data)) as T
}
