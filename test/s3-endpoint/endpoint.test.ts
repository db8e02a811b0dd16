// The endpoint as a component: its hooks, its embedding, its end.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { StoreError, type StoreErrorKind } from '../../src/base/errors.ts'
import { createS3Endpoint } from '../../src/s3-endpoint/endpoint.ts'
import { S3Error } from '../../src/s3-endpoint/errors.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { createManualClock } from '../support/store-clock.ts'
import { startTestServer, testCredentials, type TestServer, type TestServerOptions } from '../support/s3-server.ts'
import { putText } from '../support/store-kit.ts'
import { send, sendRaw, signRequest, tag } from './raw.ts'

const opened: TestServer[] = []
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close()
})
async function start(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startTestServer(options)
  opened.push(server)
  return server
}

describe('hooks', () => {
  it('tell each request with its operation, status, code and bytes', async () => {
    const server = await start()
    await send(server, { method: 'PUT', target: `/${server.bucket}/k`, body: 'hello' })
    await send(server, { method: 'GET', target: `/${server.bucket}/k`, headers: { range: 'bytes=1-3' } })
    await send(server, { method: 'GET', target: `/${server.bucket}/none`, secret: 'wrong' })
    const told = server.requests.records.map(({ operation, key, status, code, bytesIn, bytesOut }) => ({
      operation,
      key,
      status,
      code,
      bytesIn,
      bytesOut,
    }))
    expect(told.slice(0, 2)).toEqual([
      { operation: 'PutObject', key: 'k', status: 200, code: undefined, bytesIn: 5, bytesOut: 0 },
      { operation: 'GetObject', key: 'k', status: 206, code: undefined, bytesIn: 0, bytesOut: 3 },
    ])
    expect(told[2]).toMatchObject({ operation: 'GetObject', key: 'none', status: 403, code: 'SignatureDoesNotMatch' })
    expect(server.requests.byOperation()).toEqual({ PutObject: 1, GetObject: 2 })
  })

  it('can refuse a signed request before it is carried out', async () => {
    const server = await start({
      beforeRequest: ({ operation }) => {
        if (operation === 'PutObject') throw new S3Error('SlowDown')
      },
    })
    const reply = await send(server, { method: 'PUT', target: `/${server.bucket}/k`, body: 'x' })
    expect([reply.status, tag(reply.body, 'Code')]).toEqual([503, 'SlowDown'])
    expect((await server.store.list()).objects).toEqual([])
  })

  it('that throw when told break nothing', async () => {
    const store = createMemoryStore()
    const endpoint = createS3Endpoint({
      buckets: new Map([['b', store]]),
      credentials: () => 'x',
      anonymous: true,
      onRequest: () => {
        throw new Error('hook')
      },
    })
    const { url } = await endpoint.listen()
    expect((await fetch(`${url}/b`)).status).toBe(200)
    await endpoint.close()
    await store.close()
  })
})

describe('embedding and closing', () => {
  it('serves inside a server of the caller', async () => {
    const store = createMemoryStore()
    await putText(store, 'k', 'v')
    const endpoint = createS3Endpoint({
      buckets: new Map([['b', store]]),
      credentials: () => undefined,
      anonymous: true,
    })
    const outer = createServer((request, response) => endpoint.handler(request, response))
    await new Promise<void>((resolve) => outer.listen(0, '127.0.0.1', resolve))
    const reply = await fetch(`http://127.0.0.1:${(outer.address() as AddressInfo).port}/b/k`)
    expect(await reply.text()).toBe('v')
    outer.closeAllConnections()
    outer.close()
    await store.close()
  })

  it('finishes what is under way, takes nothing new, and closes once', async () => {
    const clock = createManualClock(Date.now())
    const server = await startTestServer({ clock, latencyMs: 1000 })
    const reply = send(server, { method: 'PUT', target: `/${server.bucket}/late`, body: 'done' })
    await expect.poll(() => clock.pending).toBe(1)
    const closed = Promise.all([server.close(), server.close()])
    await clock.advance(1000)
    expect((await reply).status).toBe(200)
    await closed
    await expect(fetch(server.endpoint)).rejects.toThrow()
  })

  it('breaks requests that outlast the grace', async () => {
    const clock = createManualClock(Date.now())
    const server = await startTestServer({ clock, latencyMs: 60_000 })
    const reply = send(server, { method: 'GET', target: `/${server.bucket}/never` })
    const broken = expect(reply).rejects.toThrow()
    await expect.poll(() => clock.pending).toBe(1)
    const closed = server.close()
    await expect.poll(() => clock.pending).toBe(2)
    await clock.advance(5000)
    await broken
    await closed
  })

  it('judges times by its own clock', async () => {
    const server = await start({ clock: createManualClock(Date.parse('2001-01-01T00:00:00Z')) })
    const request = { method: 'GET', target: `/${server.bucket}` }
    const { headers } = signRequest(server, { ...request, timeMs: Date.parse('2001-01-01T00:10:00Z') })
    const reply = await sendRaw(server, 'GET', request.target, headers)
    expect([reply.status, reply.headers['date']]).toEqual([200, 'Mon, 01 Jan 2001 00:00:00 GMT'])
    expect((await send(server, request)).status).toBe(403)
  })

  it('asks for each credential by its id', async () => {
    const endpoint = createS3Endpoint({
      buckets: {
        find: (_name, caller) => (caller.accessKeyId === testCredentials.accessKeyId ? createMemoryStore() : undefined),
        list: () => [],
      },
      credentials: async (id) => `secret of ${id}`,
    })
    const { port } = await endpoint.listen()
    const server = { port, region: 'r', bucket: 'b', credentials: testCredentials } as TestServer
    const as = async (accessKeyId: string): Promise<number> =>
      (await send(server, { method: 'GET', target: '/b', accessKeyId, secret: `secret of ${accessKeyId}` })).status
    expect(await as(testCredentials.accessKeyId)).toBe(200)
    expect(await as('somebody-else')).toBe(404)
    await endpoint.close()
  })
})

describe('failures of the store', () => {
  const kinds: readonly (readonly [StoreErrorKind, number, string])[] = [
    ['not-found', 404, 'NoSuchKey'],
    ['no-bucket', 404, 'NoSuchBucket'],
    ['precondition', 412, 'PreconditionFailed'],
    ['conflict', 409, 'ConditionalRequestConflict'],
    ['denied', 403, 'AccessDenied'],
    ['credentials', 403, 'AccessDenied'],
    ['throttled', 503, 'SlowDown'],
    ['unavailable', 503, 'ServiceUnavailable'],
    ['timeout', 503, 'ServiceUnavailable'],
    ['corrupt', 400, 'BadDigest'],
    ['too-large', 400, 'EntityTooLarge'],
    ['invalid', 400, 'InvalidRequest'],
    ['unsupported', 501, 'NotImplemented'],
    ['read-only', 403, 'AccessDenied'],
    ['no-space', 507, 'InsufficientStorage'],
    ['aborted', 503, 'ServiceUnavailable'],
  ]

  it.each(kinds)('%s is answered %i %s', async (kind, status, code) => {
    const memory = createMemoryStore()
    const store: ObjectStore = { ...memory, put: () => Promise.reject(new StoreError({ kind, operation: 'put' })) }
    const server = await start({ store })
    const reply = await send(server, { method: 'PUT', target: `/${server.bucket}/k`, body: 'x' })
    expect([reply.status, tag(reply.body, 'Code')]).toEqual([status, code])
    await memory.close()
  })

  it('that nobody foresaw are InternalError, logged, and not shown', async () => {
    const memory = createMemoryStore()
    const logged: unknown[] = []
    const log = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (message: string) => void logged.push(message),
    }
    const store: ObjectStore = { ...memory, head: () => Promise.reject(new TypeError('secret inside')) }
    const server = await start({ store, log })
    const reply = await send(server, { method: 'GET', target: `/${server.bucket}/k` })
    expect([reply.status, tag(reply.body, 'Code')]).toEqual([500, 'InternalError'])
    expect(reply.body).not.toContain('secret inside')
    expect(logged).toEqual(['s3 request failed'])
    await memory.close()
  })
})
