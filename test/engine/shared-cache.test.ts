// What threads read without asking: that it answers, for whom, and that no completed change leaves it stale.

import { beforeEach, expect, it } from 'vitest'
import type { Engine } from '../../src/engine/engine.ts'
import type { EngineClient } from '../../src/engine/engine-client.ts'
import { Encoder } from '../../src/engine/rpc/encoder.ts'
import { CacheReader } from '../../src/engine/shared/cache-reader.ts'
import { CacheWriter } from '../../src/engine/shared/cache-writer.ts'
import {
  attributesSlotCount,
  contentsBytesMax,
  createCacheMemory,
  sizeClasses,
} from '../../src/engine/shared/layout.ts'
import { O_CREAT, O_RDWR, O_WRONLY } from '../../src/volume/types.ts'
import type { Attributes, Caller, DirectoryEntry } from '../../src/volume/types.ts'
import { openFakeInline, openFakeWorker } from '../support/engine-kit.ts'

const create = { flags: O_WRONLY | O_CREAT, mode: 0o644 }

let engine: Engine
let client: EngineClient
let me: Caller

beforeEach(async () => {
  engine = await openFakeWorker()
  client = engine.client
  me = client.caller()
})

async function callCount(): Promise<number> {
  return (await client.metrics())['calls'] as number
}

it('answers stat, readFile and readdir without a call once they have been asked for', async () => {
  const attributes = await client.calls.stat(me, '/hello', true)
  await client.calls.readFile(me, '/hello')
  const listing = await client.calls.readdir(me, '/')
  const before = await callCount()
  expect(client.peek.stat(me, '/hello', true)).toEqual(attributes)
  expect(Buffer.from(client.peek.readFile(me, '/hello') as Uint8Array).toString()).toBe('hello world')
  expect(client.peek.readdir(me, '/')).toEqual(listing)
  expect(client.sync.stat(me, '/hello', true)).toEqual(attributes)
  expect(await callCount()).toBe(before)
})

it('answers an asynchronous call without one too, but never in the turn that asked', async () => {
  await client.calls.stat(me, '/hello', true)
  const before = await callCount()
  const order: string[] = []
  const done = client.calls.stat(me, '/hello', true).then(({ size }) => order.push(`answered ${size}`))
  for (let i = 0; i < 20; i++) await Promise.resolve()
  order.push('microtasks over')
  await done
  expect(order).toEqual(['microtasks over', 'answered 11'])
  expect(await callCount()).toBe(before)
})

it('leaves the event loop its turns in a loop of cached asynchronous calls', async () => {
  await client.calls.stat(me, '/hello', true)
  let ticked = false
  setTimeout(() => (ticked = true), 1)
  for (let i = 0; i < 1_000_000 && !ticked; i++) await client.calls.stat(me, '/hello', true)
  expect(ticked).toBe(true)
})

it('rejects a cached call whose signal has fired, with its reason', async () => {
  await client.calls.stat(me, '/hello', true)
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(client.calls.stat({ ...me, signal }, '/hello', true)).rejects.toThrow('enough')
})

it('answers ENOENT without a call', async () => {
  await expect(client.calls.stat(me, '/absent', true)).rejects.toMatchObject({ code: 'ENOENT' })
  expect(client.peek.stat(me, '/absent', true)).toBe('ENOENT')
  expect(() => client.sync.stat(me, '/absent', true)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
})

it('takes the answer of lstat for stat unless it is a symlink', async () => {
  await client.calls.stat(me, '/hello', false)
  expect(client.peek.stat(me, '/hello', true)).toMatchObject({ size: 11 })
})

it('answers nothing for a caller with other rights', async () => {
  await client.calls.stat(me, '/hello', true)
  for (const other of [
    { ...me, uid: me.uid + 1 },
    { ...me, gid: me.gid + 1 },
    { ...me, groups: [...me.groups, 12_345] },
  ])
    expect(client.peek.stat(other, '/hello', true)).toBeUndefined()
  expect(client.peek.stat({ ...me, groups: [...me.groups] }, '/hello', true)).toBeDefined()
})

it('publishes nothing that was asked with other rights', async () => {
  await client.calls.stat({ ...me, uid: me.uid + 1 }, '/hello', true)
  expect(client.peek.stat(me, '/hello', true)).toBeUndefined()
})

it('gives bytes of its own each time', async () => {
  client.sync.readFile(me, '/hello')
  const first = client.peek.readFile(me, '/hello') as Uint8Array
  first.fill(0)
  expect(Buffer.from(client.peek.readFile(me, '/hello') as Uint8Array).toString()).toBe('hello world')
})

it('never shows a completed write as it was before', async () => {
  for (let i = 0; i < 300; i++) {
    const text = `version ${i}`.padEnd(20 + i)
    if (i % 2 === 0) client.sync.writeFile(me, '/hello', Buffer.from(text), create)
    else await client.calls.writeFile(me, '/hello', Buffer.from(text), create)
    expect(Buffer.from(client.sync.readFile(me, '/hello')).toString()).toBe(text)
    expect(client.sync.stat(me, '/hello', true).size).toBe(text.length)
  }
})

it('never shows a completed write through a handle as it was before', async () => {
  const { handle } = client.sync.open(me, '/hello', O_RDWR, 0)
  for (let size = 12; size < 40; size++) {
    client.sync.stat(me, '/hello', true)
    client.sync.readFile(me, '/hello')
    client.sync.write(handle, size - 1, Buffer.from('!'))
    expect(client.sync.stat(me, '/hello', true).size).toBe(size)
    expect(client.sync.readFile(me, '/hello').byteLength).toBe(size)
  }
  client.sync.close(handle)
})

it('forgets an absence when the name is created', async () => {
  expect(() => client.sync.stat(me, '/new', true)).toThrow('ENOENT')
  client.sync.writeFile(me, '/new', Buffer.from('1'), create)
  expect(client.sync.stat(me, '/new', true).size).toBe(1)
})

it('forgets a file and the listing it was in when it is removed', async () => {
  client.sync.stat(me, '/hello', true)
  expect(client.sync.readdir(me, '/').map(({ name }) => name)).toContain('hello')
  client.sync.unlink(me, '/hello')
  expect(() => client.sync.stat(me, '/hello', true)).toThrow('ENOENT')
  expect(client.sync.readdir(me, '/').map(({ name }) => name)).not.toContain('hello')
})

it('forgets everything below a directory that is renamed', async () => {
  client.sync.writeFile(me, '/folder/deep', Buffer.from('1'), create)
  client.sync.stat(me, '/folder/deep', true)
  client.sync.readFile(me, '/folder/deep')
  client.sync.rename(me, '/folder', '/elsewhere')
  expect(() => client.sync.stat(me, '/folder/deep', true)).toThrow('ENOENT')
  expect(() => client.sync.readFile(me, '/folder/deep')).toThrow('ENOENT')
  expect(client.sync.stat(me, '/elsewhere/deep', true).size).toBe(1)
})

it('believes nothing that the volume does not trust', async () => {
  const untrusting = (await openFakeWorker({ untrusted: true })).client
  await untrusting.calls.stat(me, '/hello', true)
  await untrusting.calls.readFile(me, '/hello')
  expect(untrusting.peek.stat(me, '/hello', true)).toBeUndefined()
  expect(untrusting.peek.readFile(me, '/hello')).toBeUndefined()
})

it('trusts what is locally changed no longer than the settings say, since it may be written back unnoticed', async () => {
  const dirty = (await openFakeWorker({ ttlMs: Infinity, settingsTtlMs: 0 })).client
  dirty.sync.stat(me, '/hello', true)
  dirty.sync.readFile(me, '/hello')
  expect([dirty.peek.stat(me, '/hello', true), dirty.peek.readFile(me, '/hello')]).toEqual([undefined, undefined])
  const brief = (await openFakeWorker({ ttlMs: Infinity, settingsTtlMs: 60_000 })).client
  brief.sync.stat(me, '/hello', true)
  expect(brief.peek.stat(me, '/hello', true)).toBeDefined()
})

it('keeps files up to its largest slot and asks for larger ones', async () => {
  client.sync.writeFile(me, '/largest', Buffer.alloc(contentsBytesMax, 'a'), create)
  client.sync.writeFile(me, '/larger', Buffer.alloc(contentsBytesMax + 1, 'a'), create)
  client.sync.readFile(me, '/largest')
  client.sync.readFile(me, '/larger')
  expect(client.peek.readFile(me, '/largest')?.byteLength).toBe(contentsBytesMax)
  expect(client.peek.readFile(me, '/larger')).toBeUndefined()
})

it('works the same on an inline engine, where a synchronous call that it cannot answer is refused', async () => {
  const inline = (await openFakeInline()).client
  expect(() => inline.sync.stat(me, '/hello', true)).toThrow(
    expect.objectContaining({
      code: 'ERR_BUCKETFS_SYNC_INLINE',
      message: expect.stringMatching(/'stat'.*engine: 'worker'/),
    }),
  )
  await inline.calls.stat(me, '/hello', true)
  expect(inline.sync.stat(me, '/hello', true).size).toBe(11)
  await inline.calls.writeFile(me, '/hello', Buffer.from('longer than before'), create)
  expect(() => inline.sync.stat(me, '/hello', true)).toThrow(
    expect.objectContaining({ code: 'ERR_BUCKETFS_SYNC_INLINE' }),
  )
  expect(() => inline.sync.mkdir(me, '/x', 0o755, false)).toThrow(
    expect.objectContaining({ code: 'ERR_BUCKETFS_SYNC_INLINE' }),
  )
})

const attributes = (ino: number): Attributes => {
  const times = { atimeNs: 1n, mtimeNs: 2n, ctimeNs: 3n, birthtimeNs: 4n }
  return { ino, type: 'file', mode: 0o100644, nlink: 1, uid: 1, gid: 2, rdev: 0, size: ino, ...times }
}

it('believes nothing past its expiry', () => {
  const { memory } = createCacheMemory()
  const writer = new CacheWriter(memory)
  const reader = new CacheReader(memory, me)
  const nowMs = Number(process.hrtime.bigint()) / 1e6
  reader.learn('stat', '/f', true, { attributes: writer.putAttributes('/f', true, attributes(1), nowMs + 60_000) })
  expect(reader.stat(me, '/f', true)).toBeDefined()
  writer.putAttributes('/f', true, attributes(1), nowMs - 1)
  expect(reader.stat(me, '/f', true)).toBeUndefined()
})

it('takes a slot from the oldest when all are in use, and the one who lost it is told nothing wrong', () => {
  const { memory } = createCacheMemory()
  const writer = new CacheWriter(memory)
  const reader = new CacheReader(memory, me)
  const count = attributesSlotCount + 1000
  for (let i = 0; i < count; i++)
    reader.learn('stat', `/${i}`, true, { attributes: writer.putAttributes(`/${i}`, true, attributes(i), Infinity) })
  let known = 0
  for (let i = 0; i < count; i++) {
    const seen = reader.stat(me, `/${i}`, true)
    if (seen === undefined) continue
    known++
    expect(seen).toMatchObject({ ino: i, size: i })
  }
  expect(known).toBe(attributesSlotCount)
})

it('gives the largest slots to many files in turn without mixing their bytes', () => {
  const { memory } = createCacheMemory()
  const writer = new CacheWriter(memory)
  const reader = new CacheReader(memory, me)
  const count = (sizeClasses.at(-1)?.count ?? 0) * 3
  for (let i = 0; i < count; i++) {
    const contents = writer.putContents('file', `/${i}`, i, [Buffer.alloc(contentsBytesMax, i)], Infinity)
    reader.learn('readFile', `/${i}`, false, { contents })
  }
  const seen = Array.from({ length: count }, (_, i) => reader.readFile(me, `/${i}`)).map(
    (bytes, i) => bytes && [bytes[0], bytes.at(-1), i & 0xff],
  )
  for (const triple of seen) if (triple) expect(triple[0] === triple[2] && triple[1] === triple[2]).toBe(true)
  expect(seen.filter(Boolean).length).toBeGreaterThan(0)
})

it('gives the listing of each directory, however many are looked at in turn', () => {
  const { memory } = createCacheMemory()
  const writer = new CacheWriter(memory)
  const reader = new CacheReader(memory, me)
  const encoder = new Encoder()
  const listing = (i: number): DirectoryEntry[] => [{ name: `entry ${i}`, ino: i, type: 'file' }]
  const count = 600
  for (let i = 0; i < count; i++) {
    const contents = writer.putContents('listing', `/${i}`, i + 1, encoder.encode(listing(i)), Infinity)
    reader.learn('readdir', `/${i}`, false, { contents })
  }
  for (let round = 0; round < 2; round++)
    for (let i = 0; i < count; i++) expect(reader.readdir(me, `/${i}`)).toEqual(listing(i))
  // Looked at again while nothing has changed, it is not decoded again.
  expect(reader.readdir(me, '/599')).toBe(reader.readdir(me, '/599'))
})
