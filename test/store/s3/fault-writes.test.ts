// Changes over a bad wire: what may have happened is called ambiguous, what the service refused is not, and nothing
// conditional is sent twice.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { crc32, crc32Base64, utf8 } from '../../../src/base/bytes.ts'
import type { StoreError } from '../../../src/base/errors.ts'
import { errorReply, rawServer, reply, reset, silence, type RawServer, type Step } from '../../support/raw-server.ts'
import { createS3Store } from '../../../src/store/s3/s3-store.ts'
import { testKeys } from '../../support/s3-kit.ts'
import { failure, plain, putText } from '../../support/store-kit.ts'

let server: RawServer | undefined

async function served(...steps: Step[]): Promise<RawServer> {
  server = await rawServer(steps)
  return server
}

afterEach(async () => {
  await server?.close()
  server = undefined
})

const part = { partNumber: 1, etag: 'e' }

describe('a lost reply', () => {
  it('is ambiguous for every change, and for no read', async () => {
    const { open } = await served(reset)
    const store = open()
    const changes: readonly (() => Promise<unknown>)[] = [
      () => putText(store, 'k', 'v', { ifNoneMatch: '*' }),
      () => putText(store, 'k', 'v'),
      () => store.copy('a', 'b'),
      () => store.delete('k'),
      () => store.deleteMany([{ key: 'k' }]),
      () => store.createUpload('k', { headers: plain }),
      () => store.uploadPart('k', 'id', 1, utf8('x')),
      () => store.completeUpload('k', 'id', [part]),
    ]
    for (const change of changes) expect((await failure(change(), 'unavailable')).ambiguous).toBe(true)
    const reads = [() => store.head('k'), () => store.get('k'), () => store.list()]
    for (const read of reads) expect((await failure(read(), 'unavailable')).ambiguous).toBe(false)
  })

  it('is not ambiguous when there never was a connection', async () => {
    const { open, close } = await served(reset)
    const store = open()
    await close()
    server = undefined
    const other = createS3Store({
      bucket: 'test',
      endpoint: 'http://127.0.0.1:1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    })
    const error = await failure(putText(other, 'k', 'v'), 'unavailable')
    expect(error).toMatchObject({ ambiguous: false, code: 'ECONNREFUSED' })
    await failure(putText(store, 'k', 'v'), 'aborted')
    await other.close()
  })
})

describe('silence', () => {
  it('ends with a deadline: before the reply, within it, and on a copy only after the longer one', async () => {
    const stall: Step = (_, response) => {
      response.writeHead(200, {
        etag: '"e"',
        'last-modified': 'Wed, 25 Nov 2026 01:00:00 GMT',
        'content-length': '100',
      })
      response.write('some')
    }
    const { open } = await served(silence, stall, silence, silence)
    const store = open({ idleMs: 60, slowRequestMs: 240 })
    const beginMs = performance.now()
    expect((await failure(store.get('k'), 'timeout')).ambiguous).toBe(false)
    await failure(store.get('k'), 'timeout')
    expect((await failure(putText(store, 'k', 'v'), 'timeout')).ambiguous).toBe(true)
    const startMs = performance.now()
    // Each silence was measured from its own start, whatever a connection may take.
    expect(startMs - beginMs).toBeLessThan(2500)
    await failure(store.copy('a', 'b'), 'timeout')
    expect(performance.now() - startMs).toBeGreaterThan(200)
  })

  it('is not what a long body on a slow line is', async () => {
    const slow = createServer((incoming, response) => {
      let size = 0
      incoming.on('data', (piece: Buffer) => {
        size += piece.byteLength
        incoming.pause()
        setTimeout(() => incoming.resume(), 1)
      })
      incoming.on('end', () => response.writeHead(200, { etag: `"${size}"` }).end())
    })
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`
    const store = createS3Store({ bucket: 'test', endpoint, credentials: testKeys, idleMs: 1000 })
    const size = 64 * 1024 * 1024
    const startMs = performance.now()
    expect((await store.put('k', new Uint8Array(size), { headers: plain })).etag).toBe(String(size))
    // Else it proved nothing. What the kernel buffers is a small part of the whole.
    expect(performance.now() - startMs).toBeGreaterThan(1000)
    await store.close()
    slow.close()
  })

  it('is not broken for ever by a drip', async () => {
    const drip: Step = (_, response) => {
      response.writeHead(200, {
        etag: '"e"',
        'last-modified': 'Wed, 25 Nov 2026 01:00:00 GMT',
        'content-length': '1000',
      })
      const timer = setInterval(() => response.write('.'), 20)
      response.on('close', () => clearInterval(timer))
    }
    const { open } = await served(drip)
    await failure(open({ idleMs: 100, requestMs: 250 }).get('k'), 'timeout')
  })

  it('ends at once when the caller aborts, and with the store', async () => {
    const { open } = await served(silence)
    const store = open({ idleMs: 10_000, requestMs: 10_000 })
    const controller = new AbortController()
    const calls = [
      putText(store, 'k', 'v', { signal: controller.signal }),
      store.get('k', { signal: controller.signal }),
    ] as const
    setTimeout(() => controller.abort(new Error('enough')), 20)
    expect((await failure(calls[0], 'aborted')).ambiguous).toBe(true)
    await failure(calls[1], 'aborted')
    const pending = failure(store.list(), 'aborted')
    setTimeout(() => void store.close(), 20)
    await pending
    await failure(store.list(), 'aborted')
  })
})

describe('a refusal', () => {
  const cases: readonly (readonly [string, Step, Partial<StoreError>])[] = [
    [
      'SlowDown with Retry-After',
      errorReply(503, 'SlowDown', { 'retry-after': '7' }),
      { kind: 'throttled', ambiguous: false, retryAfterMs: 7000 },
    ],
    ['429', reply(429, {}), { kind: 'throttled', ambiguous: false }],
    ['503 of a proxy', reply(503, {}, '<html>'), { kind: 'throttled', ambiguous: true }],
    ['502 of a proxy', reply(502, {}, 'Bad Gateway'), { kind: 'unavailable', ambiguous: true }],
    ['InternalError', errorReply(500, 'InternalError'), { kind: 'unavailable', ambiguous: true }],
    ['RequestTimeout', errorReply(400, 'RequestTimeout'), { kind: 'timeout', ambiguous: false }],
    [
      'a failed condition',
      errorReply(412, 'PreconditionFailed'),
      { kind: 'precondition', ambiguous: false, status: 412 },
    ],
    ['a concurrent condition', errorReply(409, 'ConditionalRequestConflict'), { kind: 'conflict', ambiguous: false }],
    ['AccessDenied', errorReply(403, 'AccessDenied'), { kind: 'denied', code: 'AccessDenied' }],
    ['a wrong secret', errorReply(403, 'SignatureDoesNotMatch'), { kind: 'credentials' }],
    ['an unknown key id', errorReply(403, 'InvalidAccessKeyId'), { kind: 'credentials' }],
    ['a wrong digest', errorReply(400, 'BadDigest'), { kind: 'corrupt', ambiguous: false }],
    ['a full disk', reply(507, {}), { kind: 'no-space' }],
    ['an unknown operation', errorReply(501, 'NotImplemented'), { kind: 'unsupported', ambiguous: false }],
    ['an unknown 4xx', errorReply(418, 'Teapot'), { kind: 'invalid', code: 'Teapot' }],
  ]
  for (const [what, step, expected] of cases) {
    it(`of ${what} has its kind`, async () => {
      const { open, requests } = await served(step)
      const error = await failure(putText(open(), 'k', 'v'), expected.kind as StoreError['kind'])
      expect(error).toMatchObject({ operation: 'put', key: 'k', ...expected })
      expect(requests).toHaveLength(1)
    })
  }

  it('is heard although the body was not all sent', async () => {
    const early: Step = errorReply(412, 'PreconditionFailed')
    const { open } = await served(early)
    const store = open({ idleMs: 5000, requestMs: 5000 })
    await failure(store.put('k', new Uint8Array(4 * 1024 * 1024), { headers: plain, ifMatch: 'x' }), 'precondition')
  })
})

describe('a 200', () => {
  it('with an error inside has failed', async () => {
    const { open } = await served(
      errorReply(200, 'InternalError'),
      errorReply(200, 'SlowDown'),
      errorReply(200, 'PreconditionFailed'),
      errorReply(200, 'InternalError'),
    )
    const store = open()
    expect(await failure(store.copy('a', 'b'), 'unavailable')).toMatchObject({ ambiguous: true, code: 'InternalError' })
    expect((await failure(store.completeUpload('k', 'id', [part]), 'throttled')).ambiguous).toBe(false)
    expect((await failure(store.completeUpload('k', 'id', [part]), 'precondition')).ambiguous).toBe(false)
    await failure(store.deleteMany([{ key: 'k' }]), 'unavailable')
  })

  it('with nothing that can be read may have happened', async () => {
    const { open } = await served(
      reply(200, {}, ''),
      reply(200, {}, '<CopyObjectResult><ETag>'),
      reply(200, { etag: '' }, ''),
      reply(200, {}, '<CopyObjectResult/>'),
    )
    const store = open()
    expect((await failure(store.copy('a', 'b'), 'unavailable')).ambiguous).toBe(true)
    expect((await failure(store.copy('a', 'b'), 'unavailable')).ambiguous).toBe(true)
    expect((await failure(putText(store, 'k', 'v'), 'unavailable')).ambiguous).toBe(true)
    expect((await failure(store.completeUpload('k', 'id', [part]), 'unavailable')).ambiguous).toBe(true)
  })

  it('that recorded other bytes is a failure', async () => {
    const { open, requests } = await served(reply(200, { 'x-amz-checksum-crc32': 'AAAAAA==' }))
    await failure(putText(open(), 'k', 'v'), 'corrupt')
    expect(requests[0]?.headers['x-amz-checksum-crc32']).toBe(crc32Base64(crc32(utf8('v'))))
  })
})

describe('a body of a stream', () => {
  it('that fails or lies about its size is never a whole request', async () => {
    const { open, requests } = await served(reply(200, {}))
    const store = open()
    const streamed = (size: number, run: () => AsyncIterable<Uint8Array>): Promise<unknown> =>
      store.put('k', { size, replayable: false, stream: run }, { headers: plain })
    const broken = new Error('source failed')
    await expect(
      streamed(100, async function* () {
        yield utf8('some')
        throw broken
      }),
    ).rejects.toBe(broken)
    for (const size of [3, 100]) {
      const error = streamed(size, async function* () {
        yield utf8('some')
      })
      expect((await failure(error, 'corrupt')).ambiguous).toBe(false)
    }
    expect(requests).toEqual([])
  })
})
