// One line on a terminal that says how far a long job is: `copied 12 of 340 files, 1.2 GiB of 3.0 GiB, 45 MiB/s`.

import type { Writable } from 'node:stream'
import { humanBytes } from './human.ts'

export interface ProgressOptions {
  /** Past tense: 'copied', 'removed'. */
  readonly verb: string
}

/** Redrawing more often is flicker. */
const redrawIntervalMs = 100

export class Progress {
  readonly #verb: string
  readonly #terminal: Writable | undefined
  readonly #startedMs: number = performance.now()
  #drawnMs = -Infinity
  #drawn = false
  fileCount = 0
  byteCount = 0
  /** What is known of the whole so far. */
  fileTotal = 0
  byteTotal = 0

  constructor(options: ProgressOptions, terminal: Writable | undefined) {
    this.#verb = options.verb
    this.#terminal = terminal
  }

  expect(files: number, bytes: number): void {
    this.fileTotal += files
    this.byteTotal += bytes
    this.#draw()
  }

  bytes(count: number): void {
    this.byteCount += count
    this.#draw()
  }

  file(): void {
    this.fileCount++
    this.#draw()
  }

  /** What was done, in words, for the last line and for an interrupted run. */
  summary(): string {
    const seconds = (performance.now() - this.#startedMs) / 1000
    const rate = seconds > 0 ? `, ${humanBytes(this.byteCount / seconds)}/s` : ''
    const bytes = this.byteTotal > 0 ? `, ${humanBytes(this.byteCount)} of ${humanBytes(this.byteTotal)}${rate}` : ''
    return `${this.#verb} ${this.fileCount} of ${this.fileTotal} files${bytes}`
  }

  /** Takes the line away, so that something else can be written. */
  clear(): void {
    if (this.#drawn) this.#terminal?.write('\r\u001b[K')
    this.#drawn = false
  }

  #draw(): void {
    if (!this.#terminal) return
    const now = performance.now()
    if (now - this.#drawnMs < redrawIntervalMs) return
    this.#drawnMs = now
    this.#drawn = true
    this.#terminal.write(`\r\u001b[K${this.summary()}`)
  }
}
