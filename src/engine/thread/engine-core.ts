// The engine in whatever thread it lives: one volume, the shared cache it keeps, the threads attached to it, the doors
// it hosts. `worker-main.ts` runs one in a worker, `inline-engine.ts` one on the calling thread.
//
// Life: open → serve → the last attached thread detaches (or `shutdown`) → doors, volume, store close, in that order.
// The thread that started the engine stays connected after it has closed its own volume (`retire`), so that it can drain at
// exit what others still write; it does not count as attached any longer.

import { VolumeError } from '../../base/errors.ts'
import { systemClock } from '../../base/system.ts'
import type { Caller } from '../../volume/types.ts'
import type { Volume } from '../../volume/volume.ts'
import type { ComposedVolume } from '../composed.ts'
import { HostedDoors } from '../hosting.ts'
import type { ControlName } from '../rpc/call-names.ts'
import { CallServer } from '../rpc/call-server.ts'
import type { ThreadPort } from '../rpc/messages.ts'
import { PortServer } from '../rpc/port-server.ts'
import { ThreadHandles } from '../rpc/thread-handles.ts'
import { CachePublisher } from '../shared/publisher.ts'

export interface EngineCoreParts {
  readonly composed: Promise<ComposedVolume>
  /** The shared cache, written here. */
  readonly cache: SharedArrayBuffer
  /** For whose rights the cache is kept. */
  readonly owner: Caller
}

export class EngineCore {
  readonly calls: CallServer
  readonly #composed: Promise<ComposedVolume>
  readonly #ports = new Set<PortServer>()
  readonly #doors = new HostedDoors()
  #starter: PortServer | undefined
  #retired = false
  #closing: Promise<void> | undefined

  constructor({ composed, cache, owner }: EngineCoreParts) {
    const publisher = new CachePublisher({ memory: cache, owner })
    this.#composed = composed
    const volume = composed.then((parts) => this.#serve(parts, publisher))
    this.calls = new CallServer({ volume, publisher, control: (name, args) => this.#control(name, args) })
  }

  /** Serves a thread from now on. */
  attach(thread: ThreadPort): void {
    const handles = new ThreadHandles((method, args, signal) => this.calls.run(method, args, signal))
    const server = new PortServer({
      thread,
      run: (method, args, signal) => handles.run(method, args, signal),
      pollSync: () => this.#pollSync(),
      attach: (other) => this.attach(other),
      onClose: (closed) => void this.#detached(closed, handles),
    })
    this.#ports.add(server)
    this.#starter ??= server
  }

  /** Wakes all who sleep in a synchronous call into an error; for the very end of a thread. */
  markDead(): void {
    for (const port of this.#ports) port.markDead()
  }

  /** Closes doors, volume and store, whoever is attached. Idempotent; rejects with the first failure, closed all the same. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Cuts every attached thread off, once it has been told what is due. */
  cutOff(): void {
    for (const port of this.#ports) port.close()
  }

  #serve(parts: ComposedVolume, publisher: CachePublisher): Volume {
    publisher.serve(parts.volume, parts.clock)
    parts.volume.subscribe((event) => {
      for (const port of this.#ports) port.tell(event)
    })
    return parts.volume
  }

  #pollSync(): boolean {
    let begun = false
    for (const port of this.#ports) begun = port.poll() || begun
    return begun
  }

  async #detached(port: PortServer, handles: ThreadHandles): Promise<void> {
    this.#ports.delete(port)
    if (!this.#closing) await handles.closeAll()
    if (this.#attachedCount > 0) return
    try {
      await this.close()
    } catch (error) {
      // Nobody is left to be told of a failure but the log.
      await this.#logFailure(error)
    }
    this.cutOff()
  }

  get #attachedCount(): number {
    return this.#ports.size - (this.#retired && this.#starter && this.#ports.has(this.#starter) ? 1 : 0)
  }

  /** Whether others are attached, for whom the engine goes on. */
  #retire(): boolean {
    this.#retired = this.#ports.size > 1
    return this.#retired
  }

  async #control(name: ControlName, args: readonly unknown[]): Promise<unknown> {
    const composed = await this.#composed
    switch (name) {
      case 'opened':
        return { settings: composed.settings ?? composed.volume.settings }
      case 'metrics':
        return { ...composed.volume.metrics(), ...composed.metrics?.() }
      case 'host':
        return this.#host(composed, args)
      case 'unhost':
        return this.#doors.close(args[0] as number)
      case 'retire':
        return this.#retire()
      case 'shutdown':
        return this.#shutdown(args[0] as number | undefined)
    }
  }

  #host({ volume, store, clock, log }: ComposedVolume, args: readonly unknown[]): Promise<unknown> {
    if (this.#closing) throw new VolumeError('EBADF', { message: 'the volume is closed' })
    return this.#doors.open({ volume, store, clock, log }, args[0] as string, args[1])
  }

  /** `waitMsMax`: give up (and say so) after this long; a bucket that is away must not keep a process from exiting. */
  async #shutdown(waitMsMax: number | undefined): Promise<void> {
    const closing = this.close()
    if (waitMsMax === undefined) return closing
    let cancel = (): void => {}
    const late = new Promise<never>((_, reject) => {
      const message = `data was not written back within ${waitMsMax / 1000} s`
      cancel = systemClock.timer(waitMsMax, () => reject(new VolumeError('ETIMEDOUT', { message })))
    })
    try {
      await Promise.race([closing, late])
    } finally {
      cancel()
    }
  }

  async #close(): Promise<void> {
    let composed: ComposedVolume
    try {
      composed = await this.#composed
    } catch {
      // Never opened; whoever waited for that has been told.
      return
    }
    const failures: unknown[] = []
    for (const close of [() => this.#doors.closeAll(), () => composed.volume.close(), () => composed.release()]) {
      try {
        await close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  async #logFailure(error: unknown): Promise<void> {
    const { log } = await this.#composed
    log.error('closing the volume failed', { error: String(error) })
  }
}
