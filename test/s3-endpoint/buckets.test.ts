// Buckets through the AWS SDK, and the settings nobody has.

import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketAclCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectAclCommand,
  GetObjectLockConfigurationCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createS3Endpoint } from '../../src/s3-endpoint/endpoint.ts'
import { startTestServer, testCredentials, type TestServer } from '../support/s3-server.ts'
import { putText } from '../support/store-kit.ts'
import { refused, sdkClient } from './client.ts'
import { send, sendRaw, signRequest, tag } from './raw.ts'

let server: TestServer
let client: S3Client
let Bucket: string

beforeAll(async () => {
  server = await startTestServer({ domain: 's3.test' })
  client = sdkClient(server)
  Bucket = server.bucket
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

describe('buckets', () => {
  it('are created, listed, found and deleted', async () => {
    await client.send(new CreateBucketCommand({ Bucket: 'fresh-bucket' }))
    const { Buckets } = await client.send(new ListBucketsCommand({}))
    expect(Buckets?.map(({ Name }) => Name)).toEqual(['fresh-bucket', Bucket])
    const head = await client.send(new HeadBucketCommand({ Bucket: 'fresh-bucket' }))
    expect(head.BucketRegion).toBe('us-east-1')
    await client.send(new DeleteBucketCommand({ Bucket: 'fresh-bucket' }))
    expect(await refused(client.send(new HeadBucketCommand({ Bucket: 'fresh-bucket' })))).toMatchObject({ status: 404 })
  })

  it('are found with and without a slash at the end', async () => {
    for (const target of [`/${Bucket}`, `/${Bucket}/`]) {
      expect((await send(server, { method: 'HEAD', target })).status).toBe(200)
    }
  })

  it('are not created twice, nor under a bad name', async () => {
    expect(await refused(client.send(new CreateBucketCommand({ Bucket })))).toMatchObject({
      status: 409,
      code: 'BucketAlreadyOwnedByYou',
    })
    for (const name of ['ab', 'Upper', '1.2.3.4', 'a..b', '-a-b']) {
      const reply = await send(server, { method: 'PUT', target: `/${name}` })
      expect([reply.status, tag(reply.body, 'Code')]).toEqual([400, 'InvalidBucketName'])
    }
  })

  it('are created by one of many at once', async () => {
    const tries = Array.from({ length: 4 }, () => send(server, { method: 'PUT', target: '/raced-bucket' }))
    expect((await Promise.all(tries)).map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409, 409, 409])
  })

  it('are deleted only when empty', async () => {
    await putText(server.store, 'still here', 'x')
    expect(await refused(client.send(new DeleteBucketCommand({ Bucket })))).toMatchObject({
      status: 409,
      code: 'BucketNotEmpty',
    })
  })

  it('that are missing are told from keys that are', async () => {
    const bucket = await send(server, { method: 'GET', target: '/no-such-bucket/key' })
    const key = await send(server, { method: 'GET', target: `/${Bucket}/no-such-key` })
    expect([bucket.status, tag(bucket.body, 'Code')]).toEqual([404, 'NoSuchBucket'])
    expect([key.status, tag(key.body, 'Code'), tag(key.body, 'Resource')]).toEqual([
      404,
      'NoSuchKey',
      `/${Bucket}/no-such-key`,
    ])
  })

  it('are found by host name under the domain', async () => {
    await putText(server.store, 'by-host', 'found')
    const host = `${Bucket}.S3.test:9000`
    expect(await send(server, { method: 'GET', target: '/by-host', host })).toMatchObject({
      status: 200,
      body: 'found',
    })
    // The host is part of what is signed.
    const { headers } = signRequest(server, { method: 'GET', target: '/by-host' })
    const moved = await sendRaw(server, 'GET', '/by-host', { ...headers, host })
    expect([moved.status, tag(moved.body, 'Code')]).toEqual([403, 'SignatureDoesNotMatch'])
  })

  it('of a fixed set are neither created nor deleted', async () => {
    const endpoint = createS3Endpoint({
      buckets: new Map([['only', server.store]]),
      credentials: (id) => (id === testCredentials.accessKeyId ? testCredentials.secretAccessKey : undefined),
    })
    const { url } = await endpoint.listen()
    const own = sdkClient({ ...server, endpoint: url })
    expect((await own.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toEqual(['only'])
    expect(await refused(own.send(new CreateBucketCommand({ Bucket: 'another' })))).toMatchObject({
      status: 403,
      code: 'AccessDenied',
    })
    expect(await refused(own.send(new DeleteBucketCommand({ Bucket: 'only' })))).toMatchObject({
      status: 403,
      code: 'AccessDenied',
    })
    own.destroy()
    await endpoint.close()
  })
})

describe('settings a bucket does not have', () => {
  it('are answered as S3 answers for a plain bucket', async () => {
    expect((await client.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined()
    expect((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined()
    expect(
      (await client.send(new GetBucketAclCommand({ Bucket }))).Grants?.map(({ Permission }) => Permission),
    ).toEqual(['FULL_CONTROL'])
    await putText(server.store, 'owned', 'x')
    expect((await client.send(new GetObjectAclCommand({ Bucket, Key: 'owned' }))).Owner?.ID).toBe('bucketfs')
  })

  it.each([
    ['NoSuchBucketPolicy', () => client.send(new GetBucketPolicyCommand({ Bucket }))],
    ['NoSuchLifecycleConfiguration', () => client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))],
    ['ObjectLockConfigurationNotFoundError', () => client.send(new GetObjectLockConfigurationCommand({ Bucket }))],
    ['ServerSideEncryptionConfigurationNotFoundError', () => client.send(new GetBucketEncryptionCommand({ Bucket }))],
  ])('are refused as %s', async (code, call) => {
    expect(await refused(call())).toMatchObject({ status: 404, code })
  })

  it.each([
    ['PUT', '?versioning'],
    ['PUT', '?acl='],
    ['PUT', '?policy'],
    ['DELETE', '?lifecycle'],
    ['GET', '?inventory'],
    ['GET', '?nobody-knows'],
    ['POST', ''],
    ['PUT', '/still%20here?tagging'],
    ['DELETE', '/still%20here?tagging'],
    ['PUT', '/still%20here?nobody-knows'],
    ['GET', '/still%20here?uploadId=1'],
    ['GET', '/still%20here?attributes'],
    ['POST', '/still%20here?restore'],
    ['DELETE', '/still%20here?legal-hold'],
  ])('never fall through to the plain operation: %s %s', async (method, rest) => {
    const reply = await send(server, { method, target: `/${Bucket}${rest}` })
    expect([reply.status, tag(reply.body, 'Code')]).toEqual([501, 'NotImplemented'])
    expect((await server.store.head('still here')).size).toBe(1)
  })
})
