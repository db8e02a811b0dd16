// The engine: one volume, living in a thread of its own or on the calling one (`thread/`),
// as the thread that opened it sees it. Doors get its `client`.
//
//   open.ts         the composition root: URL and options → plan → engine          open/   what a plan is made of
//   compose.ts      in the engine's thread: plan → stores, folders, volume
//   thread/         the engine in the thread it lives in, and drained when the process ends
//   rpc/            calls between threads: asynchronous by port, synchronous by shared memory
//   shared/         what every thread may read without asking
//   hosting.ts      doors inside the engine's thread
//
// Other threads of the process attach: `engine.port()` gives a port to pass in `workerData` and `transferList`, and
// `attachEngine` makes a client of it there. One engine, one cache, one journal; no second copy of anything.
//
// Invariants: the engine never waits for a client; a change is acknowledged after the shared cache knows of it; every
// pending call ends when the engine does.

import type { VolumeSettings } from '../volume/settings.ts'
import type { Caller } from '../volume/types.ts'
import type { EngineClient } from './engine-client.ts'
import type { HostedDoor } from './hosting.ts'
import type { ThreadPort } from './rpc/messages.ts'

export interface Engine {
  readonly client: EngineClient
  readonly settings: VolumeSettings
  /** Loads a door module (`HostDoor` of hosting.ts) in the engine's thread. `options` and the door's `info` are plain data. */
  host(moduleUrl: string | URL, options?: unknown): Promise<HostedDoor>
  /** For another thread of this process: pass it in `workerData`, its `port` in `transferList`, to `attachEngine`. */
  port(): EnginePort
  /**
   * Everything dirty is in the bucket when it returns; this thread is detached, and the volume closed if it was the last
   * one. Idempotent; rejects with the first failure, closed all the same.
   */
  close(): Promise<void>
}

/** Crosses to one other thread, once. */
export interface EnginePort extends ThreadPort {
  readonly cache: SharedArrayBuffer
  readonly owner: Caller
}
