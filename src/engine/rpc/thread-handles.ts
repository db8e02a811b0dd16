// The handles one thread has open. A thread that ends without closing them (terminated, crashed) must not keep files
// open, and unlinked ones alive, for as long as the engine lives.

import type { OpenedFile } from '../../volume/calls.ts'
import type { HandleId } from '../../volume/types.ts'
import { methodIndexes } from './call-names.ts'
import type { SyncReply } from './sync-caller.ts'

const openIndex = methodIndexes.get('open') as number
const closeIndex = methodIndexes.get('close') as number

export type RunCall = (method: number, args: readonly unknown[], signal?: AbortSignal) => Promise<SyncReply>

export class ThreadHandles {
  readonly #run: RunCall
  readonly #open = new Set<HandleId>()

  constructor(run: RunCall) {
    this.#run = run
  }

  /** `run`, taking note of handles that come and go. */
  run(method: number, args: readonly unknown[], signal?: AbortSignal): Promise<SyncReply> {
    if (method === closeIndex) this.#open.delete(args[0] as HandleId)
    return method === openIndex ? this.#runOpen(args, signal) : this.#run(method, args, signal)
  }

  /** What the thread has left open. Failures are those of files nobody waits for; write-back keeps and shows them. */
  async closeAll(): Promise<void> {
    const handles = [...this.#open]
    this.#open.clear()
    await Promise.all(handles.map((handle) => this.#run(closeIndex, [handle])))
  }

  async #runOpen(args: readonly unknown[], signal: AbortSignal | undefined): Promise<SyncReply> {
    const reply = await this.#run(openIndex, args, signal)
    if (reply[0]) this.#open.add((reply[1] as OpenedFile).handle)
    return reply
  }
}
