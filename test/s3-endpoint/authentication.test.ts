// Signature Version 4: what is signed rightly passes, everything else is refused before anything is done.

import { HeadBucketCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../support/s3-server.ts'
import { failure, putText } from '../support/store-kit.ts'
import { refused, sdkClient } from './client.ts'
import { presign, send, sendRaw, signRequest, tag } from './raw.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
  await putText(server.store, 'there', 'here')
})
afterAll(() => server.close())

const target = (key: string): string => `/${server.bucket}/${key}`

describe('signed headers', () => {
  it('lets in a request signed by hand', async () => {
    expect(await send(server, { method: 'GET', target: target('there') })).toMatchObject({ status: 200, body: 'here' })
  })

  it('refuses a wrong secret and shows what was expected to be signed', async () => {
    const reply = await send(server, { method: 'GET', target: target('there'), secret: 'wrong' })
    expect([reply.status, tag(reply.body, 'Code')]).toEqual([403, 'SignatureDoesNotMatch'])
    expect(reply.body).toContain('<CanonicalRequest>GET')
    expect(reply.body).not.toContain(server.credentials.secretAccessKey)
  })

  it('refuses an unknown access key id', async () => {
    const reply = await send(server, { method: 'GET', target: target('there'), accessKeyId: 'NOBODY' })
    expect([reply.status, tag(reply.body, 'Code')]).toEqual([403, 'InvalidAccessKeyId'])
  })

  it('refuses a request without a signature', async () => {
    const reply = await send(server, { method: 'GET', target: target('there'), unsigned: true })
    expect([reply.status, tag(reply.body, 'Code')]).toEqual([403, 'AccessDenied'])
  })

  it.each([
    ['the method', 'DELETE', 'there'],
    ['the key', 'GET', 'there2'],
  ])('refuses a signature made for another request: %s', async (_what, method, key) => {
    const { headers } = signRequest(server, { method: 'GET', target: target('there') })
    expect((await sendRaw(server, method, target(key), headers)).status).toBe(403)
    expect((await server.store.head('there')).size).toBe(4)
  })

  it('refuses a signed header that was changed on the way', async () => {
    const { headers } = signRequest(server, { method: 'PUT', target: target('meta'), headers: { 'x-amz-meta-a': '1' } })
    expect((await sendRaw(server, 'PUT', target('meta'), { ...headers, 'x-amz-meta-a': '2' })).status).toBe(403)
    await failure(server.store.head('meta'), 'not-found')
  })

  it('refuses an x-amz header that was not signed', async () => {
    const { headers } = signRequest(server, { method: 'PUT', target: target('meta') })
    const reply = await sendRaw(server, 'PUT', target('meta'), { ...headers, 'x-amz-meta-added': '1' })
    expect([reply.status, tag(reply.body, 'HeadersNotSigned')]).toEqual([403, 'x-amz-meta-added'])
    await failure(server.store.head('meta'), 'not-found')
  })

  it('does not ask for a signed content-type', async () => {
    const { headers } = signRequest(server, { method: 'PUT', target: target('typed') })
    expect((await sendRaw(server, 'PUT', target('typed'), { ...headers, 'content-type': 'text/plain' })).status).toBe(
      200,
    )
    expect((await server.store.head('typed')).headers.contentType).toBe('text/plain')
  })

  it('refuses a clock that is off by more than 15 minutes, either way, and tells its own', async () => {
    const at = (offsetMin: number): Promise<{ status: number; body: string }> =>
      send(server, { method: 'GET', target: target('there'), timeMs: Date.now() + offsetMin * 60_000 })
    expect((await at(-14)).status).toBe(200)
    expect((await at(14)).status).toBe(200)
    for (const offset of [-16, 16]) {
      const reply = await at(offset)
      expect([reply.status, tag(reply.body, 'Code')]).toEqual([403, 'RequestTimeTooSkewed'])
      expect(Date.parse(tag(reply.body, 'ServerTime') ?? '')).toBeGreaterThan(Date.now() - 60_000)
    }
  })

  it('accepts a path that was signed encoded and sent raw', async () => {
    await putText(server.store, 'a=b@c&d', 'odd')
    const { headers } = signRequest(server, { method: 'GET', target: target('a%3Db%40c%26d') })
    expect(await sendRaw(server, 'GET', target('a=b@c&d'), headers)).toMatchObject({ status: 200, body: 'odd' })
  })

  it.each([
    ['no scheme', 'nonsense'],
    ['no credential', 'AWS4-HMAC-SHA256 SignedHeaders=host,Signature=00'],
    ['another service', 'AWS4-HMAC-SHA256 Credential=a/20200101/r/ec2/aws4_request,SignedHeaders=host,Signature=00'],
    [
      'host not signed',
      'AWS4-HMAC-SHA256 Credential=a/20200101/r/s3/aws4_request,SignedHeaders=x-amz-date,Signature=00',
    ],
    ['no signature', 'AWS4-HMAC-SHA256 Credential=a/20200101/r/s3/aws4_request,SignedHeaders=host'],
  ])('answers 400 to an authorization header with %s', async (_what, authorization) => {
    const headers = { authorization, 'x-amz-date': '20200101T000000Z', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
    expect((await send(server, { method: 'GET', target: target('there'), headers })).status).toBe(400)
  })
})

describe('presigned URLs', () => {
  it('serve GET and PUT to anybody', async () => {
    const put = await fetch(server.endpoint + presign(server, 'PUT', target('gift')), { method: 'PUT', body: 'given' })
    expect(put.status).toBe(200)
    const got = await fetch(server.endpoint + presign(server, 'GET', target('gift')))
    expect(await got.text()).toBe('given')
  })

  it('serve nothing but what was signed', async () => {
    const url = presign(server, 'GET', target('there'))
    expect((await send(server, { method: 'DELETE', target: url, unsigned: true })).status).toBe(403)
    expect((await send(server, { method: 'GET', target: url.replace('there', 'gift'), unsigned: true })).status).toBe(
      403,
    )
    expect((await send(server, { method: 'GET', target: `${url}&uploads=`, unsigned: true })).status).not.toBe(200)
    expect(
      (await send(server, { method: 'GET', target: url.replace('Expires=60', 'Expires=61'), unsigned: true })).status,
    ).toBe(403)
  })

  it('carry headers in their query, but no checksum of a body nobody had', async () => {
    const query = 'x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-meta-from=query&x-amz-sdk-checksum-algorithm=CRC32'
    const put = await fetch(server.endpoint + presign(server, 'PUT', target('hoisted'), 60, Date.now(), query), {
      method: 'PUT',
      body: 'x',
    })
    expect(put.status).toBe(200)
    expect((await server.store.head('hoisted')).headers.metadata).toEqual({ from: 'query' })
  })

  it('expire', async () => {
    const reply = await send(server, {
      method: 'GET',
      target: presign(server, 'GET', target('there'), 60, Date.now() - 61_000),
      unsigned: true,
    })
    expect([reply.status, tag(reply.body, 'Message')]).toEqual([403, 'Request has expired'])
  })

  it('live at most seven days', async () => {
    const reply = await send(server, {
      method: 'GET',
      target: presign(server, 'GET', target('there'), 604_801),
      unsigned: true,
    })
    expect([reply.status, tag(reply.body, 'Code')]).toEqual([400, 'AuthorizationQueryParametersError'])
  })

  it('are refused beside an authorization header', async () => {
    const { headers } = signRequest(server, { method: 'GET', target: target('there') })
    const reply = await sendRaw(server, 'GET', presign(server, 'GET', target('there')), headers)
    expect(reply.status).toBe(400)
  })
})

describe('regions and anonymous access', () => {
  it('names the right region to a client that signed for another', async () => {
    const strict = await startTestServer({ region: 'eu-test-1' })
    const reply = await send(strict, { method: 'GET', target: `/${strict.bucket}`, region: 'us-west-2' })
    expect([reply.status, tag(reply.body, 'Code'), tag(reply.body, 'Region')]).toEqual([
      400,
      'AuthorizationHeaderMalformed',
      'eu-test-1',
    ])
    expect(reply.headers['x-amz-bucket-region']).toBe('eu-test-1')
    const location = await send(strict, { method: 'GET', target: `/${strict.bucket}?location`, region: 'us-east-1' })
    expect(location.body).toContain('>eu-test-1</LocationConstraint>')
    const client = sdkClient(strict)
    await client.send(new ListObjectsV2Command({ Bucket: strict.bucket }))
    client.destroy()
    await strict.close()
  })

  it('accepts any region when none is set', async () => {
    expect((await send(server, { method: 'GET', target: target('there'), region: 'mars-1' })).status).toBe(200)
  })

  it('lets the unsigned in where anonymous access is on, but not the wrongly signed', async () => {
    const open = await startTestServer({ anonymous: true })
    await putText(open.store, 'k', 'v')
    expect(await send(open, { method: 'GET', target: `/${open.bucket}/k`, unsigned: true })).toMatchObject({
      status: 200,
      body: 'v',
    })
    expect((await send(open, { method: 'GET', target: `/${open.bucket}/k`, secret: 'wrong' })).status).toBe(403)
    await open.close()
  })

  it('gives the SDK errors it knows', async () => {
    const client = sdkClient(server, {
      credentials: { accessKeyId: server.credentials.accessKeyId, secretAccessKey: 'wrong' },
    })
    expect(
      await refused(client.send(new PutObjectCommand({ Bucket: server.bucket, Key: 'x', Body: 'x' }))),
    ).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
    expect(await refused(client.send(new HeadBucketCommand({ Bucket: server.bucket })))).toMatchObject({ status: 403 })
    client.destroy()
  })
})
