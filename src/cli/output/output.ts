// Where a command writes: lines or JSON on standard output, complaints and a progress line on standard error. Writing
// waits for slow readers; a reader that went away (EPIPE) ends the command quietly, as `yes | head` does.
// Beside it: `failure.ts` puts failures into words, `progress.ts` draws the line, `human.ts` writes sizes and times.

import type { Writable } from 'node:stream'
import { bytesOfName } from '../../format/name.ts'
import { describeFailure } from './failure.ts'
import { Progress, type ProgressOptions } from './progress.ts'

export interface OutputOptions {
  readonly stdout: Writable
  readonly stderr: Writable
  readonly command: string
  /** Whether standard error is a terminal: a progress line only then. */
  readonly terminal: boolean
}

export class Output {
  readonly #options: OutputOptions
  #progress: Progress | undefined
  /** What went wrong so far. */
  failureCount = 0

  constructor(options: OutputOptions) {
    this.#options = options
  }

  /** Bytes as they are; names keep bytes that are no UTF-8. */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === 'string' ? bytesOfName(data) : data
    if (bytes.length === 0) return
    const { stdout } = this.#options
    await new Promise<void>((resolve, reject) => {
      stdout.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }

  line(text: string): Promise<void> {
    return this.write(`${text}\n`)
  }

  json(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part)))
  }

  /** `bucketfs cp: cannot stat 'x': …`; counts as a failure. `action` is what could not be done, without the path. */
  failure(action: string, shown: string, error: unknown): void {
    this.failureCount++
    this.note(describeFailure(action, shown, error))
  }

  /** A line on standard error that is no failure. */
  note(text: string): void {
    this.#progress?.clear()
    this.#options.stderr.write(`bucketfs ${this.#options.command}: ${text}\n`)
  }

  /** A progress line that redraws itself on a terminal; silent elsewhere. */
  progress(options: ProgressOptions): Progress {
    const { stderr, terminal } = this.#options
    this.#progress = new Progress(options, terminal ? stderr : undefined)
    return this.#progress
  }
}
