// The bucket's clock as far as replies told it. Ages of foreign versions and of rename intents are measured on it alone,
// never on the local wall clock, which may be off by minutes.

import { wallMs } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'

export class ServerTime {
  readonly #clock: Clock
  #offsetMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A reply just came with this `Date` (whole seconds, so on average half a second late). */
  observe(dateMs: number): void {
    this.#offsetMs = dateMs + 500 - wallMs(this.#clock)
  }

  /** Epoch ms now, right to about a second once a reply was seen. */
  nowMs(): number {
    return wallMs(this.#clock) + this.#offsetMs
  }
}
