// What travels over the ports between a thread and the engine: one message per microtask turn in each direction.

import type { MessagePort } from 'node:worker_threads'
import type { VolumeEvent } from '../../volume/types.ts'
import type { WireError } from './wire-error.ts'

/** [id, method index, whether a cancel may follow, arguments]. */
export type Request = readonly [id: number, method: number, cancellable: boolean, args: readonly unknown[]]

/**
 * Where in the shared cache the result of a call has been put: a slot and the serial it then had. A thread that
 * remembers it reads the slot itself from then on.
 */
export interface CacheHint {
  readonly attributes?: SlotRef | undefined
  readonly contents?: SlotRef | undefined
}

export interface SlotRef {
  readonly slot: number
  readonly serial: number
}

export type Reply =
  | readonly [id: number, ok: true, value: unknown, hint: CacheHint | undefined]
  | readonly [id: number, ok: false, error: WireError, hint: CacheHint | undefined]

/** How one thread talks to the engine: a port, and shared memory (`mailbox.ts`) for its synchronous calls. */
export interface ThreadPort {
  readonly port: MessagePort
  readonly mailbox: SharedArrayBuffer
}

/** An empty one only makes the engine look into the mailbox. */
export interface ClientMessage {
  readonly requests?: readonly Request[]
  /** Ids of requests whose signal fired. */
  readonly cancels?: readonly number[]
  /** Whether this thread wants events. */
  readonly watch?: boolean
  /** Another thread to serve. */
  readonly attach?: ThreadPort
}

export interface EngineMessage {
  /** Handled before the replies: an event is told before the change it tells of is acknowledged. */
  readonly events?: readonly VolumeEvent[]
  readonly replies?: readonly Reply[]
}
