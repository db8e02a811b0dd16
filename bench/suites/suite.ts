// A suite: one question family, asked of every contender in one process and one run, so that ratios mean something.

import type { Row } from '../support/row.ts'

export interface SuiteOptions {
  /** Added by the server to every request. */
  readonly delayMs: number
  /** 1 is what the documentation shows; smaller for a quick look. */
  readonly scale: number
}

export interface Suite {
  readonly name: string
  readonly question: string
  /** False: latency does not enter, so one run is enough. */
  readonly byDelay: boolean
  run(options: SuiteOptions): Promise<readonly Row[]>
}
