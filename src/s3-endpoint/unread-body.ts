// The rest of a body nobody wants. Closing the socket on a client that is still sending resets it, and it sees a broken
// pipe instead of the answer; so the answer goes out first and the rest is read and thrown away, up to a limit and a
// deadline. Past them the connection is broken.

import type { IncomingMessage } from 'node:http'
import { MiB } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'

const drainBytesMax: number = 64 * MiB
const drainMs = 10_000

export async function drainBody(request: IncomingMessage, clock: Clock, log: Logger): Promise<void> {
  if (request.complete || request.destroyed) return
  const cancel = clock.timer(drainMs, () => request.destroy())
  let left = drainBytesMax
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      left -= piece.byteLength
      if (left < 0) request.destroy()
    }
  } catch (error) {
    log.debug('s3 body given up', { error })
  } finally {
    cancel()
  }
}
