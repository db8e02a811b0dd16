// The AWS SDK's provider chain, and a process that uses the store without closing it.

import { spawn } from 'node:child_process'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { serveStore, testKeys, type Served } from '../../support/s3-kit.ts'
import { failure, getText, putText } from '../../support/store-kit.ts'

let served: Served | undefined

afterEach(async () => {
  await served?.close()
  served = undefined
  vi.unstubAllEnvs()
})

describe('default credentials', () => {
  it('are those of the environment', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', testKeys.accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', testKeys.secretAccessKey)
    served = await serveStore(createMemoryStore())
    const store = served.open({ credentials: 'default' })
    await putText(store, 'k', 'v')
    expect(await getText(store, 'k')).toBe('v')
  })

  it('that nobody provides are kind credentials', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) vi.stubEnv(name, undefined)
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent')
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent')
    served = await serveStore(createMemoryStore())
    await failure(served.open({ credentials: 'default' }).list(), 'credentials')
  })
})

describe('a process that leaves the store open', () => {
  it('ends when its work is done', async () => {
    served = await serveStore(createMemoryStore())
    await putText(served.open(), 'k', 'v')
    const url = new URL('../../../src/store/s3/s3-store.ts', import.meta.url).href
    const options = { bucket: 'test', endpoint: served.url, region: 'us-east-1', credentials: testKeys }
    const program = `
      const { createS3Store } = await import(${JSON.stringify(url)})
      const { body } = await createS3Store(${JSON.stringify(options)}).get('k')
      console.log(Buffer.from(body).toString())`
    const startMs = performance.now()
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (piece: Buffer) => (said += piece.toString()))
    const code = await new Promise((resolve) => child.on('exit', resolve))
    expect([code, said.trim()]).toEqual([0, 'v'])
    // The idle socket would hold it for as long as the server does: 95 s.
    expect(performance.now() - startMs).toBeLessThan(15_000)
  })
})
