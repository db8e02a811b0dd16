// What an opener gives an engine. The usual opener is `compose.ts`; tests and hosts may name another module.

import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { ObjectStore } from '../store/store.ts'
import type { VolumeSettings } from '../volume/settings.ts'
import type { Volume } from '../volume/volume.ts'

export interface ComposedVolume {
  readonly volume: Volume
  /** As the program asked for them; the volume's own may be shares of them. Default: the volume's. */
  readonly settings?: VolumeSettings | undefined
  readonly store?: ObjectStore | undefined
  readonly clock: Clock
  readonly log: Logger
  /** Plain data added to the volume's metrics: what the store and the opening know. */
  metrics?(): Readonly<Record<string, unknown>>
  /** Releases what is below the volume (store, folders, locks). Called once, after `volume.close`. */
  release(): Promise<void>
}

/** A module that exports `open`, and plain data to call it with. */
export interface OpenerModule {
  readonly module: string
  readonly data: unknown
}

export type OpenVolumeHere = (data: unknown) => Promise<ComposedVolume>

export async function runOpener({ module, data }: OpenerModule): Promise<ComposedVolume> {
  const { open } = (await import(module)) as { readonly open: OpenVolumeHere }
  return open(data)
}
