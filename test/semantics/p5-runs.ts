// P5 measured: one large file written and read in sequence by a process of its own, through a bucket over HTTP.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { VolumeSettings } from '../../src/volume/settings.ts'
import { serveBucket } from '../support/served-bucket.ts'

export interface LargeRun {
  readonly same: boolean
  /** Gauge of the volume: clean, dirty and in flight together, at most. */
  readonly memoryPeak: number
  /** Bytes in the folder of the disk cache, at most. */
  readonly cachePeak: number
  readonly rssPeak: number
  /** Before the volume was opened: what Node takes for itself on one thread. */
  readonly baseRss: number
  readonly unverified: number
}

const program = fileURLToPath(new URL('../support/volume-large.mjs', import.meta.url))

export async function runLarge(bytes: number, settings: Partial<VolumeSettings>): Promise<LargeRun> {
  const served = await serveBucket({ kept: 'directory' })
  const cacheDir = mkdtempSync(join(tmpdir(), 'bucketfs-large-'))
  try {
    const options = JSON.stringify({ ...settings, cacheDir })
    const child = spawn(process.execPath, [program, served.volumeUrl('large'), String(bytes), options], {
      env: { ...process.env, ...served.environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (piece: Buffer) => (text += piece.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    if (code !== 0) throw new Error(`the run ended with ${code}`)
    return JSON.parse(text) as LargeRun
  } finally {
    await served.close()
    rmSync(cacheDir, { recursive: true, force: true })
  }
}

/**
 * What a second thread of Node, code, sockets and buffers not yet collected take besides the bytes that are bounded:
 * up to 110 MiB on Node 20, 160 MiB on Node 24, whose collector is slower to let go (130 MiB file, measured).
 */
export const nodeOwnBytes: number = (process.version.startsWith('v20.') ? 128 : 192) * 1024 * 1024
