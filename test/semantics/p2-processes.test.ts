// P2 between real processes: many writers of one file never lose an update. Each process opens the volume by its URL,
// changes the file again and again, and tells what was acknowledged and what was not.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openVolume, type OpenedVolume } from '../../src/index.ts'
import { useTestHome } from '../support/engine-home.ts'
import { serveBucket, type ServedBucket } from '../support/served-bucket.ts'

useTestHome()

const program = fileURLToPath(new URL('../support/volume-writer.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'bucketfs-writers-'))
let served: ServedBucket

beforeAll(async () => {
  served = await serveBucket()
})

afterAll(async () => {
  await served.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Told {
  /** Lines this process was told are in the file. */
  readonly acknowledged: readonly string[]
  /** Lines it was refused, and where they were kept. */
  readonly refused: readonly { readonly line: string; readonly code: string; readonly conflictPath: string }[]
}

interface Writer {
  readonly ready: Promise<void>
  go(): void
  readonly told: Promise<Told>
}

function writer(url: string, name: string, rounds: number, environment: Readonly<Record<string, string>>): Writer {
  const child = spawn(process.execPath, [program, url, name, String(rounds)], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let text = ''
  const ready = new Promise<void>((resolve) =>
    child.stdout.on('data', (piece: Buffer) => {
      text += piece.toString()
      if (text.startsWith('ready\n')) resolve()
    }),
  )
  const told = new Promise<Told>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(text.slice('ready\n'.length)) as Told)
      else reject(new Error(`exit ${code}: ${text}`))
    })
  })
  return { ready, told, go: () => void child.stdin.end('go') }
}

const buckets = [
  ['a file: bucket', () => [`file://${join(folder, 'bucket')}`, {}] as const],
  ['the embedded S3 server', () => [served.volumeUrl('races'), served.environment] as const],
] as const

describe.each(buckets)('two processes writing one file through %s', (_, bucketOf) => {
  it('P2.19 lose no update: what was acknowledged is in the file, what was refused is ESTALE and in a conflict copy', async () => {
    const [url, environment] = bucketOf()
    const rounds = 25
    const writers = ['a', 'b'].map((name) => writer(url, name, rounds, environment))
    await Promise.all(writers.map(({ ready }) => ready))
    for (const { go } of writers) go()
    const told = await Promise.all(writers.map((each) => each.told))
    const saved = Object.fromEntries(Object.keys(environment).map((name) => [name, process.env[name]]))
    Object.assign(process.env, environment)
    let volume: OpenedVolume | undefined
    try {
      volume = await openVolume(url)
      const lines = (await volume.fs.promises.readFile('/shared', 'utf8')).trim().split('\n')
      const acknowledged = told.flatMap((each) => each.acknowledged)
      expect(lines.toSorted()).toEqual(acknowledged.toSorted())
      expect(acknowledged.length + told.flatMap((each) => each.refused).length).toBe(2 * rounds)
      for (const { line, code, conflictPath } of told.flatMap((each) => each.refused)) {
        expect(code).toBe('ESTALE')
        // What was there before is not in memory: only what was written is sure to be kept.
        expect((await volume.fs.promises.readFile(conflictPath, 'utf8')).endsWith(`${line}\n`)).toBe(true)
      }
      // They did meet.
      expect(told.flatMap((each) => each.refused).length).toBeGreaterThan(0)
    } finally {
      await volume?.close()
      for (const [name, value] of Object.entries(saved)) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    }
  }, 60_000)
})
