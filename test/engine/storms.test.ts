// Many calls at once, long ones, and an engine that dies under them.

import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { expect, it, vi } from 'vitest'
import { attachEngine } from '../../src/engine/attach.ts'
import { O_CREAT, O_WRONLY } from '../../src/volume/types.ts'
import { openFakeInline, openFakeWorker } from '../support/engine-kit.ts'

const create = { flags: O_WRONLY | O_CREAT, mode: 0o644 }

it('answers 10,000 asynchronous calls, each with its own result', async () => {
  const { client } = await openFakeWorker()
  const sizes = await Promise.all(
    Array.from(
      { length: 10_000 },
      async (_, i) => (await client.calls.readFile(client.caller(), `/big/${i % 97}`)).byteLength,
    ),
  )
  expect(sizes.every((size, i) => size === i % 97)).toBe(true)
})

it('makes 10,000 synchronous calls in a row', async () => {
  const { client } = await openFakeWorker({ untrusted: true })
  for (let i = 0; i < 10_000; i++) expect(client.sync.stat(client.caller(), '/hello', true).size).toBe(11)
})

it('serves a synchronous call before asynchronous work that was queued first', async () => {
  const { client } = await openFakeWorker()
  const queued = Array.from({ length: 40 }, () => client.calls.readFile(client.caller(), '/busy/25'))
  // The first is being worked on when the synchronous call comes; the others wait behind it.
  const begun = performance.now()
  client.sync.readFile(client.caller(), '/hello')
  expect(performance.now() - begun).toBeLessThan(300)
  await Promise.all(queued)
})

it('interleaves synchronous and asynchronous calls without mixing their answers', async () => {
  const { client } = await openFakeWorker()
  for (let round = 0; round < 50; round++) {
    const asked = Array.from({ length: 40 }, (_, i) => client.calls.readFile(client.caller(), `/big/${round * 40 + i}`))
    for (let i = 0; i < 10; i++)
      expect(client.sync.readFile(client.caller(), `/big/${100_000 + i}`).byteLength).toBe(100_000 + i)
    const answers = await Promise.all(asked)
    expect(answers.map((bytes) => bytes.byteLength)).toEqual(asked.map((_, i) => round * 40 + i))
  }
})

it('lets a synchronous call wait longer than a ping for a slow bucket', async () => {
  const { client } = await openFakeWorker()
  expect(Buffer.from(client.sync.readFile(client.caller(), '/slow/2300')).toString()).toBe('slow')
})

it('fails all pending calls with EIO and the cause when the engine breaks, and later ones too', async () => {
  const { client } = await openFakeWorker()
  const pending = ['/slow/60000', '/slow/60001', '/crash'].map((path) => client.calls.readFile(client.caller(), path))
  for (const { status, reason } of (await Promise.allSettled(pending)) as PromiseRejectedResult[]) {
    expect(status).toBe('rejected')
    expect(reason).toMatchObject({ code: 'EIO', cause: { message: 'the engine broke' } })
  }
  await expect(client.calls.stat(client.caller(), '/', true)).rejects.toMatchObject({ code: 'EIO' })
})

it.each(['/crash', '/exit'])('wakes a synchronous call into EIO when the engine ends under it (%s)', async (path) => {
  const { client } = await openFakeWorker()
  expect(() => client.sync.readFile(client.caller(), path)).toThrow(expect.objectContaining({ code: 'EIO' }))
})

/** Runs in a thread of its own: attaches, reads and writes synchronously and asynchronously, reports. */
const threadSource = `
import { parentPort, workerData } from 'node:worker_threads'
import { attachEngine } from ${JSON.stringify(new URL('../../dist/engine/attach.js', import.meta.url).href)}
const client = attachEngine(workerData.engine)
const { name } = workerData
const caller = client.caller()
for (let i = 0; i < 500; i++) {
  client.sync.writeFile(caller, '/' + name, Buffer.from(name + i), { flags: 65, mode: 420 })
  const sync = Buffer.from(client.sync.readFile(caller, '/' + name)).toString()
  if (sync !== name + i) throw new Error('read ' + sync + ' after writing ' + name + i)
  if (i % 50 === 0) {
    const later = Buffer.from(await client.calls.readFile(caller, '/' + name)).toString()
    if (later !== name + i) throw new Error('read ' + later + ' later')
  }
}
await client.close()
parentPort.postMessage('done')
`

function runThread(
  name: string,
  engine: ReturnType<Awaited<ReturnType<typeof openFakeWorker>>['port']>,
): Promise<unknown> {
  const url = new URL(`data:text/javascript,${encodeURIComponent(threadSource)}`)
  const worker = new Worker(url, { workerData: { name, engine }, transferList: [engine.port], execArgv: [] })
  return new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))
}

it.each([
  ['worker', openFakeWorker],
  ['inline', openFakeInline],
])('serves several threads at one %s engine, each seeing its own writes at once', async (_, openEngine) => {
  const engine = await openEngine()
  const { client } = engine
  const threads = ['left', 'right'].map((name) => runThread(name, engine.port()))
  const mine = (async () => {
    for (let i = 0; i < 200; i++) {
      await client.calls.writeFile(client.caller(), '/mine', Buffer.from(`mine${i}`), create)
      expect(Buffer.from(await client.calls.readFile(client.caller(), '/mine')).toString()).toBe(`mine${i}`)
    }
  })()
  expect(await Promise.all(threads)).toEqual(['done', 'done'])
  await mine
  expect(Buffer.from(await client.calls.readFile(client.caller(), '/left')).toString()).toBe('left499')
})

it('goes on for the other threads when the one that opened it closes', async () => {
  const engine = await openFakeWorker()
  const thread = runThread('left', engine.port())
  await engine.client.calls.stat(engine.client.caller(), '/', true)
  await engine.close()
  expect(await thread).toBe('done')
})

it('closes the volume when the last thread detaches after the one that opened it', async () => {
  const saveTo = join(mkdtempSync(join(tmpdir(), 'bucketfs-last-')), 'saved')
  const engine = await openFakeWorker({ saveTo })
  const other = attachEngine(engine.port())
  await engine.close()
  await other.calls.writeFile(other.caller(), '/late', Buffer.from('after'), create)
  await other.close()
  await vi.waitFor(() => expect(JSON.parse(readFileSync(saveTo, 'utf8'))).toHaveProperty('/late', 'after'))
})

it('closes what a thread had open when that thread ends without closing it', async () => {
  const engine = await openFakeWorker()
  const { client } = engine
  const port = engine.port()
  const source = `
    import { parentPort, workerData } from 'node:worker_threads'
    import { attachEngine } from ${JSON.stringify(new URL('../../dist/engine/attach.js', import.meta.url).href)}
    const client = attachEngine(workerData.port)
    parentPort.postMessage(client.sync.open(client.caller(), '/hello', 0, 0).handle)`
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  const worker = new Worker(url, { workerData: { port }, transferList: [port.port], execArgv: [] })
  const handle = (await new Promise((resolve) => worker.on('message', resolve))) as number
  await worker.terminate()
  await vi.waitFor(() => expect(client.calls.read(handle, 0, 1)).rejects.toMatchObject({ code: 'EBADF' }))
})
