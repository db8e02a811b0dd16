// What happens on the socket: keep-alive stays in step, early refusals are seen, bad documents are refused, and large
// bodies pass through a small memory.

import { connect } from 'node:net'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GetOptions, ObjectStore } from '../../src/store/store.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { startTestServer, type TestServer } from '../support/s3-server.ts'
import { failure, getText, patterned, plain, putText } from '../support/store-kit.ts'
import { sdkClient } from './client.ts'
import { exchange, send, signRequest, tag, type RawRequest } from './raw.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
  await putText(server.store, 'there', 'here')
})
afterAll(() => server.close())

const target = (key: string): string => `/${server.bucket}/${key}`

/** The bytes of a signed request, to be sent along with others. */
function wire(request: RawRequest, more: Record<string, string> = {}): Buffer {
  const body = Buffer.from(request.body ?? '')
  const headers = { ...signRequest(server, request).headers, 'content-length': String(body.byteLength), ...more }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${request.method} ${request.target} HTTP/1.1\r\n${lines.join('')}\r\n`), body])
}

const close = { connection: 'close' }

describe('one connection', () => {
  it('stays in step over HEAD, errors without a body, and refused bodies', async () => {
    const bytes = Buffer.concat([
      wire({ method: 'HEAD', target: target('there') }),
      wire({ method: 'HEAD', target: target('absent') }),
      wire({
        method: 'PUT',
        target: target('refused'),
        body: patterned(300_000),
        headers: { 'if-match': '"0"', 'if-none-match': '*' },
      }),
      wire({ method: 'GET', target: target('there'), headers: { 'if-none-match': '*' } }),
      wire({ method: 'GET', target: target('there') }, close),
    ])
    const replies = await exchange(server.port, bytes, [true, true])
    expect(replies.map(({ status }) => status)).toEqual([200, 404, 501, 304, 200])
    expect(replies[0]?.headers['content-length']).toBe('4')
    expect(replies[4]?.body).toBe('here')
  })

  it('does not take a body for the next request', async () => {
    const smuggled = wire({ method: 'DELETE', target: target('there') })
    const bytes = Buffer.concat([
      wire({ method: 'PUT', target: target('smuggler'), body: smuggled, secret: 'wrong' }),
      wire({ method: 'GET', target: target('there') }, close),
    ])
    expect((await exchange(server.port, bytes)).map(({ status }) => status)).toEqual([403, 200])
    expect(await getText(server.store, 'there')).toBe('here')
  })

  it('is refused with both a length and a transfer encoding', async () => {
    const bytes = wire({ method: 'PUT', target: target('both'), body: '0\r\n\r\n' }, { 'transfer-encoding': 'chunked' })
    expect((await exchange(server.port, bytes))[0]?.status).toBe(400)
    await failure(server.store.head('both'), 'not-found')
  })

  it('sees the refusal of a body still being sent', async () => {
    const client = sdkClient(server, { credentials: { accessKeyId: 'NOBODY', secretAccessKey: 'x' } })
    const put = client.send(new PutObjectCommand({ Bucket: server.bucket, Key: 'big', Body: patterned(20_000_000) }))
    await expect(put).rejects.toMatchObject({ name: 'InvalidAccessKeyId' })
    client.destroy()
  })

  it('is broken when a refused body does not end', async () => {
    const socket = connect(server.port, '127.0.0.1')
    let reply = ''
    socket.on('data', (piece: Buffer) => (reply += piece.toString('latin1')))
    socket.on('error', () => undefined)
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    const sizes = { 'content-length': String(1024 ** 3) }
    socket.write(
      wire({ method: 'PUT', target: target('flood'), secret: 'wrong', payloadHash: 'UNSIGNED-PAYLOAD' }, sizes),
    )
    const piece = Buffer.alloc(1024 * 1024)
    let sent = 0
    const pour = (): void => {
      while (!socket.destroyed && sent < 1000) {
        sent++
        if (!socket.write(piece)) return void socket.once('drain', pour)
      }
    }
    pour()
    await closed
    expect(reply).toContain('SignatureDoesNotMatch')
    expect(sent).toBeGreaterThan(60)
    expect(sent).toBeLessThan(200)
  })

  it('is asked for a body only when the request may pass', async () => {
    const expecting = { expect: '100-continue', 'content-length': '5' }
    const refused = await exchange(
      server.port,
      wire({ method: 'PUT', target: target('cont'), secret: 'wrong', payloadHash: 'UNSIGNED-PAYLOAD' }, expecting),
    )
    expect([refused.length, refused[0]?.status, refused[0]?.headers['connection']]).toEqual([1, 403, 'close'])
    const socket = connect(server.port, '127.0.0.1')
    socket.write(
      wire({ method: 'PUT', target: target('cont'), payloadHash: 'UNSIGNED-PAYLOAD' }, { ...expecting, ...close }),
    )
    const seen: string[] = []
    for await (const piece of socket) {
      seen.push((piece as Buffer).toString().slice(0, 12))
      if (seen.length === 1) socket.write('hello')
    }
    expect(seen).toEqual(['HTTP/1.1 100', 'HTTP/1.1 200'])
    expect(await getText(server.store, 'cont')).toBe('hello')
  })

  it('leaves nothing of a body it breaks off under', async () => {
    const bytes = wire({ method: 'PUT', target: target('broken'), body: patterned(600_000) })
    const gone = new Promise<void>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () =>
        socket.write(bytes.subarray(0, 400_000), () => socket.destroy()),
      )
      socket.once('close', () => resolve())
    })
    await gone
    await expect.poll(() => server.requests.records.some(({ key }) => key === 'broken')).toBe(true)
    await failure(server.store.head('broken'), 'not-found')
  })
})

describe('every reply', () => {
  it('has an id, the date, and for errors the id in the document', async () => {
    const reply = await send(server, { method: 'GET', target: target('absent') })
    expect(reply.headers['x-amz-request-id']).toMatch(/^[0-9A-F]{16}$/)
    expect(tag(reply.body, 'RequestId')).toBe(reply.headers['x-amz-request-id'])
    expect(Math.abs(Date.parse(reply.headers['date'] ?? '') - Date.now())).toBeLessThan(5000)
  })

  it('overrides headers as the query asks, and none with control characters', async () => {
    const query =
      'response-cache-control=no-store&response-content-disposition=a%0D%0Ax-evil%3A%201&response-content-type=text%2Fx'
    const reply = await send(server, { method: 'GET', target: `${target('there')}?${query}` })
    expect(reply).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store', 'content-type': 'text/x' } })
    expect(reply.headers['x-evil']).toBeUndefined()
  })

  it('gives the checksum of a whole object to those who ask, and of no range', async () => {
    const get = async (headers: Record<string, string>): Promise<string | undefined> =>
      (await send(server, { method: 'GET', target: target('there'), headers })).headers['x-amz-checksum-crc32']
    expect(await get({ 'x-amz-checksum-mode': 'enabled' })).toMatch(/==$/)
    expect(await get({})).toBeUndefined()
    expect(await get({ 'x-amz-checksum-mode': 'ENABLED', range: 'bytes=0-1' })).toBeUndefined()
  })

  it('carries metadata set through another door, whatever its characters', async () => {
    await server.store.put('unicode', new Uint8Array(1), { headers: { metadata: { name: 'Grüße 🎉' } } })
    const reply = await send(server, { method: 'HEAD', target: target('unicode') })
    expect(Buffer.from(reply.headers['x-amz-meta-name'] ?? '', 'latin1').toString()).toBe('Grüße 🎉')
  })
})

describe('bad input', () => {
  it.each(['/%zz', '/%ff%fe', '/a%E0%80'])('%s is no URI', async (path) => {
    const reply = await send(server, { method: 'GET', target: `/${server.bucket}${path}`, unsigned: true })
    expect([reply.status, tag(reply.body, 'Code')]).toEqual([400, 'InvalidURI'])
  })

  it('a key over 1,024 bytes is too long', async () => {
    expect((await send(server, { method: 'PUT', target: target('k'.repeat(1024)), body: 'x' })).status).toBe(200)
    const reply = await send(server, {
      method: 'PUT',
      target: target('é'.repeat(513).replaceAll('é', '%C3%A9')),
      body: 'x',
    })
    expect([reply.status, tag(reply.body, 'Code')]).toEqual([400, 'KeyTooLongError'])
  })

  it('metadata over 2 KiB is too large', async () => {
    const put = (size: number): Promise<{ status: number; body: string }> =>
      send(server, {
        method: 'PUT',
        target: target('meta'),
        body: 'x',
        headers: { 'x-amz-meta-a': 'v'.repeat(size - 1) },
      })
    expect((await put(2048)).status).toBe(200)
    expect(tag((await put(2049)).body, 'Code')).toBe('MetadataTooLarge')
  })

  it('a body over 5 GiB is refused before it is sent', async () => {
    const bytes = wire(
      { method: 'PUT', target: target('huge'), payloadHash: 'UNSIGNED-PAYLOAD' },
      { 'content-length': String(5 * 1024 ** 3 + 1), expect: '100-continue' },
    )
    expect(tag((await exchange(server.port, bytes))[0]?.body ?? '', 'Code')).toBe('EntityTooLarge')
  })

  it.each([
    ['not XML', 'hello'],
    ['cut off', '<Delete><Object><Key>a</Key>'],
    ['of another kind', '<Other/>'],
    ['without objects', '<Delete></Delete>'],
    ['without a key', '<Delete><Object></Object></Delete>'],
    ['with a document type', '<!DOCTYPE d [<!ENTITY e "there">]><Delete><Object><Key>&e;</Key></Object></Delete>'],
    ['with an empty document type', '<!DOCTYPE Delete><Delete><Object><Key>there</Key></Object></Delete>'],
    ['with an unknown entity', '<Delete><Object><Key>&e;</Key></Object></Delete>'],
    ['with CDATA', '<Delete><Object><Key><![CDATA[there]]></Key></Object></Delete>'],
    ['with 1,001 objects', `<Delete>${'<Object><Key>a</Key></Object>'.repeat(1001)}</Delete>`],
    [
      'not in UTF-8',
      Buffer.concat([
        Buffer.from('<Delete><Object><Key>'),
        Buffer.from([0xff]),
        Buffer.from('</Key></Object></Delete>'),
      ]),
    ],
  ])('a document %s is malformed', async (_what, body) => {
    const reply = await send(server, { method: 'POST', target: `/${server.bucket}?delete`, body })
    expect([reply.status, tag(reply.body, 'Code')]).toEqual([400, 'MalformedXML'])
  })

  it('a document past its limit is refused, announced or not', async () => {
    const padding = `<Delete>${' '.repeat(8 * 1024 * 1024)}</Delete>`
    expect((await send(server, { method: 'POST', target: `/${server.bucket}?delete`, body: padding })).status).toBe(400)
    const framed = `${padding.length.toString(16)}\r\n${padding}\r\n0\r\n\r\n`
    const signed = wire(
      { method: 'POST', target: `/${server.bucket}?delete`, payloadHash: 'UNSIGNED-PAYLOAD' },
      { 'transfer-encoding': 'chunked', ...close },
    )
    const bytes = Buffer.concat([
      Buffer.from(signed.toString('latin1').replace('content-length: 0\r\n', ''), 'latin1'),
      Buffer.from(framed),
    ])
    expect(tag((await exchange(server.port, bytes))[0]?.body ?? '', 'Code')).toBe('MalformedXML')
  })

  it('a document may use references, namespaces and a declaration', async () => {
    await putText(server.store, 'a&b\r\u{1f389}', 'x')
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<s3:Delete xmlns:s3="urn:x">\n <s3:Object><s3:Key>a&amp;b&#13;&#x1F389;</s3:Key></s3:Object>\n</s3:Delete>`
    expect((await send(server, { method: 'POST', target: `/${server.bucket}?delete`, body })).status).toBe(200)
    await failure(server.store.head('a&b\r\u{1f389}'), 'not-found')
  })
})

describe('reads', () => {
  it('of a block are one call of the store, of a whole object two, under the same conditions', async () => {
    const memory = createMemoryStore()
    const calls: string[] = []
    const counting: ObjectStore = {
      ...memory,
      head: (key, options) => (calls.push('head'), memory.head(key, options)),
      get: (key, options) => (calls.push('get'), memory.get(key, options)),
    }
    await putText(memory, 'k', '0123456789')
    const { etag } = await memory.head('k')
    const own = await startTestServer({ store: counting })
    const get = async (headers: Record<string, string>): Promise<unknown[]> => {
      const reply = await send(own, { method: 'GET', target: `/${own.bucket}/k`, headers })
      return [
        reply.status,
        reply.status < 300 ? reply.body : undefined,
        reply.headers['content-range'],
        calls.splice(0).join(' '),
      ]
    }
    expect(await get({ range: 'bytes=2-4' })).toEqual([206, '234', 'bytes 2-4/10', 'get'])
    expect(await get({ range: 'bytes=8-20', 'if-match': `"${etag}"` })).toEqual([206, '89', 'bytes 8-9/10', 'get'])
    expect(await get({ range: 'bytes=2-4', 'if-match': '"0"' })).toEqual([412, undefined, undefined, 'get head'])
    expect(await get({ range: 'bytes=2-4', 'if-none-match': etag })).toEqual([304, undefined, undefined, 'get head'])
    expect(await get({ range: 'bytes=10-12' })).toEqual([416, undefined, 'bytes */10', 'get head'])
    expect(await get({ range: 'bytes=4-2' })).toEqual([200, '0123456789', undefined, 'head get'])
    expect(await get({})).toEqual([200, '0123456789', undefined, 'head get'])
    await own.close()
    await memory.close()
  })
})

describe('large objects', () => {
  it('are read in bounded pieces, two at most ahead of the client', async () => {
    const store = createMemoryStore()
    await store.put('large', patterned(24 * 1024 * 1024), { headers: plain })
    const lengths: number[] = []
    const counting: ObjectStore = {
      ...store,
      get: (key: string, options: GetOptions = {}) => (
        lengths.push(options.range?.length ?? -1),
        store.get(key, options)
      ),
    }
    const own = await startTestServer({ store: counting })
    const socket = connect(own.port, '127.0.0.1')
    const { headers } = signRequest(own, { method: 'GET', target: `/${own.bucket}/large` })
    socket.write(
      `GET /${own.bucket}/large HTTP/1.1\r\n${Object.entries(headers)
        .map(([n, v]) => `${n}: ${v}\r\n`)
        .join('')}\r\n`,
    )
    socket.pause()
    await expect.poll(() => lengths.length).toBeGreaterThan(1)
    const stuck = lengths.length
    expect(stuck).toBeLessThanOrEqual(4)
    let received = 0
    for await (const piece of socket) {
      received += (piece as Buffer).byteLength
      if (received > 24 * 1024 * 1024) socket.end()
    }
    expect(lengths).toEqual(Array.from({ length: 6 }, () => 4 * 1024 * 1024))
    await own.close()
    await store.close()
  })

  it('that are replaced while read break the connection instead of mixing versions', async () => {
    const store = createMemoryStore()
    await store.put('torn', patterned(24 * 1024 * 1024, 1), { headers: plain })
    const own = await startTestServer({ store })
    // Without the checksum, which would tell of mixed versions by itself.
    const client = sdkClient(own, { responseChecksumValidation: 'WHEN_REQUIRED' })
    const { Body } = await client.send(new GetObjectCommand({ Bucket: own.bucket, Key: 'torn' }))
    await store.put('torn', patterned(24 * 1024 * 1024, 2), { headers: plain })
    await expect(Body?.transformToByteArray()).rejects.toThrow()
    client.destroy()
    await own.close()
    await store.close()
  })

  it('that are replaced between the look and the read are looked at again', async () => {
    const store = createMemoryStore()
    await putText(store, 'moving', 'old')
    let replaced = false
    const racing: ObjectStore = {
      ...store,
      async head(key, options) {
        const info = await store.head(key, options)
        if (!replaced) await putText(store, 'moving', 'newer')
        replaced = true
        return info
      },
    }
    const own = await startTestServer({ store: racing })
    expect(await send(own, { method: 'GET', target: `/${own.bucket}/moving` })).toMatchObject({
      status: 200,
      body: 'newer',
    })
    await own.close()
    await store.close()
  })
})
