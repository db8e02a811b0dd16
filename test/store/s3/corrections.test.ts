// What the service itself puts right, once per request, and remembered for the next.

import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import type { LogFields } from '../../../src/base/log.ts'
import type { S3Credentials } from '../../../src/store/s3/credentials.ts'
import { createS3Store } from '../../../src/store/s3/s3-store.ts'
import { errorReply, rawServer, reply, reset, type RawServer, type Step } from '../../support/raw-server.ts'
import { testKeys } from '../../support/s3-kit.ts'
import { failure, getText, plain, putText } from '../../support/store-kit.ts'

const servers: RawServer[] = []

async function served(...steps: Step[]): Promise<RawServer> {
  const server = await rawServer(steps)
  servers.push(server)
  return server
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

const ok = reply(200, {}, 'ok')
const scopeOf = (authorization: string | undefined): string =>
  /Credential=[^/]+\/(\S+),/.exec(authorization ?? '')?.[1] ?? ''

describe('region', () => {
  it('is taken from the header of a redirect, and kept', async () => {
    const { open, requests } = await served(reply(301, { 'x-amz-bucket-region': 'eu-west-3' }), ok)
    const store = open()
    expect(await getText(store, 'k')).toBe('ok')
    expect(await getText(store, 'k')).toBe('ok')
    expect(requests.map(({ headers }) => scopeOf(headers.authorization).split('/')[1])).toEqual([
      'us-east-1',
      'eu-west-3',
      'eu-west-3',
    ])
  })

  it('is taken from AuthorizationHeaderMalformed, for a change with its body too', async () => {
    const { open, requests } = await served(
      errorReply(400, 'AuthorizationHeaderMalformed', {}, '<Region>ap-south-1</Region>'),
      ok,
    )
    await putText(open(), 'k', 'text', { ifNoneMatch: '*' })
    expect(requests.map(({ body }) => body.toString())).toEqual(['text', 'text'])
    expect(scopeOf(requests[1]?.headers.authorization)).toContain('/ap-south-1/')
  })

  it('is not followed in circles', async () => {
    const to = (region: string): Step => reply(301, { 'x-amz-bucket-region': region })
    const { open, requests } = await served(to('eu-west-1'), to('eu-west-2'), to('eu-west-3'))
    await failure(open().get('k'), 'invalid')
    expect(requests.length).toBe(2)
  })
})

describe('redirect', () => {
  it('within the endpoint is followed with a signature for the new host, and kept', async () => {
    const target = await served(ok)
    const { open, requests } = await served(reply(307, { location: `${target.url}/elsewhere` }))
    const store = open()
    expect(await getText(store, 'k')).toBe('ok')
    expect(await getText(store, 'k')).toBe('ok')
    expect(requests).toHaveLength(1)
    expect(target.requests.map(({ url }) => url)).toEqual(['/test/k', '/test/k'])
    expect(target.requests[0]?.headers.host).toBe(new URL(target.url).host)
  })

  it('to a host of somebody else is refused', async () => {
    const { open, requests } = await served(reply(307, { location: 'http://localhost:1/test/k' }))
    await failure(open().get('k'), 'invalid')
    expect(requests).toHaveLength(1)
  })
})

describe('clock', () => {
  it('is set by the Date of a RequestTimeTooSkewed, and kept', async () => {
    const date = 'Wed, 01 Jan 2031 10:00:00 GMT'
    const { open, requests } = await served(errorReply(403, 'RequestTimeTooSkewed', { date }), ok)
    const store = open()
    await getText(store, 'k')
    await getText(store, 'k')
    const days = requests.map(({ headers }) => scopeOf(headers.authorization).slice(0, 8))
    expect(days[0]).not.toBe('20310101')
    expect(days.slice(1)).toEqual(['20310101', '20310101'])
  })

  it('explains a HEAD that is refused without a word, but no other 403', async () => {
    const bare = (date: string): Step => reply(403, { date })
    const { open, requests } = await served(
      bare('Wed, 01 Jan 2031 10:00:00 GMT'),
      reply(200, { 'content-length': '0' }),
      bare(new Date().toUTCString()),
    )
    await open().head('k')
    await failure(open().head('k'), 'denied')
    expect(requests).toHaveLength(3)
  })
})

describe('credentials', () => {
  const session = (n: number): S3Credentials => ({
    accessKeyId: `AKID${n}`,
    secretAccessKey: 'secret',
    sessionToken: `token${n}`,
  })

  it('that ended are fetched again, once', async () => {
    let fetched = 0
    const { open, requests } = await served(errorReply(400, 'ExpiredToken'), ok)
    const store = open({ credentials: async () => session(++fetched) })
    expect(await getText(store, 'k')).toBe('ok')
    expect(requests.map(({ headers }) => headers['x-amz-security-token'])).toEqual(['token1', 'token2'])
  })

  it('that ended for good fail without a loop', async () => {
    let fetched = 0
    const { open, requests } = await served(errorReply(403, 'ExpiredToken'))
    await failure(open({ credentials: async () => session(++fetched) }).get('k'), 'credentials')
    expect([fetched, requests.length]).toEqual([2, 2])
    await failure(open().get('k'), 'credentials')
    expect(requests).toHaveLength(3)
  })

  it('are fetched once for many waiting calls, and before they end', async () => {
    let fetched = 0
    const soon = (ms: number): S3Credentials => ({ ...session(++fetched), expiration: new Date(Date.now() + ms) })
    const { open } = await served(ok)
    const store = open({ credentials: async () => soon(3_600_000) })
    await Promise.all(Array.from({ length: 8 }, () => getText(store, 'k')))
    expect(fetched).toBe(1)
  })

  it('that cannot be had name the reason', async () => {
    const { open } = await served(ok)
    const error = await failure(
      open({ credentials: () => Promise.reject(new Error('no profile')) }).get('k'),
      'credentials',
    )
    expect(error.message).toContain('no profile')
  })

  it('never show in errors or logs', async () => {
    const seen: unknown[] = []
    const log = (message: string, fields?: LogFields): void => void seen.push(message, fields)
    const logger = { debug: log, info: log, warn: log, error: log }
    const { open } = await served(
      errorReply(403, 'SignatureDoesNotMatch'),
      reset,
      errorReply(403, 'RequestTimeTooSkewed', { date: 'Wed, 01 Jan 2031 10:00:00 GMT' }),
    )
    const store = open({ logger })
    for (let i = 0; i < 3; i++) await store.get('k').catch((error: unknown) => seen.push(error))
    expect(() => open({ credentials: { accessKeyId: 'id', secretAccessKey: 'bad secret\n' } })).toThrow(/accessKeyId/)
    const all = inspect(seen, { depth: 20, showHidden: true, getters: true })
    expect(all).toContain('SignatureDoesNotMatch')
    expect(all).not.toContain(testKeys.secretAccessKey)
  })
})

describe('payload', () => {
  it('is hashed from the first refusal of an unsigned one on', async () => {
    const { open, requests } = await served(errorReply(400, 'InvalidRequest'), ok)
    await failure(putText(open(), 'k', 'text'), 'invalid')
    expect(requests).toHaveLength(1)
    const refusing = await served(errorReply(400, 'XAmzContentSHA256Mismatch'), ok)
    const store = refusing.open()
    await putText(store, 'k', 'text')
    await putText(store, 'k', 'text')
    const sums = refusing.requests.map(({ headers }) => headers['x-amz-content-sha256'])
    const hash = '982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1'
    expect(sums).toEqual(['UNSIGNED-PAYLOAD', hash, hash])
  })
})

describe('a socket the server closed while it was idle', () => {
  /** Answers the first request of each connection and resets at the second. */
  function onceEach(): Step {
    const used = new Set<number>()
    return (request, response, socket) => {
      if (used.has(request.connection)) socket.resetAndDestroy()
      else ok(request, response, socket)
      used.add(request.connection)
    }
  }

  it('costs an idempotent call a replay on a new one, and nothing else', async () => {
    const { open, requests } = await served(onceEach())
    const store = open()
    for (let i = 0; i < 3; i++) expect(await getText(store, 'k')).toBe('ok')
    await putText(store, 'k', 'v')
    expect(requests.map(({ connection }) => connection)).toEqual([0, 0, 1, 1, 2, 2, 3])
  })

  it('is ambiguous for a conditional call, which is sent once', async () => {
    const { open, requests } = await served(onceEach())
    const store = open()
    await getText(store, 'k')
    expect((await failure(putText(store, 'k', 'v', { ifNoneMatch: '*' }), 'unavailable')).ambiguous).toBe(true)
    await getText(store, 'k')
    expect((await failure(store.createUpload('k', { headers: plain }), 'unavailable')).ambiguous).toBe(true)
    expect(requests).toHaveLength(4)
  })
})

describe('opening', () => {
  const credentials = testKeys
  it('refuses directory buckets, names that are none and endpoints that are no URL', () => {
    expect(() => createS3Store({ bucket: 'b--use1-az4--x-s3', credentials })).toThrow(/directory bucket/)
    expect(() => createS3Store({ bucket: 'a/b', credentials })).toThrow(/no bucket name/)
    for (const endpoint of ['nonsense', 'ftp://host', 'http://user@host', 'http://host?x=1']) {
      expect(() => createS3Store({ bucket: 'bucket', endpoint, credentials })).toThrow(/endpoint must be/)
    }
  })
})
