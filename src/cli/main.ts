#!/usr/bin/env node
// The command `bucketfs`: the process around `program.ts`. The first Ctrl-C asks the command to come to an orderly end
// and say what was done; the second one does not wait.

import { readFileSync } from 'node:fs'
import { bucketOpenerFor, openerFor } from './open-volume.ts'
import { runProgram } from './program.ts'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort(new Error(`stopped by ${signal}`))
  })
// A reader that went away: the write that met it fails with EPIPE and ends the command.
process.stdout.on('error', () => undefined)

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }

process.exitCode = await runProgram({
  args: process.argv.slice(2),
  stdout: process.stdout,
  stderr: process.stderr,
  terminal: process.stderr.isTTY,
  signal: stop.signal,
  version: manifest.version,
  opener: openerFor,
  bucketOpener: bucketOpenerFor,
})
