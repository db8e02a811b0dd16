// Synchronous calls of one thread: writes the request into shared memory, wakes the engine, sleeps in Atomics.wait.
//
// Not re-entrant and needs not be: the thread is asleep while a call runs. The engine never waits for a client, so a
// sleeping thread cannot be what a call depends on.

import { VolumeError } from '../../base/errors.ts'
import { decode } from './decoder.ts'
import { Encoder } from './encoder.ts'
import { areaBytes, OutgoingMessage, steps, words } from './mailbox.ts'
import type { Mailbox } from './mailbox.ts'
import type { CacheHint } from './messages.ts'
import { fromWireError } from './wire-error.ts'
import type { WireError } from './wire-error.ts'

/** How long one sleep lasts before the engine is asked whether it lives. */
const pingIntervalMs = 1000
/** Unanswered pings in a row after which the engine's thread counts as dead; no task of it runs this long in one go. */
const missedPingsMax = 30

/** What the engine answers: [true, value, hint] or [false, error, hint]. */
export type SyncReply = readonly [ok: boolean, value: unknown, hint: CacheHint | undefined]

export class SyncCaller {
  readonly #mailbox: Mailbox
  readonly #wake: () => void
  readonly #encoder = new Encoder()

  /** `wake` makes an idle engine look into the mailbox; a busy one looks between its tasks. */
  constructor(mailbox: Mailbox, wake: () => void) {
    this.#mailbox = mailbox
    this.#wake = wake
  }

  /** The result; throws what the call failed with. `onHint` learns where the result was cached. */
  call(method: number, args: readonly unknown[], onHint: (hint: CacheHint) => void): unknown {
    const [ok, value, hint] = this.#roundTrip([method, args])
    if (hint) onHint(hint)
    if (ok) return value
    throw fromWireError(value as WireError)
  }

  #roundTrip(request: readonly unknown[]): SyncReply {
    const { words: control, area } = this.#mailbox
    const message = new OutgoingMessage(this.#encoder.encode(request))
    control[words.requestTotal] = message.total
    let step: number = steps.begin
    do {
      control[words.requestBytes] = message.fill(area)
      this.#exchange(step)
      step = steps.more
    } while (!message.done)
    this.#encoder.release()
    const total = (control[words.replyTotal] as number) >>> 0
    if (total <= areaBytes) return decode(area.subarray(0, total), 'copy') as SyncReply
    return decode(this.#collect(total), 'view') as SyncReply
  }

  #collect(total: number): Buffer {
    const { words: control, area } = this.#mailbox
    const whole = Buffer.allocUnsafeSlow(total)
    let offset = 0
    for (;;) {
      const size = control[words.replyBytes] as number
      whole.set(area.subarray(0, size), offset)
      offset += size
      if (offset === total) return whole
      this.#exchange(steps.next)
    }
  }

  #exchange(step: number): void {
    const { words: control } = this.#mailbox
    control[words.step] = step
    const mine = ((control[words.request] as number) + 1) | 0
    Atomics.store(control, words.request, mine)
    this.#wake()
    let missedPings = 0
    for (;;) {
      const seen = Atomics.load(control, words.reply)
      if (seen === mine) return
      if (Atomics.load(control, words.dead) !== 0) throw deadEngine()
      if (Atomics.wait(control, words.reply, seen, pingIntervalMs) !== 'timed-out') continue
      missedPings = Atomics.load(control, words.pong) === Atomics.load(control, words.ping) ? 0 : missedPings + 1
      if (missedPings > missedPingsMax) throw deadEngine()
      Atomics.add(control, words.ping, 1)
      this.#wake()
    }
  }
}

function deadEngine(): VolumeError {
  return new VolumeError('EIO', { message: "the engine's thread is gone; open the volume again" })
}
