// Asynchronous calls of one thread: batched per microtask, answered in batches. The port keeps the process alive while
// a call is pending and not otherwise.

import { MessageChannel } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { VolumeError } from '../../base/errors.ts'
import type { Caller, VolumeEvent } from '../../volume/types.ts'
import { callTraits, isCallName, methodIndexes, plainCaller } from './call-names.ts'
import type { MethodName } from './call-names.ts'
import { createMailbox, openMailbox } from './mailbox.ts'
import type { CacheHint, ClientMessage, EngineMessage, Reply, Request, ThreadPort } from './messages.ts'
import { SyncCaller } from './sync-caller.ts'
import { fromWireError } from './wire-error.ts'

/** Buffers from here on are handed over instead of cloned once more. */
const transferBytesMin = 16 * 1024

interface PendingCall {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly signal: AbortSignal | undefined
  readonly onAbort: (() => void) | undefined
  readonly onHint: OnHint | undefined
}

export type OnHint = (hint: CacheHint) => void

export class PortCaller {
  readonly #port: MessagePort
  readonly #pending = new Map<number, PendingCall>()
  readonly #listeners = new Set<(event: VolumeEvent) => void>()
  #requests: Request[] = []
  #cancels: number[] = []
  #transfers: (ArrayBuffer | MessagePort)[] = []
  #flushing = false
  #nextId = 1
  readonly #sync: SyncCaller
  /** Set once no more calls can be made. */
  #ended: { readonly error: () => VolumeError } | undefined

  /** `onPortClose`: told when the other end is gone, and then calls `end` itself in good time. */
  constructor({ port, mailbox }: ThreadPort, onPortClose: () => void = () => this.end(lostEngine)) {
    this.#port = port
    this.#sync = new SyncCaller(openMailbox(mailbox), () => port.postMessage({}))
    port.on('message', (message: EngineMessage) => this.#receive(message))
    port.on('close', () => {
      if (!this.#ended) onPortClose()
    })
    port.unref()
  }

  call(name: MethodName, args: readonly unknown[], onHint?: OnHint): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended.error())
    const traits = isCallName(name) ? callTraits[name] : undefined
    const signal = traits?.caller ? (args[0] as Caller).signal : undefined
    if (signal?.aborted) return Promise.reject(signal.reason as Error)
    const id = this.#nextId++
    const sent = traits?.caller ? [plainCaller(args[0] as Caller), ...args.slice(1)] : [...args]
    if (traits?.buffer !== undefined) sent[traits.buffer] = this.#ownCopy(sent[traits.buffer] as Uint8Array)
    return new Promise((resolve, reject) => {
      const onAbort = signal && (() => this.#cancel(id))
      if (onAbort) signal.addEventListener('abort', onAbort, { once: true })
      if (this.#pending.size === 0) this.#port.ref()
      this.#pending.set(id, { resolve, reject, signal, onAbort, onHint })
      this.#requests.push([id, methodIndexes.get(name) as number, signal !== undefined, sent])
      this.#flushSoon()
    })
  }

  callSync(name: MethodName, args: readonly unknown[], onHint: OnHint): unknown {
    if (this.#ended) throw this.#ended.error()
    // What was asked for before must at least be on its way.
    this.#flush()
    const traits = isCallName(name) ? callTraits[name] : undefined
    const sent = traits?.caller ? [plainCaller(args[0] as Caller), ...args.slice(1)] : args
    return this.#sync.call(methodIndexes.get(name) as number, sent, onHint)
  }

  subscribe(listener: (event: VolumeEvent) => void): () => void {
    if (this.#listeners.size === 0) this.#post({ watch: true })
    // A wrapper of its own: the same function may subscribe twice.
    const entry = (event: VolumeEvent): void => listener(event)
    this.#listeners.add(entry)
    return () => {
      if (this.#listeners.delete(entry) && this.#listeners.size === 0) this.#post({ watch: false })
    }
  }

  /** What another thread makes a PortCaller of. */
  attach(): ThreadPort {
    if (this.#ended) throw this.#ended.error()
    const [mine, engines] = createThreadPorts()
    this.#post({ attach: engines }, [engines.port])
    return mine
  }

  /** Pending calls fail, later ones too, each with an error of its own. Idempotent. */
  end(error: () => VolumeError): void {
    if (this.#ended) return
    this.#ended = { error }
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const call of pending) {
      this.#forget(call)
      call.reject(error())
    }
    this.#port.close()
  }

  #ownCopy(bytes: Uint8Array): Uint8Array {
    const copy = Uint8Array.prototype.slice.call(bytes)
    if (copy.byteLength >= transferBytesMin) this.#transfers.push(copy.buffer as ArrayBuffer)
    return copy
  }

  #cancel(id: number): void {
    if (!this.#pending.has(id)) return
    this.#cancels.push(id)
    this.#flushSoon()
  }

  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    if (this.#requests.length === 0 && this.#cancels.length === 0) return
    const message: ClientMessage = { requests: this.#requests, cancels: this.#cancels }
    const transfers = this.#transfers
    this.#requests = []
    this.#cancels = []
    this.#transfers = []
    this.#post(message, transfers)
  }

  #post(message: ClientMessage, transfers: readonly (ArrayBuffer | MessagePort)[] = []): void {
    if (!this.#ended) this.#port.postMessage(message, transfers)
  }

  #receive({ events, replies }: EngineMessage): void {
    for (const event of events ?? []) for (const listener of this.#listeners) tell(listener, event)
    for (const reply of replies ?? []) this.#settle(reply)
  }

  #settle([id, ok, value, hint]: Reply): void {
    const call = this.#pending.get(id)
    if (!call) return
    this.#pending.delete(id)
    if (this.#pending.size === 0) this.#port.unref()
    this.#forget(call)
    if (hint) call.onHint?.(hint)
    if (ok) return call.resolve(value)
    // The signal's own reason, not its likeness from another thread.
    if (call.signal?.aborted && (value.name === 'AbortError' || value.code === 'ECANCELED'))
      return call.reject(call.signal.reason as Error)
    call.reject(fromWireError(value))
  }

  #forget({ signal, onAbort }: PendingCall): void {
    if (onAbort) signal?.removeEventListener('abort', onAbort)
  }
}

/** The two ends of one thread's connection. */
export function createThreadPorts(): readonly [thread: ThreadPort, engine: ThreadPort] {
  const { port1, port2 } = new MessageChannel()
  const { memory: mailbox } = createMailbox()
  return [
    { port: port1, mailbox },
    { port: port2, mailbox },
  ]
}

function lostEngine(): VolumeError {
  return new VolumeError('EIO', { message: "the engine's thread is gone; open the volume again" })
}

/** A listener's failure is uncaught, as anywhere else, but takes no replies with it. */
function tell(listener: (event: VolumeEvent) => void, event: VolumeEvent): void {
  try {
    listener(event)
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}
