// The engine's side of all attached threads: runs their calls on the volume and answers in batches.
//
// Order: what is told to a thread in one message is events first, then replies. The shared cache is brought up to date
// before a change is acknowledged (`Publisher.changed`), so that no thread sees its own completed write as stale.

import type { Volume } from '../../volume/volume.ts'
import type { Caller } from '../../volume/types.ts'
import { callTraits, isCallName, methodNames } from './call-names.ts'
import type { CallName, ControlName } from './call-names.ts'
import type { CacheHint } from './messages.ts'
import type { SyncReply } from './sync-caller.ts'
import { toWireError } from './wire-error.ts'

/** Keeps the shared cache; `../shared/publisher.ts`. */
export interface Publisher {
  /** Taken before a call; what was published under an older mark may no longer be true. */
  mark(): number
  /** Puts the result of a call where every thread can read it, if it still holds. */
  publish(name: CallName, args: readonly unknown[], value: unknown, mark: number): CacheHint | undefined
  /** A call that changes files is about to be acknowledged (or has failed half way). */
  changed(name: CallName, args: readonly unknown[], value: unknown): void
}

export type RunControl = (name: ControlName, args: readonly unknown[]) => Promise<unknown>

export interface CallServerParts {
  /** Settles when the volume is open; calls that come before wait for it. */
  readonly volume: Promise<Volume>
  readonly publisher: Publisher
  readonly control: RunControl
}

export class CallServer {
  readonly #parts: CallServerParts
  #volume: Volume | undefined

  constructor(parts: CallServerParts) {
    this.#parts = parts
    parts.volume.then(
      (volume) => (this.#volume = volume),
      // Whoever waits for `opened` is told.
      () => undefined,
    )
  }

  /** Never rejects. */
  async run(method: number, args: readonly unknown[], signal?: AbortSignal): Promise<SyncReply> {
    const name = methodNames[method]
    try {
      if (name === undefined) throw new RangeError(`unknown method ${method}`)
      if (!isCallName(name)) return [true, await this.#parts.control(name, args), undefined]
      return await this.#call(this.#volume ?? (await this.#parts.volume), name, args, signal)
    } catch (error) {
      return [false, toWireError(error), undefined]
    }
  }

  async #call(
    volume: Volume,
    name: CallName,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<SyncReply> {
    const { publisher } = this.#parts
    const { effect, caller } = callTraits[name]
    const call = volume.calls[name] as (...args: readonly unknown[]) => Promise<unknown>
    const given = signal && caller ? [{ ...(args[0] as Caller), signal }, ...args.slice(1)] : args
    const mark = publisher.mark()
    try {
      const value = await call.apply(volume.calls, given as unknown[])
      if (effect === 'changes') publisher.changed(name, args, value)
      if (effect !== 'publishes') return [true, value, undefined]
      return [true, value, publisher.publish(name, args, value, mark)]
    } catch (error) {
      if (effect === 'changes') publisher.changed(name, args, undefined)
      const hint = effect === 'publishes' ? publisher.publish(name, args, error, mark) : undefined
      return [false, toWireError(error), hint]
    }
  }
}
