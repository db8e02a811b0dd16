// Conditional requests are real on every store behind the endpoint: nobody overwrites what they have not seen.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDirectoryStore } from '../../src/store/directory.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { startTestServer, type TestServer } from '../support/s3-server.ts'
import { refused, sdkClient } from './client.ts'
import { send } from './raw.ts'

const root = await mkdtemp(join(tmpdir(), 'bucketfs-endpoint-'))
afterAll(() => rm(root, { recursive: true, force: true }))

const stores: readonly (readonly [string, () => Promise<ObjectStore>])[] = [
  ['memory', async () => createMemoryStore()],
  ['directory', () => createDirectoryStore({ root, durable: false })],
]

describe.each(stores)('conditions over a %s store', (_name, open) => {
  let server: TestServer
  let store: ObjectStore
  let client: S3Client
  let Bucket: string

  beforeAll(async () => {
    store = await open()
    server = await startTestServer({ store })
    client = sdkClient(server)
    Bucket = server.bucket
  })
  afterAll(async () => {
    client.destroy()
    await server.close()
    await store.close()
  })

  const put = async (
    Key: string,
    Body: string,
    condition: { IfMatch?: string; IfNoneMatch?: string } = {},
  ): Promise<string> => (await client.send(new PutObjectCommand({ Bucket, Key, Body, ...condition }))).ETag ?? ''

  it('lets exactly one of 16 racing creators win', async () => {
    const tries = Array.from({ length: 16 }, (_, i) => put('race', `writer ${i}`, { IfNoneMatch: '*' }).then(() => i))
    const settled = await Promise.allSettled(tries)
    const winners = settled.filter((result) => result.status === 'fulfilled')
    expect(winners.length).toBe(1)
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'race' }))
    expect(await got.Body?.transformToString()).toBe(`writer ${winners[0]?.value}`)
    for (const result of settled) {
      if (result.status === 'rejected')
        expect((result.reason as Error).name).toMatch(/PreconditionFailed|ConditionalRequestConflict/)
    }
  })

  it('replaces only the version named, quoted or not', async () => {
    const first = await put('replace', '1')
    const second = await put('replace', '2', { IfMatch: first })
    await put('replace', '3', { IfMatch: second.replaceAll('"', '') })
    expect(await refused(put('replace', '4', { IfMatch: first }))).toMatchObject({
      status: 412,
      code: 'PreconditionFailed',
    })
    expect(await refused(put('absent', '1', { IfMatch: first }))).toMatchObject({ status: 404, code: 'NoSuchKey' })
  })

  it('refuses write conditions S3 does not know', async () => {
    expect(await refused(put('unknown', '1', { IfNoneMatch: '"0"' }))).toMatchObject({ status: 501 })
    expect(await refused(put('unknown', '1', { IfMatch: '"0"', IfNoneMatch: '*' }))).toMatchObject({ status: 501 })
  })

  it('deletes only the version named', async () => {
    const etag = await put('delete', '1')
    const remove = (IfMatch: string): Promise<unknown> =>
      client.send(new DeleteObjectCommand({ Bucket, Key: 'delete', IfMatch }))
    expect(await refused(remove('"00000000000000000000000000000000"'))).toMatchObject({ status: 412 })
    await remove(etag)
    expect(await refused(client.send(new HeadObjectCommand({ Bucket, Key: 'delete' })))).toMatchObject({ status: 404 })
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'delete' }))
  })

  it('deletes what is there, whatever it is, under If-Match: *', async () => {
    const remove = async (): Promise<number> =>
      (await send(server, { method: 'DELETE', target: `/${Bucket}/star`, headers: { 'if-match': '*' } })).status
    expect(await remove()).toBe(404)
    await put('star', '1')
    expect(await remove()).toBe(204)
  })

  it('knows the version null and no other', async () => {
    await put('versioned', '1')
    const ask = async (method: string, versionId: string): Promise<number> =>
      (await send(server, { method, target: `/${Bucket}/versioned?versionId=${versionId}` })).status
    expect([
      await ask('GET', 'null'),
      await ask('GET', 'abc'),
      await ask('HEAD', 'abc'),
      await ask('DELETE', 'abc'),
    ]).toEqual([200, 404, 404, 404])
    expect(await ask('DELETE', 'null')).toBe(204)
  })

  it('reads under If-Match and If-None-Match, with lists and stars', async () => {
    const etag = await put('read', 'text')
    const get = async (headers: Record<string, string>): Promise<number> =>
      (await send(server, { method: 'GET', target: `/${Bucket}/read`, headers })).status
    expect(await get({ 'if-match': etag })).toBe(200)
    expect(await get({ 'if-match': `"x", ${etag}` })).toBe(200)
    expect(await get({ 'if-match': '*' })).toBe(200)
    expect(await get({ 'if-match': '"x"' })).toBe(412)
    expect(await get({ 'if-none-match': etag })).toBe(304)
    expect(await get({ 'if-none-match': '*' })).toBe(304)
    expect(await get({ 'if-none-match': '"x"' })).toBe(200)
  })

  it('reads under dates, which an ETag outranks', async () => {
    const etag = await put('dated', 'text')
    const get = async (headers: Record<string, string>): Promise<number> =>
      (await send(server, { method: 'GET', target: `/${Bucket}/dated`, headers })).status
    const past = new Date(Date.now() - 3_600_000).toUTCString()
    const future = new Date(Date.now() + 3_600_000).toUTCString()
    expect(await get({ 'if-modified-since': past })).toBe(200)
    expect(await get({ 'if-modified-since': future })).toBe(304)
    expect(await get({ 'if-unmodified-since': past })).toBe(412)
    expect(await get({ 'if-unmodified-since': future })).toBe(200)
    expect(await get({ 'if-match': etag, 'if-unmodified-since': past })).toBe(200)
    expect(await get({ 'if-none-match': '"x"', 'if-modified-since': future })).toBe(200)
    expect(await get({ 'if-modified-since': 'yesterday' })).toBe(200)
  })

  it('answers 304 without a body but with the ETag', async () => {
    const etag = await put('cached', 'text')
    const reply = await send(server, { method: 'GET', target: `/${Bucket}/cached`, headers: { 'if-none-match': etag } })
    expect([reply.status, reply.body, reply.headers['etag']]).toEqual([304, '', etag])
  })
})
