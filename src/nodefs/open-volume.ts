// What `import { openVolume } from 'bucketfs'` gives: an engine and the `fs` over it, in one object.

import type { EngineClient } from '../engine/engine-client.ts'
import type { Engine, EnginePort } from '../engine/engine.ts'
import { attachEngine } from '../engine/attach.ts'
import type { HostedDoor } from '../engine/hosting.ts'
import { openEngine, openEngineSync } from '../engine/open.ts'
import type { OpenVolumeOptions } from '../engine/open/options.ts'
import type { VolumeSettings } from '../volume/settings.ts'
import { createFs } from './create-fs.ts'
import type { FsOptions, NodeFs } from './create-fs.ts'

/** A volume in the hands of a program. */
export interface AttachedVolume extends AsyncDisposable {
  /** Usable wherever `node:fs` is: callbacks, promises, sync, streams, watch. */
  readonly fs: NodeFs
  /** The volume's own calls (extended attributes, rename flags, walks) and events. */
  readonly client: EngineClient
  /** Returns when everything written so far, by whatever thread or door, is in the bucket. Rejects with the first failure. */
  sync(): Promise<void>
  /** Counters and gauges of volume, caches and store, as plain data. */
  metrics(): Promise<Readonly<Record<string, unknown>>>
  /** `sync`, then detaches this thread; the volume closes with the last one. Idempotent; calls fail with EBADF afterwards. */
  close(): Promise<void>
}

export interface OpenedVolume extends AttachedVolume {
  readonly url: string
  /** As resolved from options, environment and defaults. */
  readonly settings: VolumeSettings
  /** For one other thread of this process: pass it in `workerData`, its `port` in `transferList`, to `attachVolume`. */
  port(): EnginePort
  /** Loads a door module (`HostDoor`) beside the volume, in the engine's thread. */
  host(moduleUrl: string | URL, options?: unknown): Promise<HostedDoor>
}

/**
 * Opens the volume at `url` (`s3://bucket/prefix`, `file:///dir`, `memory:`). Mistakes in URL or options are TypeErrors or
 * RangeErrors that name them; what is wrong with bucket, credentials or local folders is an error with a POSIX `code`
 * whose message says what to do.
 */
export async function openVolume(url: string | URL, options: OpenVolumeOptions = {}): Promise<OpenedVolume> {
  return opened(url, await openEngine(url, options), options)
}

/** The same, blocking this thread until the volume is open. */
export function openVolumeSync(url: string | URL, options: OpenVolumeOptions = {}): OpenedVolume {
  return opened(url, openEngineSync(url, options), options)
}

/** In another thread: the volume that `port()` of an open one came from. Same caches, same journal, one engine. */
export function attachVolume(port: EnginePort, options: FsOptions = {}): AttachedVolume {
  return attached(attachEngine(port), options)
}

function opened(url: string | URL, engine: Engine, { cwd }: OpenVolumeOptions): OpenedVolume {
  return {
    ...attached(engine.client, { cwd }),
    url: String(url),
    settings: engine.settings,
    port: () => engine.port(),
    host: (moduleUrl, options) => engine.host(moduleUrl, options),
  }
}

function attached(client: EngineClient, options: FsOptions): AttachedVolume {
  return {
    fs: createFs(client, options),
    client,
    sync: () => client.calls.sync(),
    metrics: () => client.metrics(),
    close: () => client.close(),
    [Symbol.asyncDispose]: () => client.close(),
  }
}
