// Doors inside the engine's thread: a module is loaded there and handed the volume itself, without RPC in between. This is
// how a mount or a server lives beside the volume while the engine imports no door.

import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { ObjectStore } from '../store/store.ts'
import type { Volume } from '../volume/volume.ts'

/** What a hosted door is given. */
export interface HostContext {
  readonly volume: Volume
  /** The bucket under the volume; absent where the volume was not composed from one. */
  readonly store: ObjectStore | undefined
  readonly clock: Clock
  readonly log: Logger
}

/** What a door module exports as `host`. */
export type HostDoor = (context: HostContext, options: unknown) => Promise<RunningDoor>

export interface RunningDoor {
  /** Plain data for whoever asked for the door: a port number, a mount point. */
  readonly info: unknown
  /** Idempotent. Runs before the volume closes. */
  close(): Promise<void>
}

/** A door as seen from the thread that asked for it. */
export interface HostedDoor {
  readonly info: unknown
  close(): Promise<void>
}

/** Doors of one engine; a program has a handful. */
const doorCountMax = 64

export class HostedDoors {
  readonly #doors = new Map<number, RunningDoor>()
  #nextId = 1

  /** TypeError when the module exports no `host`. */
  async open(
    context: HostContext,
    moduleUrl: string,
    options: unknown,
  ): Promise<{ readonly id: number; readonly info: unknown }> {
    if (this.#doors.size >= doorCountMax) throw new RangeError(`an engine hosts at most ${doorCountMax} doors`)
    const module = (await import(moduleUrl)) as { readonly host?: unknown }
    if (typeof module.host !== 'function') throw new TypeError(`${moduleUrl} exports no function named host`)
    const door = await (module.host as HostDoor)(context, options)
    const id = this.#nextId++
    this.#doors.set(id, door)
    return { id, info: door.info }
  }

  /** Closing one that is closed succeeds. */
  async close(id: number): Promise<void> {
    const door = this.#doors.get(id)
    this.#doors.delete(id)
    await door?.close()
  }

  /** Newest first. Every door is closed even if one fails; the first failure is thrown. */
  async closeAll(): Promise<void> {
    const failures: Error[] = []
    for (const id of [...this.#doors.keys()].toReversed()) {
      try {
        await this.close(id)
      } catch (error) {
        failures.push(error instanceof Error ? error : new Error(String(error)))
      }
    }
    if (failures[0]) throw failures[0]
  }
}
