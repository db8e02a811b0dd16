// Copies within a bucket and between two, with what they keep, replace and demand.

import {
  CopyObjectCommand,
  CreateBucketCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type CopyObjectCommandInput,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../support/s3-server.ts'
import { refused, sdkClient } from './client.ts'

let server: TestServer
let client: S3Client
let Bucket: string
let etag: string
const other = 'other-bucket'
const source = {
  ContentType: 'text/a',
  CacheControl: 'no-cache',
  StorageClass: 'STANDARD_IA',
  Metadata: { mode: '33188' },
} as const

beforeAll(async () => {
  server = await startTestServer()
  client = sdkClient(server)
  Bucket = server.bucket
  await client.send(new CreateBucketCommand({ Bucket: other }))
  const put = await client.send(
    new PutObjectCommand({ Bucket, Key: 'sö urce+1', Body: 'payload', Tagging: 'a=1&b=%202', ...source }),
  )
  etag = put.ETag ?? ''
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

const CopySource = (): string => `${Bucket}/${encodeURIComponent('sö urce+1')}`
const copy = (Key: string, more: Partial<CopyObjectCommandInput> = {}): Promise<unknown> =>
  client.send(new CopyObjectCommand({ Bucket, Key, CopySource: CopySource(), ...more }))
const head = (Key: string, bucket = Bucket): Promise<HeadObjectCommandOutput> =>
  client.send(new HeadObjectCommand({ Bucket: bucket, Key }))
const tags = async (Key: string, bucket = Bucket): Promise<unknown> =>
  (await client.send(new GetObjectTaggingCommand({ Bucket: bucket, Key }))).TagSet

describe.each([
  ['in one bucket', () => Bucket],
  ['into another bucket', () => other],
])('a copy %s', (_where, bucketOf) => {
  it('keeps headers, metadata and tags', async () => {
    await copy('kept', { Bucket: bucketOf() })
    expect(await head('kept', bucketOf())).toMatchObject({ ...source, ETag: etag, ContentLength: 7 })
    expect(await tags('kept', bucketOf())).toEqual([
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: ' 2' },
    ])
  })

  it('replaces metadata and tags when told to', async () => {
    const more = {
      MetadataDirective: 'REPLACE',
      Metadata: { new: '1' },
      ContentType: 'text/b',
      TaggingDirective: 'REPLACE',
      Tagging: 'c=3',
    } as const
    await copy('replaced', { Bucket: bucketOf(), ...more })
    const info = await head('replaced', bucketOf())
    expect([info.Metadata, info.ContentType, info.CacheControl]).toEqual([{ new: '1' }, 'text/b', undefined])
    expect(await tags('replaced', bucketOf())).toEqual([{ Key: 'c', Value: '3' }])
  })

  it('demands the version of the source', async () => {
    await copy('matched', { Bucket: bucketOf(), CopySourceIfMatch: etag })
    expect(await refused(copy('no', { Bucket: bucketOf(), CopySourceIfMatch: '"0"' }))).toMatchObject({ status: 412 })
    expect(await refused(copy('no', { Bucket: bucketOf(), CopySourceIfNoneMatch: etag }))).toMatchObject({
      status: 412,
    })
    expect(await refused(copy('no', { Bucket: bucketOf(), CopySourceIfUnmodifiedSince: new Date(0) }))).toMatchObject({
      status: 412,
    })
    expect(await refused(head('no', bucketOf()))).toMatchObject({ status: 404 })
  })

  it('demands what is at its destination', async () => {
    await copy('dest', { Bucket: bucketOf(), IfNoneMatch: '*' })
    expect(await refused(copy('dest', { Bucket: bucketOf(), IfNoneMatch: '*' }))).toMatchObject({ status: 412 })
    await copy('dest', { Bucket: bucketOf(), IfMatch: etag })
    expect(await refused(copy('dest', { Bucket: bucketOf(), IfMatch: '"0"' }))).toMatchObject({ status: 412 })
  })
})

it('changes the storage class and keeps the metadata', async () => {
  await copy('cold', { StorageClass: 'GLACIER_IR' })
  expect(await head('cold')).toMatchObject({
    StorageClass: 'GLACIER_IR',
    Metadata: source.Metadata,
    ContentType: 'text/a',
  })
})

it('refuses a copy onto itself that changes nothing', async () => {
  expect(await refused(copy('sö urce+1'))).toMatchObject({ status: 400, code: 'InvalidRequest' })
})

it('rewrites metadata in place', async () => {
  await copy('self')
  await client.send(
    new CopyObjectCommand({
      Bucket,
      Key: 'self',
      CopySource: `${Bucket}/self`,
      CopySourceIfMatch: etag,
      MetadataDirective: 'REPLACE',
      Metadata: { x: 'y' },
    }),
  )
  expect(await head('self')).toMatchObject({ Metadata: { x: 'y' }, ETag: etag })
})

it('names what is missing of its source', async () => {
  expect(await refused(copy('no', { CopySource: `${Bucket}/absent` }))).toMatchObject({
    status: 404,
    code: 'NoSuchKey',
  })
  expect(await refused(copy('no', { CopySource: 'nobucket/absent' }))).toMatchObject({
    status: 404,
    code: 'NoSuchBucket',
  })
  expect(await refused(copy('no', { CopySource: 'onlybucket' }))).toMatchObject({ status: 400 })
  expect(await refused(copy('no', { CopySource: `${CopySource()}?versionId=abc` }))).toMatchObject({
    status: 404,
    code: 'NoSuchVersion',
  })
})
