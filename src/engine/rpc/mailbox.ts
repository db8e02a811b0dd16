// The shared memory of one thread's synchronous calls: a few words and one data area used in both directions.
//
// An exchange is one step of the caller (it fills the area, counts `request` up, wakes the engine) and one answer of
// the engine (it fills the area, sets `reply` to the same count, notifies). The caller waits in a loop for its own
// count, so a late notification of an earlier call cannot wake it into a wrong answer. Messages longer than the area
// go in several exchanges. Only one side may touch the area at any time: the caller before it counts `request` up, the
// engine before it sets `reply`.

/** Words (Int32) at the start. */
export const words = {
  request: 0,
  reply: 1,
  /** What the caller's step is: see `steps`. */
  step: 2,
  /** Bytes in the area in this step. */
  requestBytes: 3,
  /** Bytes of the whole message as Uint32, told in its first step. */
  requestTotal: 4,
  replyBytes: 5,
  replyTotal: 6,
  /** 1 once the engine's thread is gone. */
  dead: 7,
  /** Asked by a caller that waits long, answered by any living engine: tells a slow bucket from a dead thread. */
  ping: 8,
  pong: 9,
} as const

export const steps = {
  /** First or only part of a request. */
  begin: 0,
  /** A further part of a request. */
  more: 1,
  /** Give the next part of the reply. */
  next: 2,
} as const

const headBytes = 64
/** Fits 128 KiB blocks and most listings in one exchange; each attached thread that calls synchronously has one. */
export const areaBytes: number = 1024 * 1024

export interface Mailbox {
  readonly memory: SharedArrayBuffer
  readonly words: Int32Array
  readonly area: Buffer
}

export function createMailbox(): Mailbox {
  return openMailbox(new SharedArrayBuffer(headBytes + areaBytes))
}

export function openMailbox(memory: SharedArrayBuffer): Mailbox {
  return {
    memory,
    words: new Int32Array(memory, 0, headBytes / 4),
    area: Buffer.from(memory, headBytes, areaBytes),
  }
}

/** A message being moved through the area piece by piece. */
export class OutgoingMessage {
  readonly total: number
  readonly #pieces: readonly Uint8Array[]
  #piece = 0
  #offset = 0

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces
    let total = 0
    for (const piece of pieces) total += piece.byteLength
    this.total = total
  }

  get done(): boolean {
    return this.#piece >= this.#pieces.length
  }

  /** Fills `area` from its start with what comes next; gives the bytes filled. */
  fill(area: Uint8Array): number {
    let filled = 0
    while (filled < area.byteLength && !this.done) {
      const piece = this.#pieces[this.#piece] as Uint8Array
      const size = Math.min(piece.byteLength - this.#offset, area.byteLength - filled)
      area.set(size === piece.byteLength ? piece : piece.subarray(this.#offset, this.#offset + size), filled)
      filled += size
      this.#offset += size
      if (this.#offset < piece.byteLength) continue
      this.#piece++
      this.#offset = 0
    }
    return filled
  }
}
