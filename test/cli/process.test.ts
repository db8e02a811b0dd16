// The built command as a process: signals, pipes and exit codes, against a bucket over HTTP.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createS3Store } from '../../src/store/s3/s3-store.ts'
import { fullCapabilities, type ObjectStore } from '../../src/store/store.ts'
import { serveBucket, type ServedBucket } from '../support/served-bucket.ts'

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

describe('the process bucketfs', () => {
  let served: ServedBucket
  let bucket: ObjectStore
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bucketfs-process-'))
    served = await serveBucket()
    const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' }
    const { endpoint } = served
    bucket = createS3Store({
      bucket: 'bucket',
      endpoint,
      region: 'us-east-1',
      credentials,
      capabilities: fullCapabilities,
    })
  })
  afterAll(async () => {
    await (bucket as ObjectStore | undefined)?.close()
    await (served as ServedBucket | undefined)?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const start = (...args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [command, ...args], { env: { ...process.env, ...served.environment } })

  async function ended(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
    let stderr = ''
    child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stderr }
  }

  it('leaves no object and no upload when Ctrl-C meets it half way, and says so', async () => {
    writeFileSync(join(folder, 'large'), Buffer.alloc(160 * 1024 * 1024, 'x'))
    const child = start('cp', join(folder, 'large'), 's3://bucket/interrupted//large')
    const end = ended(child)
    const deadlineMs = performance.now() + 20_000
    while ((await bucket.listUploads('interrupted/large')).length === 0 && performance.now() < deadlineMs)
      await new Promise((resolve) => setTimeout(resolve, 5))
    child.kill('SIGINT')
    const { code, stderr } = await end
    expect(code).toBe(130)
    expect(stderr).toContain('interrupted: copied 0 of 1 files')
    const left = (await bucket.list({ prefix: 'interrupted/' })).objects.map(({ key }) => key)
    expect(left.filter((key) => !key.startsWith('interrupted/.bucketfs/cache/'))).toEqual([])
    expect(await bucket.listUploads('interrupted/')).toEqual([])
  })

  it('ends quietly when the reader of its output goes away', async () => {
    writeFileSync(join(folder, 'text'), 'line\n'.repeat(2_000_000))
    expect((await ended(start('cp', join(folder, 'text'), 's3://bucket/pipe//text'))).code).toBe(0)
    const child = start('cat', 's3://bucket/pipe//text')
    const end = ended(child)
    await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
    child.stdout?.destroy()
    const { code, stderr } = await end
    expect([code, stderr]).toEqual([1, ''])
  })

  it('names the bucket that is not there and what to do', async () => {
    const { code, stderr } = await ended(start('ls', 's3://no-such-bucket/'))
    expect(code).toBe(1)
    expect(stderr).toMatch(/^bucketfs ls: cannot open 's3:\/\/no-such-bucket\/': .*no-such-bucket.*\(ENOENT\)/)
    expect(stderr).toContain('create it, or check its name, endpoint and region')
  })

  it('names wrong credentials and what to do', async () => {
    const child = spawn(process.execPath, [command, 'ls', 's3://bucket/'], {
      env: { ...process.env, ...served.environment, AWS_SECRET_ACCESS_KEY: 'wrong' },
    })
    const { code, stderr } = await ended(child)
    expect(code).toBe(1)
    expect(stderr).toContain('(EACCES)')
    expect(stderr).toContain('AWS_SECRET_ACCESS_KEY')
  })

  it('names an endpoint that cannot be reached', async () => {
    const { code, stderr } = await ended(start('ls', '--endpoint', 'http://127.0.0.1:1', 's3://bucket/'))
    expect(code).toBe(1)
    expect(stderr).toContain('cannot be reached')
  })

  it('names a variable that cannot be', async () => {
    const child = spawn(process.execPath, [command, 'ls', 's3://bucket/'], {
      env: { ...process.env, ...served.environment, BUCKETFS_DURABILITY: 'never' },
    })
    const { code, stderr } = await ended(child)
    expect(code).toBe(2)
    expect(stderr).toContain('BUCKETFS_DURABILITY')
  })
})
