// One attached thread as the engine sees it: its asynchronous port, its mailbox for synchronous calls, its events.

import { VolumeError } from '../../base/errors.ts'
import type { VolumeEvent } from '../../volume/types.ts'
import type { ClientMessage, EngineMessage, Reply, Request, ThreadPort } from './messages.ts'
import { SyncServer } from './sync-server.ts'
import type { RunSync } from './sync-server.ts'
import { toWireError } from './wire-error.ts'

/** Results from here on are handed over instead of copied. */
const transferBytesMin = 16 * 1024

export interface PortServerParts {
  readonly thread: ThreadPort
  readonly run: (method: number, args: readonly unknown[], signal?: AbortSignal) => ReturnType<RunSync>
  /** Begins waiting synchronous calls of all threads; whether there were any. */
  readonly pollSync: () => boolean
  readonly attach: (thread: ThreadPort) => void
  readonly onClose: (server: PortServer) => void
}

export class PortServer {
  readonly #parts: PortServerParts
  readonly #cancellers = new Map<number, AbortController>()
  readonly #sync: SyncServer
  #queue: Request[] = []
  #queuePaused = false
  #watching = false
  #events: VolumeEvent[] = []
  #replies: Reply[] = []
  #transfers: ArrayBuffer[] = []
  #flushing = false
  #closed = false

  constructor(parts: PortServerParts) {
    const { port, mailbox } = parts.thread
    this.#parts = parts
    this.#sync = new SyncServer(mailbox, (method, args) => parts.run(method, args))
    port.on('message', (message: ClientMessage) => this.#receive(message))
    port.on('close', () => this.#onClose())
  }

  poll(): boolean {
    return this.#sync.poll()
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
    this.#sync.markDead()
    this.#parts.thread.port.close()
  }

  /** The thread of the engine ends at once: wake whoever sleeps. */
  markDead(): void {
    this.#sync.markDead()
  }

  #receive(message: ClientMessage): void {
    if (message.watch !== undefined) this.#watching = message.watch
    if (message.attach) this.#parts.attach(message.attach)
    if (message.requests)
      this.#queue = this.#queue.length === 0 ? [...message.requests] : [...this.#queue, ...message.requests]
    this.#drain()
    for (const id of message.cancels ?? []) this.#cancel(id)
  }

  /** Starts what is queued; stops for a turn whenever a thread sleeps in a synchronous call that can now go on. */
  #drain(): void {
    if (this.#queuePaused) return
    const queue = this.#queue
    this.#queue = []
    for (let next = 0; next < queue.length; next++) {
      if (this.#parts.pollSync()) {
        this.#queue = queue.slice(next)
        this.#queuePaused = true
        setImmediate(() => {
          this.#queuePaused = false
          this.#drain()
        })
        return
      }
      void this.#serve(queue[next] as Request)
    }
    this.#parts.pollSync()
  }

  #cancel(id: number): void {
    const queued = this.#queue.find(([requestId]) => requestId === id)
    if (!queued) return this.#cancellers.get(id)?.abort()
    // Not begun: it is answered without being begun.
    this.#queue = this.#queue.filter((request) => request !== queued)
    this.#replies.push([id, false, toWireError(new VolumeError('ECANCELED')), undefined])
    this.#flushSoon()
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
      this.#parts.thread.port.postMessage(message, transfers)
    } catch (error) {
      // One result that cannot cross must not take the others' answers with it.
      for (const reply of message.replies ?? []) this.#postAlone(reply, error)
    }
  }

  #postAlone(reply: Reply, cause: unknown): void {
    try {
      this.#parts.thread.port.postMessage({ replies: [reply] } satisfies EngineMessage)
    } catch {
      const failed: Reply = [reply[0], false, toWireError(cause), undefined]
      this.#parts.thread.port.postMessage({ replies: [failed] } satisfies EngineMessage)
    }
  }

  #onClose(): void {
    if (this.#closed) return
    this.#closed = true
    for (const canceller of this.#cancellers.values()) canceller.abort()
    this.#sync.markDead()
    this.#parts.onClose(this)
  }
}
