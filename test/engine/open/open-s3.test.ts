// Opening a volume over real HTTP: what is wrong is said at open, by name, with a way out; what is missing is worked around.

import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { VolumeError } from '../../../src/base/errors.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import type { OpenVolumeOptions } from '../../../src/engine/open/options.ts'
import { openEngine } from '../../../src/engine/open.ts'
import { S3Error } from '../../../src/s3-endpoint/errors.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { O_CREAT, O_WRONLY } from '../../../src/volume/types.ts'
import { modulesUrl, useTestHome } from '../../support/engine-home.ts'
import { startTestServer } from '../../support/s3-server.ts'
import type { TestServer, TestServerOptions } from '../../support/s3-server.ts'
import { lacking } from '../../support/store-lacking.ts'

const home = useTestHome()
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  // The engine before its server, or closing waits for a bucket that is gone.
  for (const close of closers.splice(0).toReversed()) await close().catch(() => undefined)
})

async function startServer(options?: TestServerOptions): Promise<TestServer> {
  const server = await startTestServer(options)
  closers.push(() => server.close())
  return server
}

async function open(
  server: Pick<TestServer, 'endpoint' | 'bucket' | 'credentials'>,
  options: OpenVolumeOptions = {},
): Promise<Engine> {
  const logger = { module: modulesUrl, data: { file: home.current.logFile } }
  const { endpoint, credentials } = server
  const engine = await openEngine(`s3://${server.bucket}/disk`, { endpoint, credentials, logger, ...options })
  closers.push(() => engine.close())
  return engine
}

const create = { flags: O_WRONLY | O_CREAT, mode: 0o644 }

it.each(['worker', 'inline'] as const)('reads and writes a bucket below a prefix (%s)', async (engine) => {
  const server = await startServer()
  const { client } = await open(server, engine === 'inline' ? { engine, logger: undefined } : { engine })
  await client.calls.writeFile(client.caller(), '/hello', Buffer.from('world'), create)
  expect(Buffer.from((await server.store.get('disk/hello')).body).toString()).toBe('world')
  expect(Buffer.from(await client.calls.readFile(client.caller(), '/hello')).toString()).toBe('world')
  expect(home.current.logged()).toEqual([])
})

it('says that a bucket is missing', async () => {
  const server = await startServer()
  const opening = open({ ...server, bucket: 'no-such-bucket' })
  await expect(opening).rejects.toBeInstanceOf(VolumeError)
  await expect(opening).rejects.toMatchObject({
    code: 'ENOENT',
    message: expect.stringMatching(/bucket "no-such-bucket" at http:.* does not exist .*create it/),
    cause: { kind: 'no-bucket' },
  })
})

it('says that credentials are refused, without showing the secret', async () => {
  const server = await startServer()
  const failure = (await open({
    ...server,
    credentials: { accessKeyId: 'AKIAWRONG', secretAccessKey: 'hush/hush' },
  }).catch((error: unknown) => error)) as VolumeError
  expect(failure).toMatchObject({
    code: 'EACCES',
    message: expect.stringMatching(/credentials for bucket.*AWS_PROFILE/),
  })
  expect(`${failure.stack} ${JSON.stringify(failure.cause)}`).not.toContain('hush')
})

it('says that a wrong secret is refused', async () => {
  const server = await startServer()
  const credentials = { ...server.credentials, secretAccessKey: 'wrong' }
  await expect(open({ ...server, credentials })).rejects.toMatchObject({
    code: 'EACCES',
    message: expect.stringContaining('credentials'),
  })
})

it('takes the region the service names instead of a wrong one', async () => {
  const server = await startServer({ region: 'eu-central-1' })
  const { client } = await open(server, { region: 'us-west-2' })
  await client.calls.writeFile(client.caller(), '/f', Buffer.from('1'), create)
  expect((await server.store.head('disk/f')).size).toBe(1)
})

it('says that nothing answers at the endpoint', async () => {
  const { port, close } = await unusedPort()
  await close()
  await expect(
    open({
      endpoint: `http://127.0.0.1:${port}`,
      bucket: 'b-b',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    }),
  ).rejects.toMatchObject({
    code: 'EIO',
    message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port} cannot be reached .*ECONNREFUSED`)),
  })
})

it('says that the endpoint has no address', async () => {
  const endpoint = 'http://nowhere.invalid'
  await expect(
    open({ endpoint, bucket: 'b-b', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }),
  ).rejects.toMatchObject({
    code: 'EIO',
    message: expect.stringMatching(/nowhere\.invalid cannot be reached/),
  })
})

it('says that reading is denied', async () => {
  const server = await startServer({
    beforeRequest: () => {
      throw new S3Error('AccessDenied')
    },
  })
  await expect(open(server)).rejects.toMatchObject({
    code: 'EACCES',
    message: expect.stringMatching(/denied.*s3:ListBucket/),
  })
})

it('opens a bucket that denies writes read-only, with one warning', async () => {
  const server = await startServer({
    beforeRequest: ({ operation }) => {
      if (!/^(Get|Head|List)/.test(operation)) throw new S3Error('AccessDenied')
    },
  })
  await server.store.put('disk/there', Buffer.from('readable'), { headers: { metadata: {} } })
  const { client, settings } = await open(server)
  expect(settings.readOnly).toBe(true)
  expect(Buffer.from(await client.calls.readFile(client.caller(), '/there')).toString()).toBe('readable')
  await expect(client.calls.writeFile(client.caller(), '/new', Buffer.from('1'), create)).rejects.toMatchObject({
    code: 'EROFS',
  })
  expect(home.current.logged().map(({ level, message }) => `${level} ${message}`)).toEqual([
    'warn the bucket denies writing: the volume is read-only',
  ])
})

it('opens a bucket without conditions with one warning, and counts what is unsafe', async () => {
  const store = lacking(createMemoryStore(), {
    putIfMatch: false,
    putIfNoneMatch: false,
    completeIfMatch: false,
    completeIfNoneMatch: false,
  })
  const server = await startServer({ store })
  const { client } = await open(server)
  await client.calls.writeFile(client.caller(), '/f', Buffer.from('1'), create)
  await client.calls.writeFile(client.caller(), '/f', Buffer.from('22'), create)
  expect(home.current.logged()).toMatchObject([
    { level: 'warn', fields: { missing: expect.stringContaining('putIfNoneMatch,putIfMatch') } },
  ])
  expect(((await client.metrics())['unsafe'] as number) > 0).toBe(true)
})

it('keeps what the probe found: the second open asks the bucket once', async () => {
  const server = await startServer()
  await (await open(server)).close()
  const probed = server.requests.total
  expect(probed).toBeGreaterThan(10)
  expect((await server.store.list({})).objects).toEqual([])
  server.requests.reset()
  const { client } = await open(server)
  expect(server.requests.byOperation()).toEqual({ ListObjectsV2: expect.any(Number) })
  expect(server.requests.total).toBeLessThanOrEqual(3)
  await client.calls.writeFile(client.caller(), '/f', Buffer.from('1'), create)
  expect(home.current.logged()).toEqual([])
})

it('loads credentials from a module in the engine', async () => {
  const server = await startServer()
  const { client } = await open(server, { credentials: { module: modulesUrl, data: server.credentials } })
  await client.calls.mkdir(client.caller(), '/d', 0o755, false)
  expect((await client.calls.stat(client.caller(), '/d', true)).type).toBe('directory')
})

it('takes credentials of the environment by default', async () => {
  const server = await startServer()
  process.env['AWS_ACCESS_KEY_ID'] = server.credentials.accessKeyId
  process.env['AWS_SECRET_ACCESS_KEY'] = server.credentials.secretAccessKey
  try {
    const engine = await openEngine(`s3://${server.bucket}?endpoint=${server.endpoint}`)
    closers.push(() => engine.close())
    expect((await engine.client.calls.stat(engine.client.caller(), '/', true)).type).toBe('directory')
  } finally {
    delete process.env['AWS_ACCESS_KEY_ID']
    delete process.env['AWS_SECRET_ACCESS_KEY']
  }
})

async function unusedPort(): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) }
}
