// One adaptive limit on requests in flight, shared by all operations of a store: it grows by one per round of
// successes and halves when the service says SlowDown (AIMD). What a caller waits for goes before background work,
// which still gets a small share, so that write-back cannot starve. The queue is bounded.

import type { Clock } from '../base/clock.ts'
import { isStoreError, StoreError } from '../base/errors.ts'
import type { ObjectStore } from './store.ts'
import { wrapStore, type StoreCall } from './wrap.ts'

export interface LimitOptions {
  readonly clock: Clock
  readonly inFlightFirst?: number | undefined
  readonly inFlightMin?: number | undefined
  readonly inFlightMax?: number | undefined
  readonly queueMax?: number | undefined
}

/** 64 in flight saturate one core of the lean path; 256 is what a socket pool is built for. */
const limitDefaults: {
  readonly inFlightFirst: number
  readonly inFlightMin: number
  readonly inFlightMax: number
  readonly queueMax: number
} = { inFlightFirst: 64, inFlightMin: 2, inFlightMax: 256, queueMax: 100_000 }

/** One of so many grants goes to background work although a caller waits. */
const backgroundShare = 8
/** One burst of SlowDown answers is one signal. */
const shrinkPauseMs = 1000

export interface LimitState {
  readonly inFlight: number
  readonly inFlightMax: number
  readonly waiting: number
}

export interface LimitedStore extends ObjectStore {
  limitState(): LimitState
}

interface Waiting {
  readonly start: () => void
}

export function withLimit(store: ObjectStore, options: LimitOptions): LimitedStore {
  const limit = new AdaptiveLimit(options)
  const wrapped = wrapStore(store, async (call, run) => {
    await limit.enter(call)
    let throttled = false
    try {
      return await run()
    } catch (error) {
      throttled = isStoreError(error, 'throttled')
      throw error
    } finally {
      limit.leave(throttled)
    }
  })
  return {
    ...wrapped,
    get capabilities() {
      return wrapped.capabilities
    },
    limitState: () => limit.state(),
  }
}

class AdaptiveLimit {
  readonly #clock: Clock
  readonly #min: number
  readonly #max: number
  readonly #queueMax: number
  readonly #queues: { readonly foreground: Set<Waiting>; readonly background: Set<Waiting> } = {
    foreground: new Set(),
    background: new Set(),
  }
  #limit: number
  #inFlight = 0
  #grants = 0
  #shrunkMs = Number.NEGATIVE_INFINITY

  constructor(options: LimitOptions) {
    this.#clock = options.clock
    this.#min = options.inFlightMin ?? limitDefaults.inFlightMin
    this.#max = Math.max(this.#min, options.inFlightMax ?? limitDefaults.inFlightMax)
    this.#limit = Math.min(this.#max, options.inFlightFirst ?? limitDefaults.inFlightFirst)
    this.#queueMax = options.queueMax ?? limitDefaults.queueMax
  }

  state(): LimitState {
    return { inFlight: this.#inFlight, inFlightMax: Math.floor(this.#limit), waiting: this.#waiting() }
  }

  async enter(call: StoreCall): Promise<void> {
    const { operation, key } = call
    const { signal, priority = 'foreground' } = call.options
    if (signal?.aborted) throw new StoreError({ kind: 'aborted', operation, key, cause: signal.reason })
    if (this.#inFlight < Math.floor(this.#limit) && this.#waiting() === 0) {
      this.#inFlight++
      return
    }
    if (this.#waiting() >= this.#queueMax) {
      throw new StoreError({ kind: 'throttled', operation, key, message: `${this.#queueMax} requests wait already` })
    }
    const queue = this.#queues[priority]
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        queue.delete(waiting)
        reject(new StoreError({ kind: 'aborted', operation, key, cause: signal?.reason }))
      }
      const waiting: Waiting = {
        start: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      queue.add(waiting)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  leave(throttled: boolean): void {
    this.#inFlight--
    if (throttled) this.#shrink()
    else this.#limit = Math.min(this.#max, this.#limit + 1 / this.#limit)
    while (this.#inFlight < Math.floor(this.#limit) && this.#waiting() > 0) this.#grant()
  }

  #grant(): void {
    const { foreground, background } = this.#queues
    const backgroundTurn = ++this.#grants % backgroundShare === 0
    const queue = (backgroundTurn && background.size > 0) || foreground.size === 0 ? background : foreground
    const [next] = queue
    if (!next) return
    queue.delete(next)
    this.#inFlight++
    next.start()
  }

  #shrink(): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#shrunkMs < shrinkPauseMs) return
    this.#shrunkMs = nowMs
    this.#limit = Math.max(this.#min, this.#limit / 2)
  }

  #waiting(): number {
    return this.#queues.foreground.size + this.#queues.background.size
  }
}
