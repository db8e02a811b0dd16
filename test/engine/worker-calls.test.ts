// Calls of one thread on an engine in a real worker.

import { expect, it } from 'vitest'
import { StoreError, VolumeError } from '../../src/base/errors.ts'
import { O_CREAT, O_RDWR, O_WRONLY } from '../../src/volume/types.ts'
import { fakeOpener, openFakeWorker, pattern } from '../support/engine-kit.ts'
import { startWorkerEngine, startWorkerEngineSync } from '../../src/engine/thread/worker-engine.ts'

const create = { flags: O_WRONLY | O_CREAT, mode: 0o644 }

it('answers an asynchronous call', async () => {
  const { client } = await openFakeWorker()
  expect(Buffer.from(await client.calls.readFile(client.caller(), '/hello')).toString()).toBe('hello world')
})

it('answers a synchronous call', async () => {
  const { client } = await openFakeWorker()
  expect(Buffer.from(client.sync.readFile(client.caller(), '/hello')).toString()).toBe('hello world')
})

it('opens while blocking this thread', async () => {
  const engine = startWorkerEngineSync({ opener: fakeOpener(), label: 'fake:' })
  expect(engine.client.sync.stat(engine.client.caller(), '/hello', true).size).toBe(11)
  await engine.close()
})

it('carries attributes exactly, asynchronously and synchronously', async () => {
  const { client } = await openFakeWorker({ untrusted: true })
  const attributes = await client.calls.stat(client.caller(), '/', true)
  expect(attributes).toMatchObject({ ino: 1, type: 'directory', mode: 0o040755, uid: 4_000_000_000, birthtimeNs: -1n })
  expect(attributes.mtimeNs).toBe(1_700_000_000_123_456_789n)
  expect(client.sync.stat(client.caller(), '/', true)).toEqual(attributes)
})

it('keeps names with lone surrogates and beyond Latin-1 byte-exact', async () => {
  const { client } = await openFakeWorker()
  const names = ['\udc80broken', 'naïve', '日本', '😀', 'a'.repeat(255)]
  for (const name of names) client.sync.writeFile(client.caller(), `/folder/${name}`, Buffer.from('x'), create)
  const entries = client.sync.readdir(client.caller(), '/folder')
  expect(entries.map((entry) => entry.name)).toEqual(names)
  expect(await client.calls.readdir(client.caller(), '/folder')).toEqual(entries)
})

it.each([0, 1, 8191, 8192, 1024 * 1024 - 64, 1024 * 1024, 1024 * 1024 + 1, 9 * 1024 * 1024 + 7])(
  'moves %i bytes both ways, synchronously and asynchronously',
  async (size) => {
    const { client } = await openFakeWorker()
    const bytes = pattern(size)
    client.sync.writeFile(client.caller(), '/sync', bytes, create)
    await client.calls.writeFile(client.caller(), '/async', bytes, create)
    for (const path of ['/sync', '/async', `/big/${size}`]) {
      expect(bytes.equals(client.sync.readFile(client.caller(), path))).toBe(true)
      expect(bytes.equals(await client.calls.readFile(client.caller(), path))).toBe(true)
    }
  },
)

it('borrows the bytes of a write: they can be changed as soon as the call has returned', async () => {
  const { client } = await openFakeWorker()
  const bytes = Buffer.alloc(100_000, 'a')
  const done = client.calls.writeFile(client.caller(), '/f', bytes, create)
  await done
  expect(bytes.byteLength).toBe(100_000)
  bytes.fill('b')
  expect(Buffer.from(await client.calls.readFile(client.caller(), '/f')).toString()).toBe('a'.repeat(100_000))
})

it('gives bytes that alias nothing', async () => {
  const { client } = await openFakeWorker()
  const { handle } = await client.calls.open(client.caller(), '/hello', O_RDWR, 0)
  const first = await client.calls.read(handle, 0, 5)
  first.fill(0)
  expect(Buffer.from(client.sync.read(handle, 0, 5)).toString()).toBe('hello')
  expect(first.buffer).toBeInstanceOf(ArrayBuffer)
})

it('rebuilds a VolumeError with code, message, conflict path and causes', async () => {
  const { client } = await openFakeWorker()
  const error = await client.calls.readFile(client.caller(), '/denied').catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(VolumeError)
  expect(error).toMatchObject({ code: 'EACCES', message: 'EACCES: the bucket says no' })
  expect((error as VolumeError).cause).toBeInstanceOf(StoreError)
  expect((error as VolumeError).cause).toMatchObject({ kind: 'denied', operation: 'get', key: 'denied', status: 403 })
  const conflict = await client.calls.readFile(client.caller(), '/conflict').catch((reason: unknown) => reason)
  expect(conflict).toMatchObject({ code: 'ESTALE', conflictPath: '/.bucketfs/data/conflicts/x' })
})

it("gives a synchronous failure the caller's own stack", async () => {
  const { client } = await openFakeWorker()
  function whoAsked(): void {
    client.sync.readFile(client.caller(), '/absent')
  }
  expect(whoAsked).toThrow(expect.objectContaining({ code: 'ENOENT', stack: expect.stringContaining('whoAsked') }))
})

it('keeps where a bug was raised in the engine', async () => {
  const { client } = await openFakeWorker()
  const error = await client.calls.readFile(client.caller(), '/bug').catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(TypeError)
  expect(((error as Error).cause as Error).stack).toContain('fake-volume.mjs')
})

it('rejects opening with what the opener threw', async () => {
  const opening = startWorkerEngine({ opener: fakeOpener({ failOpen: true }), label: 'fake:' })
  await expect(opening).rejects.toThrow(
    expect.objectContaining({ code: 'ENOENT', message: 'ENOENT: bucket "missing" does not exist' }),
  )
  expect(() => startWorkerEngineSync({ opener: fakeOpener({ failOpen: true }), label: 'fake:' })).toThrow(
    'bucket "missing"',
  )
})

it('forwards an abort to the call in the engine and rejects with the reason of the signal', async () => {
  const { client } = await openFakeWorker()
  const controller = new AbortController()
  const reading = client.calls.readFile({ ...client.caller(), signal: controller.signal }, '/slow/60000')
  const reason = new Error('enough')
  setImmediate(() => controller.abort(reason))
  await expect(reading).rejects.toBe(reason)
})

it('aborts a call whose signal fires in the turn it was made', async () => {
  const { client } = await openFakeWorker()
  const controller = new AbortController()
  const reading = client.calls.readFile({ ...client.caller(), signal: controller.signal }, '/slow/60000')
  controller.abort()
  await expect(reading).rejects.toBe(controller.signal.reason)
})

it('adds what the opening knows to the metrics', async () => {
  const { client } = await openFakeWorker()
  expect(await client.metrics()).toMatchObject({ fake: 1, calls: 0 })
})

it('tells subscribers of a change before the change is acknowledged', async () => {
  const { client } = await openFakeWorker()
  const seen: string[] = []
  const stop = client.subscribe((event) => seen.push(`${event.kind} ${event.path}`))
  await client.calls.writeFile(client.caller(), '/new', Buffer.from('1'), create)
  expect(seen).toEqual(['created /new'])
  stop()
  await client.calls.writeFile(client.caller(), '/new', Buffer.from('2'), create)
  expect(seen).toHaveLength(1)
})

it('fails every call with EBADF after close, and closes twice without complaint', async () => {
  const engine = await openFakeWorker()
  const { client } = engine
  await engine.close()
  await engine.close()
  await expect(client.calls.stat(client.caller(), '/', true)).rejects.toMatchObject({ code: 'EBADF' })
  expect(() => client.sync.stat(client.caller(), '/', true)).toThrow(expect.objectContaining({ code: 'EBADF' }))
})
