// Objects through the real AWS SDK: what is put is what is read, with its headers, and conditions are real.

import { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../support/s3-server.ts'
import { patterned } from '../support/store-kit.ts'
import { refused, sdkClient } from './client.ts'

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

async function text(Key: string): Promise<string> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
  return (await Body?.transformToString()) ?? ''
}

describe('objects through the AWS SDK', () => {
  it('puts, gets, heads, lists and deletes', async () => {
    const put = await client.send(new PutObjectCommand({ Bucket, Key: 'round/trip', Body: 'hello' }))
    expect(put.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"')
    expect(await text('round/trip')).toBe('hello')
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'round/trip' }))
    expect(head).toMatchObject({ ContentLength: 5, ETag: put.ETag, ContentType: 'application/octet-stream' })
    const list = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'round/' }))
    expect(list.Contents?.map(({ Key, Size, ETag }) => ({ Key, Size, ETag }))).toEqual([
      { Key: 'round/trip', Size: 5, ETag: put.ETag },
    ])
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'round/trip' }))
    expect(await refused(client.send(new GetObjectCommand({ Bucket, Key: 'round/trip' })))).toMatchObject({
      status: 404,
      code: 'NoSuchKey',
    })
  })

  it('keeps every header of an object', async () => {
    const headers = {
      ContentType: 'text/x-test',
      ContentEncoding: 'gzip',
      ContentDisposition: 'attachment; filename="a b"',
      ContentLanguage: 'de',
      CacheControl: 'max-age=5',
      WebsiteRedirectLocation: '/elsewhere',
      StorageClass: 'STANDARD_IA',
      ServerSideEncryption: 'AES256',
      ObjectLockLegalHoldStatus: 'ON',
      Metadata: { mode: '33188', 'with-dash': 'a  b' },
    } as const
    const Expires = new Date('2030-01-02T03:04:05Z')
    await client.send(
      new PutObjectCommand({ Bucket, Key: 'headers', Body: 'x', Expires, Tagging: 'a=1&b=2', ...headers }),
    )
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'headers' }))
    expect(head).toMatchObject(headers)
    expect(head.ExpiresString).toBe(Expires.toUTCString())
    expect(head.TagCount).toBe(2)
  })

  it('streams a body with a trailing checksum', async () => {
    const bytes = patterned(3_000_001)
    const Body = Readable.from([bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)])
    await client.send(new PutObjectCommand({ Bucket, Key: 'streamed', Body, ContentLength: bytes.byteLength }))
    const read = await client.send(new GetObjectCommand({ Bucket, Key: 'streamed' }))
    expect(Buffer.compare(Buffer.from(await read.Body!.transformToByteArray()), bytes)).toBe(0)
  })

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)('verifies %s', async (ChecksumAlgorithm) => {
    const put = await client.send(
      new PutObjectCommand({ Bucket, Key: `sum-${ChecksumAlgorithm}`, Body: patterned(100_003), ChecksumAlgorithm }),
    )
    expect(put[`Checksum${ChecksumAlgorithm}`]).toMatch(/^[A-Za-z0-9+/]+=*$/)
  })

  it('gives the ranges asked for', async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'ranges', Body: '0123456789' }))
    const read = async (Range: string): Promise<unknown[]> => {
      const reply = await client.send(new GetObjectCommand({ Bucket, Key: 'ranges', Range }))
      return [await reply.Body?.transformToString(), reply.ContentRange, reply.ContentLength]
    }
    expect(await read('bytes=0-3')).toEqual(['0123', 'bytes 0-3/10', 4])
    expect(await read('bytes=4-4')).toEqual(['4', 'bytes 4-4/10', 1])
    expect(await read('bytes=8-')).toEqual(['89', 'bytes 8-9/10', 2])
    expect(await read('bytes=-3')).toEqual(['789', 'bytes 7-9/10', 3])
    expect(await read('bytes=5-99')).toEqual(['56789', 'bytes 5-9/10', 5])
    expect(await refused(read('bytes=10-'))).toMatchObject({ status: 416, code: 'InvalidRange' })
  })

  it('reads an object larger than a piece whole and across pieces', async () => {
    const bytes = patterned(9 * 1024 * 1024 + 17)
    await client.send(new PutObjectCommand({ Bucket, Key: 'pieces', Body: bytes }))
    const whole = await client.send(new GetObjectCommand({ Bucket, Key: 'pieces' }))
    expect(Buffer.compare(Buffer.from(await whole.Body!.transformToByteArray()), bytes)).toBe(0)
    const part = await client.send(new GetObjectCommand({ Bucket, Key: 'pieces', Range: 'bytes=4194000-8500000' }))
    expect(Buffer.compare(Buffer.from(await part.Body!.transformToByteArray()), bytes.subarray(4194000, 8500001))).toBe(
      0,
    )
  })

  it('deletes many, quietly or not, each under its own condition', async () => {
    for (const Key of ['many/a', 'many/b', 'many/c'])
      await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
    const Objects = [
      { Key: 'many/a' },
      { Key: 'many/b', ETag: '"00000000000000000000000000000000"' },
      { Key: 'many/none' },
    ]
    const reply = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    expect(reply.Deleted?.map(({ Key }) => Key)).toEqual(['many/a', 'many/none'])
    expect(reply.Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([['many/b', 'PreconditionFailed']])
    const quiet = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'many/b' }, { Key: 'many/c' }], Quiet: true } }),
    )
    expect(quiet.Deleted).toBeUndefined()
    expect((await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'many/' }))).KeyCount).toBe(0)
  })
})
