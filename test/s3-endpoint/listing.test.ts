// Listing through the AWS SDK: byte order, pages, groups, and keys no URL parser would leave alone.

import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../support/s3-server.ts'
import { putText } from '../support/store-kit.ts'
import { refused, sdkClient } from './client.ts'
import { send, tag } from './raw.ts'

const oddKeys = [
  'a//b',
  './y',
  'p/../z',
  '+ &<%',
  'sp ace+plus',
  '"quote\'',
  'tail/',
  '🎉/é',
  '\uff5e',
  'a\tb\nc',
  '%2F',
  "~!()*'",
  '=@:,;$',
]

let server: TestServer
let client: S3Client
let Bucket: string

beforeAll(async () => {
  server = await startTestServer()
  client = sdkClient(server)
  Bucket = server.bucket
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

describe('odd keys', () => {
  it.each(oddKeys)('%j is put, read, listed and deleted as it is', async (Key) => {
    const Prefix = 'odd/'
    await client.send(new PutObjectCommand({ Bucket, Key: Prefix + Key, Body: Key }))
    const got = await client.send(new GetObjectCommand({ Bucket, Key: Prefix + Key }))
    expect(await got.Body?.transformToString()).toBe(Key)
    expect((await server.store.list({ prefix: Prefix })).objects.map(({ key }) => key)).toEqual([Prefix + Key])
    for (const EncodingType of [undefined, 'url'] as const) {
      const list = await client.send(new ListObjectsV2Command({ Bucket, Prefix, EncodingType }))
      const keys = list.Contents?.map((object) => object.Key ?? '') ?? []
      expect(EncodingType ? keys.map(decodeURIComponent) : keys).toEqual([Prefix + Key])
      expect(list.EncodingType).toBe(EncodingType)
    }
    await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: Prefix + Key }] } }))
    expect((await server.store.list({ prefix: Prefix })).objects).toEqual([])
  })

  it('keeps a key that starts with a slash apart from one that does not', async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: '/lead', Body: '1' }))
    expect((await server.store.list({ prefix: '/' })).objects.map(({ key }) => key)).toEqual(['/lead'])
    await server.store.delete('/lead')
  })

  it('encodes a space as %20 and leaves slashes when asked to encode', async () => {
    await putText(server.store, 'enc/a b+c', 'x')
    const reply = await send(server, {
      method: 'GET',
      target: `/${Bucket}?encoding-type=url&list-type=2&prefix=enc%2F`,
    })
    expect(tag(reply.body, 'Key')).toBe('enc/a%20b%2Bc')
    expect(tag(reply.body, 'Prefix')).toBe('enc/')
  })

  it('does not encode when not asked, and escapes what XML needs', async () => {
    await putText(server.store, 'esc/<a>&"b"\u0007', 'x')
    const reply = await send(server, { method: 'GET', target: `/${Bucket}?list-type=2&prefix=esc%2F` })
    expect(tag(reply.body, 'Key')).toBe('esc/&lt;a&gt;&amp;&quot;b&quot;&#x7;')
  })
})

describe('order and pages', () => {
  const keys = ['z', 'é', '\uff5e', '🎉', 'a', 'A', 'a/1', 'a/2', 'a-'].map((key) => `order/${key}`)

  beforeAll(async () => {
    for (const key of keys) await putText(server.store, key, 'x')
  })

  it('is the order of UTF-8 bytes', async () => {
    const list = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'order/' }))
    const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect(list.Contents?.map(({ Key }) => Key)).toEqual(sorted)
  })

  it.each([1, 2, 3, 5])('goes through groups and keys by pages of %i without loss or repetition', async (MaxKeys) => {
    const shown: string[] = []
    for await (const page of paginateListObjectsV2(
      { client, pageSize: MaxKeys },
      { Bucket, Prefix: 'order/', Delimiter: '/' },
    )) {
      const names = [
        ...(page.Contents ?? []).map(({ Key }) => Key),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      ]
      expect(page.KeyCount).toBe(names.length)
      expect(names.length).toBeLessThanOrEqual(MaxKeys)
      shown.push(...names.map(String))
    }
    const expected = [...keys.filter((key) => !key.startsWith('order/a/')), 'order/a/']
    expect(shown.sort()).toEqual(expected.sort())
  })

  it.each([1, 2, 3])('pages by marker in version 1, %i at a time', async (MaxKeys) => {
    const shown: string[] = []
    for (let Marker: string | undefined; ;) {
      const page = await client.send(
        new ListObjectsCommand({ Bucket, Prefix: 'order/', Delimiter: '/', MaxKeys, Marker }),
      )
      shown.push(
        ...(page.Contents ?? []).map(({ Key }) => String(Key)),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => String(Prefix)),
      )
      if (!page.IsTruncated) break
      Marker = page.NextMarker
      expect(Marker).toBeDefined()
    }
    expect(shown.length).toBe(keys.length - 1)
    expect(new Set(shown).size).toBe(shown.length)
  })

  it('starts after a key', async () => {
    const list = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'order/', StartAfter: 'order/z' }))
    expect(list.Contents?.map(({ Key }) => Key)).toEqual(['order/é', 'order/\uff5e', 'order/🎉'])
    expect(list.StartAfter).toBe('order/z')
  })

  it('shows nothing for max-keys 0 and at most 1,000 for more', async () => {
    const none = await client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }))
    expect([none.KeyCount, none.IsTruncated]).toEqual([0, false])
    const many = await client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 5000 }))
    expect(many.MaxKeys).toBe(1000)
  })

  it('refuses a token that is not its own and a max-keys that is no number', async () => {
    expect(await refused(client.send(new ListObjectsV2Command({ Bucket, ContinuationToken: '!!' })))).toMatchObject({
      status: 400,
      code: 'InvalidArgument',
    })
    expect((await send(server, { method: 'GET', target: `/${Bucket}?list-type=2&max-keys=x` })).status).toBe(400)
  })

  it('takes an empty delimiter and prefix as none', async () => {
    const reply = await send(server, { method: 'GET', target: `/${Bucket}?delimiter=&list-type=2&prefix=` })
    expect(reply.body).not.toContain('<Delimiter>')
    expect(reply.body).not.toContain('<CommonPrefixes>')
  })

  it('has times with milliseconds and quoted ETags', async () => {
    const reply = await send(server, { method: 'GET', target: `/${Bucket}?list-type=2&prefix=order%2FA` })
    expect(tag(reply.body, 'LastModified')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(tag(reply.body, 'ETag')).toMatch(/^&quot;[0-9a-f]{32}&quot;$/)
    expect(reply.body.startsWith('<?xml version="1.0" encoding="UTF-8"?>')).toBe(true)
  })
})
