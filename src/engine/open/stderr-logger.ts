// The default logger: warnings and errors as lines on stderr, nothing below. Written directly, because the engine's
// thread may be ending, or the main thread asleep in a synchronous call, when there is something to say.

import { writeSync } from 'node:fs'
import type { LogFields, Logger } from '../../base/log.ts'

export const stderrLogger: Logger = {
  debug() {},
  info() {},
  warn: (message, fields) => writeLine(message, fields),
  error: (message, fields) => writeLine(message, fields),
}

function writeLine(message: string, fields: LogFields = {}): void {
  const details = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  try {
    writeSync(2, `bucketfs: ${message}${details.join('')}\n`)
  } catch (error) {
    // A closed or full pipe at the other end is no reason for a volume to fail.
    if (!['EAGAIN', 'EPIPE', 'EBADF'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
