// Starts `server-main.ts` and tells the volume and its rivals where it is.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ServerOptions } from './server-main.ts'

export interface BenchServer {
  readonly endpoint: string
  readonly delayMs: number
  close(): Promise<void>
}

export const bucketName = 'bucket'
export const keys = { accessKeyId: 'id', secretAccessKey: 'secret' }

export function startServer(options: ServerOptions): Promise<BenchServer> {
  return start('server-main.ts', options)
}

/** The same answer to everything, at next to no cost. */
export function startCanned(): Promise<BenchServer> {
  return start('canned-main.ts', { delayMs: 0 })
}

async function start(program: string, options: ServerOptions): Promise<BenchServer> {
  const folder = mkdtempSync(join(tmpdir(), 'bucketfs-bench-'))
  process.env['XDG_STATE_HOME'] = join(folder, 'state')
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache')
  const main = fileURLToPath(new URL(program, import.meta.url))
  const server = spawn(process.execPath, ['--import', 'tsx', main, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let endpoint = ''
  for await (const line of createInterface({ input: server.stdout })) {
    endpoint = line
    break
  }
  if (endpoint === '') throw new Error(`the server ended with ${server.exitCode}`)
  return {
    endpoint,
    delayMs: options.delayMs,
    close: async () => {
      server.kill()
      if (server.exitCode === null) await once(server, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
