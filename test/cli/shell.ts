// A shell for tests of the command: a fresh volume and a fresh local folder, and `run` as a person would type it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { runProgram } from '../../src/cli/program.ts'
import { openerFor } from '../../src/cli/open-volume.ts'
import type { VolumeOpener } from '../../src/cli/places/places.ts'
import { createDirectoryStore } from '../../src/store/directory.ts'
import type { ObjectStore } from '../../src/store/store.ts'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Shell {
  /** The local folder. */
  readonly local: string
  /** URL of the volume's root, ending in '//'. */
  readonly volume: string
  run(...args: readonly string[]): Promise<Ran>
  /** As `run`, on a terminal and with a signal. */
  runWith(options: RunOptions, ...args: readonly string[]): Promise<Ran>
  /** The bucket below the volume. */
  openBucket(): Promise<ObjectStore>
  close(): Promise<void>
}

export interface RunOptions {
  readonly terminal?: boolean
  readonly signal?: AbortSignal
  /** Wraps the volume that is opened. */
  readonly through?: (open: VolumeOpener) => VolumeOpener
}

export async function createShell(): Promise<Shell> {
  const folder = mkdtempSync(join(tmpdir(), 'bucketfs-cli-'))
  // Where the engine keeps spools and what it learned of buckets.
  process.env['XDG_STATE_HOME'] = join(folder, 'state')
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache')
  const local = mkdtempSync(join(folder, 'local-'))
  const bucket = mkdtempSync(join(folder, 'bucket-'))
  const openBucket = (): Promise<ObjectStore> => createDirectoryStore({ root: bucket })
  const runWith = async (options: RunOptions, ...args: readonly string[]): Promise<Ran> => {
    const [stdout, stderr] = [new Collected(), new Collected()]
    const through = options.through ?? ((open) => open)
    const code = await runProgram({
      args,
      stdout,
      stderr,
      terminal: options.terminal ?? false,
      signal: options.signal ?? new AbortController().signal,
      version: '0.0.0',
      opener: (openOptions) => through(openerFor({ ...openOptions, diskCacheBytesMax: 0 })),
      bucketOpener: () => () => openBucket(),
    })
    return { code, stdout: stdout.text, stderr: stderr.text }
  }
  return {
    local,
    volume: `file://${bucket}//`,
    run: (...args) => runWith({}, ...args),
    runWith,
    openBucket,
    close: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

class Collected extends Writable {
  #text = ''

  get text(): string {
    return this.#text
  }

  override _write(data: Buffer, _encoding: string, done: () => void): void {
    this.#text += data.toString()
    done()
  }
}
