// A bucket over real HTTP, served by the built command in a process of its own: the thread that waits for a synchronous
// call could not serve it.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface ServedBucket {
  readonly endpoint: string
  readonly bucket: string
  /** A volume URL of its own in the bucket, and what a process needs to open it. */
  readonly environment: Readonly<Record<string, string>>
  volumeUrl(name: string): string
  close(): Promise<void>
}

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface ServeOptions {
  /** Where the bucket is kept; default memory. */
  readonly kept?: 'memory' | 'directory' | undefined
}

export async function serveBucket({ kept = 'memory' }: ServeOptions = {}): Promise<ServedBucket> {
  const folder = mkdtempSync(join(tmpdir(), 'bucketfs-served-'))
  const where = kept === 'memory' ? ['--memory'] : ['--dir', join(folder, 'bucket')]
  const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'us-east-1' }
  const server = spawn(process.execPath, [command, 's3', ...where, '--bucket', 'bucket', '--port', '0', '--json'], {
    env: { ...process.env, ...keys },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const endpoint = await urlOf(server)
  return {
    endpoint,
    bucket: 'bucket',
    environment: {
      ...keys,
      AWS_ENDPOINT_URL: endpoint,
      XDG_STATE_HOME: join(folder, 'state'),
      XDG_CACHE_HOME: join(folder, 'cache'),
    },
    volumeUrl: (name) => `s3://bucket/${name}`,
    close: async () => {
      server.kill('SIGTERM')
      if (server.exitCode === null) await once(server, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function urlOf(server: ChildProcess): Promise<string> {
  if (!server.stdout) throw new Error('the server has no output')
  for await (const line of createInterface({ input: server.stdout })) return (JSON.parse(line) as { url: string }).url
  throw new Error(`the server ended with ${server.exitCode}`)
}
