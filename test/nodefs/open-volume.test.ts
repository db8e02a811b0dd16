// What a program gets from `bucketfs` itself: a volume with an `fs`, on the real engine over a bucket in a directory.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, expect, it } from 'vitest'
import { attachVolume, openVolume, openVolumeSync } from '../../src/index.ts'
import type { OpenedVolume } from '../../src/index.ts'
import { modulesUrl, useTestHome } from '../support/engine-home.ts'

const home = useTestHome()
const opened: OpenedVolume[] = []
afterEach(async () => {
  await Promise.allSettled(opened.splice(0).map((volume) => volume.close()))
})

const bucket = (): string => join(home.current.path, 'bucket')

async function open(options?: Parameters<typeof openVolume>[1]): Promise<OpenedVolume> {
  const volume = await openVolume(`file://${bucket()}`, options)
  opened.push(volume)
  return volume
}

it('writes files that are objects, through promises, callbacks and sync', async () => {
  const { fs } = await open()
  await fs.promises.writeFile('/promise', 'a')
  fs.writeFileSync('/sync', 'b')
  await new Promise<void>((resolve, reject) =>
    fs.writeFile('/callback', 'c', (error) => (error ? reject(error) : resolve())),
  )
  expect(['promise', 'sync', 'callback'].map((name) => readFileSync(join(bucket(), name), 'utf8'))).toEqual([
    'a',
    'b',
    'c',
  ])
  expect(fs.readdirSync('/')).toEqual(['callback', 'promise', 'sync'])
})

it('opens while blocking', async () => {
  const volume = openVolumeSync(`file://${bucket()}`)
  opened.push(volume)
  volume.fs.mkdirSync('/a/b', { recursive: true })
  expect(volume.fs.statSync('/a/b').isDirectory()).toBe(true)
})

it('tells its URL and resolved settings', async () => {
  const volume = await open({ durability: 'memory', listingTtlMs: 5 })
  expect(volume.url).toBe(`file://${bucket()}`)
  expect(volume.settings).toMatchObject({ durability: 'memory', listingTtlMs: 5, attributesTtlMs: 1000 })
})

it('has everything in the bucket after sync, whatever the durability', async () => {
  const volume = await open({ durability: 'memory', writeBackDelayMs: 60_000 })
  await volume.fs.promises.writeFile('/late', 'x')
  await volume.sync()
  expect(readFileSync(join(bucket(), 'late'), 'utf8')).toBe('x')
})

it('has everything in the bucket after close and await using', async () => {
  {
    await using volume = await openVolume(`file://${bucket()}`, { durability: 'memory', writeBackDelayMs: 60_000 })
    await volume.fs.promises.writeFile('/disposed', 'x')
  }
  expect(readFileSync(join(bucket(), 'disposed'), 'utf8')).toBe('x')
})

it('starts relative paths at the option cwd', async () => {
  const { fs } = await open({ cwd: '/work' })
  fs.mkdirSync('/work')
  fs.writeFileSync('here', '1')
  expect(fs.readFileSync('/work/here', 'utf8')).toBe('1')
})

it('serves other threads through the same engine', async () => {
  const volume = await open()
  volume.fs.writeFileSync('/from-main', 'main')
  const source = `
    import { parentPort, workerData } from 'node:worker_threads'
    import { attachVolume } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}
    const { fs, close } = attachVolume(workerData.port)
    fs.writeFileSync('/from-thread', fs.readFileSync('/from-main', 'utf8') + '+thread')
    await close()
    parentPort.postMessage('done')`
  const port = volume.port()
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  const worker = new Worker(url, { workerData: { port }, transferList: [port.port], execArgv: [] })
  expect(await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))).toBe('done')
  expect(volume.fs.readFileSync('/from-thread', 'utf8')).toBe('main+thread')
})

it('attaches in the thread that opened it too', async () => {
  const volume = await open()
  const again = attachVolume(volume.port())
  again.fs.writeFileSync('/again', '1')
  expect(volume.fs.readFileSync('/again', 'utf8')).toBe('1')
  await again.close()
  expect(volume.fs.existsSync('/again')).toBe(true)
})

it('takes its bucket, clock and logger from modules loaded in the engine', async () => {
  const { logFile } = home.current
  const wallNs = String(1_600_000_000n * 1_000_000_000n)
  const volume = await openVolume('memory:', {
    store: { module: modulesUrl, data: { seed: { seeded: 'by the module' } } },
    clock: { module: modulesUrl, data: { wallNs } },
    logger: { module: modulesUrl, data: { file: logFile } },
  })
  opened.push(volume)
  expect(volume.fs.readFileSync('/seeded', 'utf8')).toBe('by the module')
  volume.fs.writeFileSync('/now', '')
  expect(volume.fs.statSync('/now').mtimeMs).toBe(1_600_000_000_000)
})

it('says that a module lacks what the option needs', async () => {
  const opening = openVolume('memory:', { store: { module: new URL('../support/fake-volume.mjs', import.meta.url) } })
  await expect(opening).rejects.toThrow(/^option store: .*fake-volume\.mjs exports no function named createStore$/)
})

it('says that a platform disk needs its server', async () => {
  await expect(openVolume('disk:mine')).rejects.toMatchObject({
    code: 'ENOTSUP',
    message: expect.stringContaining('disk:mine needs a platform server'),
  })
})

it('keeps two processes or volumes on one bucket apart in their folders', async () => {
  const [first, second] = [await open({ durability: 'journal' }), await open({ durability: 'journal' })]
  first.fs.writeFileSync('/first', '1')
  second.fs.writeFileSync('/second', '2')
  await Promise.all([first.sync(), second.sync()])
  expect(readFileSync(join(bucket(), 'first'), 'utf8') + readFileSync(join(bucket(), 'second'), 'utf8')).toBe('12')
})
