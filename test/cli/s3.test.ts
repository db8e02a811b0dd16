import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runProgram } from '../../src/cli/program.ts'

interface Server {
  readonly url: string
  readonly code: Promise<number>
  stop(): void
}

let folder: string
const open: S3Client[] = []
const running: Server[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bucketfs-s3-'))
})
afterEach(async () => {
  for (const client of open.splice(0)) client.destroy()
  for (const server of running.splice(0)) {
    server.stop()
    await server.code
  }
  rmSync(folder, { recursive: true, force: true })
})

async function serve(...args: string[]): Promise<Server> {
  const stop = new AbortController()
  const stdout = new PassThrough()
  const code = runProgram({
    args: [
      's3',
      ...(args.includes('--memory') ? [] : ['--dir', folder]),
      '--port',
      '0',
      '--access-key',
      'id',
      '--secret-key',
      'secret',
      '--json',
      ...args,
    ],
    stdout,
    stderr: process.stderr,
    terminal: false,
    signal: stop.signal,
    version: '0.0.0',
    opener: () => () => Promise.reject(new Error('no volume is needed')),
    bucketOpener: () => () => Promise.reject(new Error('no bucket is needed')),
  })
  const [line] = (await stdout[Symbol.asyncIterator]().next()).value.toString().split('\n') as [string]
  const { url } = JSON.parse(line) as { url: string }
  const server = { url, code, stop: () => stop.abort() }
  running.push(server)
  return server
}

function clientOf(server: Server, secretAccessKey = 'secret'): S3Client {
  const credentials = { accessKeyId: 'id', secretAccessKey }
  const client = new S3Client({ endpoint: server.url, region: 'us-east-1', forcePathStyle: true, credentials })
  open.push(client)
  return client
}

describe('bucketfs s3', () => {
  it('serves folders as buckets that come and go', async () => {
    const client = clientOf(await serve())
    await client.send(new CreateBucketCommand({ Bucket: 'made' }))
    await client.send(new PutObjectCommand({ Bucket: 'made', Key: 'a/b.txt', Body: 'hello' }))
    expect(readFileSync(join(folder, 'made/a/b.txt'), 'utf8')).toBe('hello')
    expect((await client.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toEqual(['made'])
    await client.send(new CreateBucketCommand({ Bucket: 'empty' }))
    await client.send(new DeleteBucketCommand({ Bucket: 'empty' }))
    expect((await client.send(new ListBucketsCommand({}))).Buckets).toHaveLength(1)
  })

  it('serves one directory as one bucket', async () => {
    writeFileSync(join(folder, 'there.txt'), 'already')
    const client = clientOf(await serve('--bucket', 'only'))
    const reply = await client.send(new GetObjectCommand({ Bucket: 'only', Key: 'there.txt' }))
    expect(await reply.Body?.transformToString()).toBe('already')
  })

  it('serves memory', async () => {
    const client = clientOf(await serve('--memory', '--bucket', 'given'))
    await client.send(new PutObjectCommand({ Bucket: 'given', Key: 'k', Body: 'hello' }))
    const reply = await client.send(new GetObjectCommand({ Bucket: 'given', Key: 'k' }))
    expect(await reply.Body?.transformToString()).toBe('hello')
    await client.send(new CreateBucketCommand({ Bucket: 'made' }))
    expect((await client.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toEqual(['given', 'made'])
  })

  it('refuses a wrong secret', async () => {
    const client = clientOf(await serve(), 'wrong')
    await expect(client.send(new ListBucketsCommand({}))).rejects.toThrow(/signature/i)
  })

  it('ends with 0 when told to stop', async () => {
    const server = await serve()
    server.stop()
    expect(await server.code).toBe(0)
  })
})
