// One attached thread as the engine sees it: its asynchronous port, its mailbox for synchronous calls, its events.

import type { MessagePort } from 'node:worker_threads'
import type { VolumeEvent } from '../../volume/types.ts'
import type { ClientMessage, EngineMessage, Reply, Request } from './messages.ts'
import { SyncServer } from './sync-server.ts'
import type { RunSync } from './sync-server.ts'
import { toWireError } from './wire-error.ts'

/** Results from here on are handed over instead of copied. */
const transferBytesMin = 16 * 1024

export interface PortServerParts {
  readonly port: MessagePort
  readonly run: (method: number, args: readonly unknown[], signal?: AbortSignal) => ReturnType<RunSync>
  /** Serves waiting synchronous calls of all threads. */
  readonly pollSync: () => void
  readonly attach: (port: MessagePort) => void
  readonly onClose: (server: PortServer) => void
}

export class PortServer {
  readonly #parts: PortServerParts
  readonly #cancellers = new Map<number, AbortController>()
  #sync: SyncServer | undefined
  #watching = false
  #events: VolumeEvent[] = []
  #replies: Reply[] = []
  #transfers: ArrayBuffer[] = []
  #flushing = false
  #closed = false

  constructor(parts: PortServerParts) {
    this.#parts = parts
    parts.port.on('message', (message: ClientMessage) => this.#receive(message))
    parts.port.on('close', () => this.#onClose())
  }

  poll(): void {
    this.#sync?.poll()
  }

  tell(event: VolumeEvent): void {
    if (!this.#watching) return
    this.#events.push(event)
    this.#flushSoon()
  }

  /** Tells what is still to be told, then cuts the thread off; its later calls fail. */
  close(): void {
    if (this.#closed) return
    this.#flush()
    this.#sync?.close()
    this.#parts.port.close()
  }

  /** The thread of the engine ends at once: wake whoever sleeps. */
  markDead(): void {
    this.#sync?.markDead()
  }

  #receive(message: ClientMessage): void {
    if (message.mailbox)
      this.#sync = new SyncServer(message.mailbox.memory, message.mailbox.wake, (method, args) => this.#parts.run(method, args))
    if (message.watch !== undefined) this.#watching = message.watch
    if (message.attach) this.#parts.attach(message.attach)
    for (const request of message.requests ?? []) {
      this.#parts.pollSync()
      void this.#serve(request)
    }
    for (const id of message.cancels ?? []) this.#cancellers.get(id)?.abort()
  }

  async #serve([id, method, cancellable, args]: Request): Promise<void> {
    let signal: AbortSignal | undefined
    if (cancellable) {
      const canceller = new AbortController()
      this.#cancellers.set(id, canceller)
      signal = canceller.signal
    }
    const [ok, value, hint] = await this.#parts.run(method, args, signal)
    if (cancellable) this.#cancellers.delete(id)
    if (this.#closed) return
    this.#replies.push([id, ok, ok ? this.#outgoing(value) : value, hint] as Reply)
    this.#flushSoon()
  }

  /** A result as it is posted: large buffers are handed over, small ones cut free of whatever they are views of. */
  #outgoing(value: unknown): unknown {
    if (!(value instanceof Uint8Array)) return value
    const whole = value.byteLength === value.buffer.byteLength && value.buffer instanceof ArrayBuffer
    // A plain Uint8Array: structured clone of a Buffer gives one anyway.
    const bytes = whole ? value : Uint8Array.prototype.slice.call(value)
    if (bytes.byteLength >= transferBytesMin && bytes.buffer instanceof ArrayBuffer) this.#transfers.push(bytes.buffer)
    return bytes
  }

  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    // After the microtasks that are due now, so that everything settled in this turn goes in one message.
    process.nextTick(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    if (this.#closed || (this.#replies.length === 0 && this.#events.length === 0)) return
    const message: EngineMessage = { events: this.#events, replies: this.#replies }
    const transfers = this.#transfers
    this.#events = []
    this.#replies = []
    this.#transfers = []
    try {
      this.#parts.port.postMessage(message, transfers)
    } catch (error) {
      // One result that cannot cross must not take the others' answers with it.
      for (const reply of message.replies ?? []) this.#postAlone(reply, error)
    }
  }

  #postAlone(reply: Reply, cause: unknown): void {
    try {
      this.#parts.port.postMessage({ replies: [reply] } satisfies EngineMessage)
    } catch {
      const failed: Reply = [reply[0], false, toWireError(cause), undefined]
      this.#parts.port.postMessage({ replies: [failed] } satisfies EngineMessage)
    }
  }

  #onClose(): void {
    if (this.#closed) return
    this.#closed = true
    for (const canceller of this.#cancellers.values()) canceller.abort()
    this.#sync?.close()
    this.#parts.onClose(this)
  }
}
