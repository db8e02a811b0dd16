// The engine's side of one thread's synchronous calls. `poll` is called when the thread's port stirs and between any two
// asynchronous tasks, so that a sleeping caller never waits for a queue of work that nobody is blocked on.

import { decode } from './decoder.ts'
import { Encoder } from './encoder.ts'
import { areaBytes, openMailbox, OutgoingMessage, steps, words } from './mailbox.ts'
import type { Mailbox } from './mailbox.ts'
import type { SyncReply } from './sync-caller.ts'
import { toWireError } from './wire-error.ts'

export type RunSync = (method: number, args: readonly unknown[]) => Promise<SyncReply>

export class SyncServer {
  readonly #mailbox: Mailbox
  readonly #run: RunSync
  /** Its memory is reused by the next reply only, and a caller asks for that after it has the whole of this one. */
  readonly #encoder = new Encoder()
  #handled = 0
  /** A request that comes in parts. */
  #incoming: Buffer | undefined
  #incomingBytes = 0
  #outgoing: OutgoingMessage | undefined

  constructor(memory: SharedArrayBuffer, run: RunSync) {
    this.#mailbox = openMailbox(memory)
    this.#run = run
  }

  /** Whether there was something to do. */
  poll(): boolean {
    const { words: control } = this.#mailbox
    const ping = Atomics.load(control, words.ping)
    if (ping !== control[words.pong]) Atomics.store(control, words.pong, ping)
    const request = Atomics.load(control, words.request)
    if (request === this.#handled) return false
    this.#handled = request
    this.#step()
    return true
  }

  /** The engine is going away: whoever sleeps wakes into an error. */
  markDead(): void {
    Atomics.store(this.#mailbox.words, words.dead, 1)
    Atomics.notify(this.#mailbox.words, words.reply)
  }

  #step(): void {
    const { words: control, area } = this.#mailbox
    if (control[words.step] === steps.next) return this.#answer()
    const size = control[words.requestBytes] as number
    const total = (control[words.requestTotal] as number) >>> 0
    if (control[words.step] === steps.begin) {
      this.#incoming = total > areaBytes ? Buffer.allocUnsafeSlow(total) : undefined
      this.#incomingBytes = 0
    }
    if (!this.#incoming) return this.#start(decode(area.subarray(0, size), 'copy'))
    this.#incoming.set(area.subarray(0, size), this.#incomingBytes)
    this.#incomingBytes += size
    if (this.#incomingBytes < total) return this.#acknowledge()
    const whole = this.#incoming
    this.#incoming = undefined
    this.#start(decode(whole, 'view'))
  }

  #start(request: unknown): void {
    const [method, args] = request as readonly [number, readonly unknown[]]
    void this.#run(method, args).then((reply) => this.#reply(reply))
  }

  #reply(reply: SyncReply): void {
    try {
      this.#outgoing = new OutgoingMessage(this.#encoder.encode(reply))
    } catch (error) {
      this.#outgoing = new OutgoingMessage(this.#encoder.encode([false, toWireError(error), undefined]))
    }
    this.#mailbox.words[words.replyTotal] = this.#outgoing.total
    this.#answer()
  }

  #answer(): void {
    const { words: control, area } = this.#mailbox
    control[words.replyBytes] = this.#outgoing?.fill(area) ?? 0
    if (this.#outgoing?.done) {
      this.#outgoing = undefined
      this.#encoder.release()
    }
    this.#acknowledge()
  }

  #acknowledge(): void {
    const { words: control } = this.#mailbox
    Atomics.store(control, words.reply, this.#handled)
    Atomics.notify(control, words.reply)
  }
}
