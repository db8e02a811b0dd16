// Multipart uploads through the AWS SDK.

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CompletedPart,
  type UploadPartCopyCommandOutput,
  type CompleteMultipartUploadCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../support/s3-server.ts'
import { patterned } from '../support/store-kit.ts'
import { refused, sdkClient } from './client.ts'

const MiB = 1024 * 1024
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

async function start(Key: string): Promise<string> {
  return (
    (
      await client.send(
        new CreateMultipartUploadCommand({
          Bucket,
          Key,
          Metadata: { mode: '420' },
          ContentType: 'text/x',
          Tagging: 'a=1',
        }),
      )
    ).UploadId ?? ''
  )
}

async function part(Key: string, UploadId: string, PartNumber: number, Body: Uint8Array): Promise<CompletedPart> {
  const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))
  return { PartNumber, ETag, ChecksumCRC32 }
}

function complete(
  Key: string,
  UploadId: string,
  Parts: CompletedPart[],
  more: Partial<CompleteMultipartUploadCommandInput> = {},
): Promise<{ ETag?: string | undefined }> {
  return client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }))
}

describe('multipart uploads', () => {
  it('become one object with its headers, tags and a composite ETag', async () => {
    const [a, b] = [patterned(5 * MiB, 1), patterned(1000, 2)]
    const id = await start('whole')
    const parts = [await part('whole', id, 1, a), await part('whole', id, 3, b)]
    const { ETag } = await complete('whole', id, parts)
    const md5 = (bytes: Uint8Array): Buffer => createHash('md5').update(bytes).digest()
    expect(ETag).toBe(`"${createHash('md5').update(md5(a)).update(md5(b)).digest('hex')}-2"`)
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'whole' }))
    expect(got).toMatchObject({ Metadata: { mode: '420' }, ContentType: 'text/x', TagCount: 1 })
    expect(Buffer.compare(Buffer.from(await got.Body!.transformToByteArray()), Buffer.concat([a, b]))).toBe(0)
  })

  it('answer a repeated completion as the first', async () => {
    const id = await start('again')
    const parts = [await part('again', id, 1, patterned(10))]
    const first = await complete('again', id, parts, { IfNoneMatch: '*' })
    expect((await complete('again', id, parts, { IfNoneMatch: '*' })).ETag).toBe(first.ETag)
    await client.send(new PutObjectCommand({ Bucket, Key: 'again', Body: 'replaced' }))
    expect(await refused(complete('again', id, parts))).toMatchObject({ status: 404, code: 'NoSuchUpload' })
  })

  it('are completed under conditions', async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'cond', Body: 'old' }))
    const id = await start('cond')
    const parts = [await part('cond', id, 1, patterned(10))]
    expect(await refused(complete('cond', id, parts, { IfNoneMatch: '*' }))).toMatchObject({ status: 412 })
    expect(await refused(complete('cond', id, parts, { IfMatch: '"0"' }))).toMatchObject({ status: 412 })
    const { ETag } = await client.send(new HeadObjectCommand({ Bucket, Key: 'cond' }))
    await complete('cond', id, parts, { IfMatch: ETag })
  })

  it('hold the object to a composite checksum, and take one they cannot know', async () => {
    const id = await start('composite')
    const parts = [await part('composite', id, 1, patterned(10))]
    const crc = Buffer.from(parts[0]?.ChecksumCRC32 ?? '', 'base64')
    const composite = Buffer.alloc(4)
    composite.writeUInt32BE(crc32(crc))
    const wrong = complete('composite', id, parts, { ChecksumCRC32: 'AAAAAA==-1', ChecksumType: 'COMPOSITE' })
    expect(await refused(wrong)).toMatchObject({ status: 400, code: 'BadDigest' })
    await complete('composite', id, parts, {
      ChecksumCRC32: `${composite.toString('base64')}-1`,
      ChecksumType: 'COMPOSITE',
    })
    const other = await start('composite')
    const again = [await part('composite', other, 1, patterned(10))]
    await complete('composite', other, again, { ChecksumCRC64NVME: 'AAAAAAAAAAA=', ChecksumType: 'FULL_OBJECT' })
  })

  it('hold the object to the size announced', async () => {
    const id = await start('size')
    const parts = [await part('size', id, 1, patterned(10))]
    expect(await refused(complete('size', id, parts, { MpuObjectSize: 11 }))).toMatchObject({ status: 400 })
    await complete('size', id, parts, { MpuObjectSize: 10 })
  })

  it('refuse wrong, disordered, small and missing parts', async () => {
    const id = await start('bad')
    const [one, two] = [await part('bad', id, 1, patterned(10, 1)), await part('bad', id, 2, patterned(10, 2))]
    expect(await refused(complete('bad', id, [{ ...one, ETag: '"0"' }]))).toMatchObject({
      status: 400,
      code: 'InvalidPart',
    })
    expect(await refused(complete('bad', id, [two, one]))).toMatchObject({ status: 400, code: 'InvalidPartOrder' })
    expect(await refused(complete('bad', id, [one, two]))).toMatchObject({ status: 400, code: 'EntityTooSmall' })
    expect(await refused(complete('bad', id, [{ ...one, ChecksumCRC32: 'AAAAAA==' }]))).toMatchObject({
      status: 400,
      code: 'InvalidPart',
    })
    expect(await refused(complete('bad', id, []))).toMatchObject({ status: 400, code: 'MalformedXML' })
    expect(await refused(client.send(new HeadObjectCommand({ Bucket, Key: 'bad' })))).toMatchObject({ status: 404 })
  })

  it.each([0, 10_001])('refuse part number %i', async (PartNumber) => {
    const id = await start('number')
    expect(await refused(part('number', id, PartNumber, patterned(1)))).toMatchObject({
      status: 400,
      code: 'InvalidArgument',
    })
  })

  it('are gone once aborted, and aborting again is fine', async () => {
    const id = await start('abort')
    const abort = (): Promise<unknown> =>
      client.send(new AbortMultipartUploadCommand({ Bucket, Key: 'abort', UploadId: id }))
    await abort()
    expect(await refused(part('abort', id, 1, patterned(1)))).toMatchObject({ status: 404, code: 'NoSuchUpload' })
    await abort()
  })

  it('take ranges of other objects as parts', async () => {
    const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key: 'range source', Body: '0123456789' }))
    const id = await start('ranged')
    const copy = (
      CopySourceRange: string | undefined,
      CopySourceIfMatch = ETag,
    ): Promise<{ CopyPartResult?: { ETag?: string | undefined } | undefined }> =>
      client.send(
        new UploadPartCopyCommand({
          Bucket,
          Key: 'ranged',
          UploadId: id,
          PartNumber: 1,
          CopySource: `${Bucket}/range%20source`,
          CopySourceRange,
          CopySourceIfMatch,
        }),
      )
    expect(await refused(copy('bytes=5-10'))).toMatchObject({ status: 400, code: 'InvalidArgument' })
    expect(await refused(copy('bytes=5-'))).toMatchObject({ status: 400, code: 'InvalidArgument' })
    expect(await refused(copy('bytes=0-1', '"0"'))).toMatchObject({ status: 412 })
    const done = await copy('bytes=3-6')
    await complete('ranged', id, [{ PartNumber: 1, ETag: done.CopyPartResult?.ETag }])
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'ranged' }))
    expect(await got.Body?.transformToString()).toBe('3456')
  })

  it('take ranges of objects in another bucket as parts', async () => {
    await client.send(new CreateBucketCommand({ Bucket: 'part-source' }))
    const { ETag } = await client.send(new PutObjectCommand({ Bucket: 'part-source', Key: 'k', Body: '0123456789' }))
    const id = await start('across')
    const copy = (
      CopySourceRange: string | undefined,
      CopySourceIfMatch = ETag,
    ): Promise<UploadPartCopyCommandOutput> =>
      client.send(
        new UploadPartCopyCommand({
          Bucket,
          Key: 'across',
          UploadId: id,
          PartNumber: 1,
          CopySource: 'part-source/k',
          CopySourceRange,
          CopySourceIfMatch,
        }),
      )
    expect(await refused(copy('bytes=5-10'))).toMatchObject({ status: 400, code: 'InvalidArgument' })
    expect(await refused(copy('bytes=0-1', '"0"'))).toMatchObject({ status: 412 })
    const done = await copy('bytes=7-9')
    await complete('across', id, [{ PartNumber: 1, ETag: done.CopyPartResult?.ETag }])
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'across' }))
    expect(await got.Body?.transformToString()).toBe('789')
  })

  it('are listed in order, by pages and by group, until finished', async () => {
    const ids = []
    for (const key of ['up/b', 'up/a', 'up/a', 'up/d/1', 'up/d/2']) ids.push([key, await start(key)] as const)
    const shown: string[] = []
    let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
    for (;;) {
      const page = await client.send(
        new ListMultipartUploadsCommand({ Bucket, Prefix: 'up/', Delimiter: '/', MaxUploads: 1, ...markers }),
      )
      shown.push(
        ...(page.Uploads ?? []).map(({ Key, UploadId }) => `${Key} ${UploadId}`),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => String(Prefix)),
      )
      if (!page.IsTruncated) break
      markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    }
    const expected = ids.filter(([key]) => !key.startsWith('up/d/')).map(([key, id]) => `${key} ${id}`)
    expect([...shown].sort()).toEqual([...expected, 'up/d/'].sort())
    expect(shown.at(-1)).toBe('up/d/')
  })
})
