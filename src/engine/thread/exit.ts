// Draining at exit: one listener for all engines of this thread, kept the last of all 'exit' listeners, so that the
// program's own may still write. It runs for a natural end, process.exit and an uncaught
// exception; not for SIGKILL, and not for a signal nobody handles (a program that wants its data written on SIGTERM or
// SIGINT closes its volumes in a handler, or calls process.exit there). What is journaled survives either way.

import { writeSync } from 'node:fs'

/** A bucket that is away must not hang a process that wants to go; what is not written by then is named. */
const exitDrainMsMax = 60_000

export interface ExitDrain {
  forget(): void
}

interface Drain {
  readonly label: string
  readonly run: (waitMsMax: number) => void
}

const drains = new Set<Drain>()

/** `run` blocks until everything dirty is in the bucket, and throws what failed. */
export function drainAtExit(label: string, run: (waitMsMax: number) => void): ExitDrain {
  if (drains.size === 0) {
    process.on('exit', onExit)
    process.on('newListener', onNewListener)
  }
  const drain = { label, run }
  drains.add(drain)
  return {
    forget() {
      if (!drains.delete(drain) || drains.size > 0) return
      process.off('exit', onExit)
      process.off('newListener', onNewListener)
    },
  }
}

function onNewListener(event: string | symbol, listener: unknown): void {
  if (event !== 'exit' || listener === onExit) return
  // This event comes before the listener is added.
  queueMicrotask(() => {
    if (drains.size === 0) return
    process.off('exit', onExit)
    process.on('exit', onExit)
  })
}

function onExit(): void {
  for (const { label, run } of drains) {
    try {
      run(exitDrainMsMax)
    } catch (error) {
      // 0 and unset are success; what the program chose otherwise stays.
      process.exitCode ||= 1
      // The event loop is over: only a direct write is sure to come out.
      writeSync(2, `bucketfs: ${label}: not everything was written back: ${describe(error)}\n`)
    }
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}
