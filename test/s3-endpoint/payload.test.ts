// Bodies in every form that occurs, whole and tampered with. A body that fails a check leaves nothing behind.

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isBodyStream } from '../../src/store/body.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { startTestServer, type TestServer } from '../support/s3-server.ts'
import { failure, getText, patterned } from '../support/store-kit.ts'
import { send, sendRaw, signFrames, signRequest, tag, type RawReply } from './raw.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const target = (key: string): string => `/${server.bucket}/${key}`
const crcOf = (bytes: Uint8Array | string): string => {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(crc32(bytes))
  return out.toString('base64')
}

async function expectRefused(key: string, reply: RawReply, status: number, code: string): Promise<void> {
  expect([reply.status, tag(reply.body, 'Code')]).toEqual([status, code])
  await failure(server.store.head(key), 'not-found')
}

describe('plain bodies', () => {
  it('takes a hashed one', async () => {
    expect((await send(server, { method: 'PUT', target: target('hashed'), body: 'abc' })).status).toBe(200)
    expect(await getText(server.store, 'hashed')).toBe('abc')
  })

  it('takes an unsigned one', async () => {
    expect(
      (await send(server, { method: 'PUT', target: target('unsigned'), body: 'abc', payloadHash: 'UNSIGNED-PAYLOAD' }))
        .status,
    ).toBe(200)
  })

  it.each([3, 1_000_000])('refuses one of %i bytes that is not what was signed', async (size) => {
    const body = patterned(size)
    const { headers } = signRequest(server, { method: 'PUT', target: target('swapped'), body })
    const other = body.slice()
    other[size - 1] = (other[size - 1] as number) ^ 1
    await expectRefused(
      'swapped',
      await sendRaw(server, 'PUT', target('swapped'), headers, other),
      400,
      'XAmzContentSHA256Mismatch',
    )
  })

  it('keeps the last bytes of a wrong one from a store that counts instead of waiting for the end', async () => {
    const memory = createMemoryStore()
    let taken = 0
    const counting: ObjectStore = {
      ...memory,
      async put(_key, body) {
        if (isBodyStream(body))
          for await (const piece of body.stream()) if ((taken += piece.byteLength) === body.size) break
        return { etag: 'taken', date: 0 }
      },
    }
    const own = await startTestServer({ store: counting })
    const request = { method: 'PUT', target: `/${own.bucket}/k`, body: patterned(500_000) }
    const { headers } = signRequest(own, request)
    const reply = await sendRaw(own, 'PUT', request.target, headers, patterned(500_000, 2))
    expect([reply.status, taken < 500_000]).toEqual([400, true])
    await own.close()
    await memory.close()
  })

  it('refuses a wrong Content-MD5 and one that is no MD5', async () => {
    const md5 = createHash('md5').update('other').digest('base64')
    const put = (value: string): Promise<RawReply> =>
      send(server, { method: 'PUT', target: target('md5'), body: 'abc', headers: { 'content-md5': value } })
    await expectRefused('md5', await put(md5), 400, 'BadDigest')
    await expectRefused('md5', await put('abc'), 400, 'InvalidDigest')
  })

  it.each([
    ['crc32', 'AAAAAA=='],
    ['crc32c', 'AAAAAA=='],
    ['crc64nvme', 'AAAAAAAAAAA='],
    ['sha1', Buffer.alloc(20).toString('base64')],
    ['sha256', Buffer.alloc(32).toString('base64')],
  ])('refuses a wrong x-amz-checksum-%s', async (name, value) => {
    const headers = { [`x-amz-checksum-${name}`]: value }
    await expectRefused(
      'sum',
      await send(server, { method: 'PUT', target: target('sum'), body: 'abc', headers }),
      400,
      'BadDigest',
    )
  })

  it('refuses two checksums, one of the wrong size and one nobody knows', async () => {
    const put = (headers: Record<string, string>): Promise<RawReply> =>
      send(server, { method: 'PUT', target: target('sums'), body: 'abc', headers })
    const both = {
      'x-amz-checksum-crc32': crcOf('abc'),
      'x-amz-checksum-sha256': createHash('sha256').update('abc').digest('base64'),
    }
    await expectRefused('sums', await put(both), 400, 'InvalidRequest')
    await expectRefused('sums', await put({ 'x-amz-checksum-crc32': 'AAAA' }), 400, 'InvalidRequest')
    await expectRefused('sums', await put({ 'x-amz-checksum-xxhash9': 'AAAA' }), 400, 'InvalidRequest')
  })

  it('refuses a claim that is no hash', async () => {
    await expectRefused(
      'claim',
      await send(server, { method: 'PUT', target: target('claim'), body: 'abc', payloadHash: 'SOMETHING' }),
      400,
      'InvalidArgument',
    )
  })

  it('wants a length', async () => {
    const signed = signRequest(server, { method: 'PUT', target: target('long'), payloadHash: 'UNSIGNED-PAYLOAD' })
    const reply = await sendRaw(
      server,
      'PUT',
      target('long'),
      { ...signed.headers, 'transfer-encoding': 'chunked' },
      '3\r\nabc\r\n0\r\n\r\n',
    )
    await expectRefused('long', reply, 411, 'MissingContentLength')
  })
})

describe('aws-chunked with signed chunks', () => {
  const payloadHash = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
  const body = patterned(200_000)

  async function put(
    key: string,
    change: (framed: Buffer) => Buffer = (framed) => framed,
    length = body.byteLength,
  ): Promise<RawReply> {
    const headers = { 'x-amz-decoded-content-length': String(length) }
    const signed = signRequest(server, { method: 'PUT', target: target(key), headers, payloadHash })
    return sendRaw(server, 'PUT', target(key), signed.headers, change(signFrames(signed, body, 65_536)))
  }

  it('takes it without any Content-Encoding', async () => {
    expect((await put('chunks')).status).toBe(200)
    expect(Buffer.compare((await server.store.get('chunks')).body, body)).toBe(0)
  })

  it.each([100, 70_000, 199_000])('refuses a byte changed near %i', async (offset) => {
    const flipped = await put('flipped', (framed) => {
      framed[offset + 300] = (framed[offset + 300] as number) ^ 1
      return framed
    })
    await expectRefused('flipped', flipped, 403, 'SignatureDoesNotMatch')
  })

  it('refuses chunks in another order', async () => {
    const chunkBytes = 65_536 + '10000;chunk-signature='.length + 64 + 4
    const moved = await put('moved', (framed) => {
      const [first, second] = [framed.subarray(0, chunkBytes), framed.subarray(chunkBytes, 2 * chunkBytes)]
      return Buffer.concat([second, first, framed.subarray(2 * chunkBytes)])
    })
    await expectRefused('moved', moved, 403, 'SignatureDoesNotMatch')
  })

  it('refuses a chunk without a signature', async () => {
    await expectRefused(
      'bare',
      await put('bare', () => Buffer.concat([Buffer.from('30d40\r\n'), body, Buffer.from('\r\n0\r\n\r\n')])),
      403,
      'SignatureDoesNotMatch',
    )
  })

  it('refuses a body whose last chunks are missing', async () => {
    const chunkBytes = 65_536 + '10000;chunk-signature='.length + 64 + 4
    await expectRefused('cut', await put('cut', (framed) => framed.subarray(0, chunkBytes)), 400, 'IncompleteBody')
  })

  it.each([199_999, 200_001])('refuses a decoded length of %i that is not the body', async (length) => {
    await expectRefused('length', await put('length', undefined, length), 400, 'IncompleteBody')
  })

  it('takes a signed trailer and refuses a changed one', async () => {
    const headers = { 'x-amz-decoded-content-length': String(body.byteLength), 'x-amz-trailer': 'x-amz-checksum-crc32' }
    const request = { method: 'PUT', headers, payloadHash: `${payloadHash}-TRAILER` }
    const good = signRequest(server, { ...request, target: target('trailer') })
    const trailer = `x-amz-checksum-crc32:${crcOf(body)}`
    const framed = signFrames(good, body, 65_536, trailer)
    expect(
      (await sendRaw(server, 'PUT', target('trailer'), good.headers, framed)).headers['x-amz-checksum-crc32'],
    ).toBe(crcOf(body))
    const bad = signRequest(server, { ...request, target: target('trailer2') })
    const lie = Buffer.from(
      signFrames(bad, body, 65_536, trailer).toString('latin1').replace(crcOf(body), crcOf('lie')),
      'latin1',
    )
    await expectRefused(
      'trailer2',
      await sendRaw(server, 'PUT', target('trailer2'), bad.headers, lie),
      403,
      'SignatureDoesNotMatch',
    )
  })
})

describe('aws-chunked with an unsigned trailer', () => {
  const body = 'hello, trailer'
  const framedOf = (trailers: string): string => `${body.length.toString(16)}\r\n${body}\r\n0\r\n${trailers}`

  async function put(key: string, framed: string, extra: Record<string, string> = {}): Promise<RawReply> {
    const headers = {
      'x-amz-decoded-content-length': String(body.length),
      'x-amz-trailer': 'x-amz-checksum-crc32',
      'content-encoding': 'gzip,aws-chunked',
      ...extra,
    }
    return send(server, {
      method: 'PUT',
      target: target(key),
      headers,
      payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      body: framed,
    })
  }

  it('takes it, keeps the other content encoding, and stores no framing', async () => {
    expect((await put('plain', framedOf(`x-amz-checksum-crc32:${crcOf(body)}\r\n\r\n`))).status).toBe(200)
    expect(await getText(server.store, 'plain')).toBe(body)
    expect((await server.store.head('plain')).headers.contentEncoding).toBe('gzip')
  })

  it('takes a trailer of another case and without a blank line', async () => {
    expect((await put('case', framedOf(`X-Amz-Checksum-CRC32: ${crcOf(body)}\r\n`))).status).toBe(200)
  })

  it('refuses a wrong, a missing and an unannounced checksum', async () => {
    await expectRefused(
      'wrong',
      await put('wrong', framedOf(`x-amz-checksum-crc32:${crcOf('x')}\r\n\r\n`)),
      400,
      'BadDigest',
    )
    await expectRefused('wrong', await put('wrong', framedOf('\r\n')), 400, 'MalformedTrailerError')
    const sha1 = createHash('sha1').update(body).digest('base64')
    await expectRefused(
      'wrong',
      await put('wrong', framedOf(`x-amz-checksum-sha1:${sha1}\r\n\r\n`)),
      400,
      'MalformedTrailerError',
    )
  })

  it.each([
    ['no size', 'zz\r\nhello\r\n0\r\n\r\n'],
    ['a chunk longer than its size', `1\r\n${body}\r\n0\r\n\r\n`],
    ['an endless line', `${'1'.repeat(9000)}\r\n`],
  ])('refuses framing with %s', async (_what, framed) => {
    await expectRefused('framing', await put('framing', framed), 400, 'InvalidRequest')
  })

  it('is checked for its signature like any other', async () => {
    const reply = await send(server, {
      method: 'PUT',
      target: target('evil'),
      secret: 'wrong',
      headers: { 'x-amz-decoded-content-length': '3', 'x-amz-trailer': 'x-amz-checksum-crc32' },
      payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      body: `3\r\nabc\r\n0\r\nx-amz-checksum-crc32:${crcOf('abc')}\r\n\r\n`,
    })
    await expectRefused('evil', reply, 403, 'SignatureDoesNotMatch')
  })

  it('is for objects and parts only', async () => {
    const reply = await send(server, {
      method: 'POST',
      target: `/${server.bucket}?delete`,
      payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      body: '0\r\n\r\n',
    })
    expect([reply.status, tag(reply.body, 'Code')]).toEqual([501, 'NotImplemented'])
  })
})
