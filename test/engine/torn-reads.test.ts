// The seqlock under fire: one thread writes the shared cache as fast as it can, this one reads it.

import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { CacheReader } from '../../src/engine/shared/cache-reader.ts'
import { createCacheMemory } from '../../src/engine/shared/layout.ts'

const roundCount = 200_000

/** Every version n of the slot is n all over. */
const writerSource = `
import { parentPort, workerData } from 'node:worker_threads'
import { CacheWriter } from ${JSON.stringify(new URL('../../dist/engine/shared/cache-writer.js', import.meta.url).href)}
const writer = new CacheWriter(workerData.memory)
const put = (n) => ({
  attributes: writer.putAttributes('/f', true, { ino: 7, type: 'file', mode: n, nlink: n, uid: n, gid: n, rdev: n, size: n,
    atimeNs: BigInt(n), mtimeNs: BigInt(n), ctimeNs: BigInt(n), birthtimeNs: BigInt(n) }, Infinity),
  contents: writer.putContents('file', '/f', 7, [Buffer.alloc(512, n)], Infinity),
})
parentPort.postMessage(put(0))
const stop = new Int32Array(workerData.stop)
for (let n = 1; Atomics.load(stop, 0) === 0; n = (n + 1) & 0x7fff) put(n)
parentPort.postMessage('stopped')
`

it('never gives attributes or bytes of two versions', async () => {
  const { memory } = createCacheMemory()
  const stop = new SharedArrayBuffer(4)
  const me = { uid: 1, gid: 1, groups: [], umask: 0 }
  const reader = new CacheReader(memory, me)
  const url = new URL(`data:text/javascript,${encodeURIComponent(writerSource)}`)
  const worker = new Worker(url, { workerData: { memory, stop }, execArgv: [] })
  const next = (): Promise<unknown> =>
    new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  const hint = (await next()) as Parameters<CacheReader['learn']>[3]
  reader.learn('stat', '/f', true, hint)
  reader.learn('readFile', '/f', false, hint)
  const versions = new Set<number>()
  let torn = 0
  for (let i = 0; i < roundCount; i++) {
    const seen = reader.stat(me, '/f', true)
    if (typeof seen === 'object') {
      const n = seen.size
      versions.add(n)
      const words = [
        seen.mode,
        seen.nlink,
        seen.uid,
        seen.gid,
        seen.rdev,
        Number(seen.atimeNs),
        Number(seen.birthtimeNs),
      ]
      if (words.some((word) => word !== n)) torn++
    }
    const bytes = reader.readFile(me, '/f')
    if (bytes?.some((byte) => byte !== bytes[0])) torn++
  }
  Atomics.store(new Int32Array(stop), 0, 1)
  await next()
  expect(torn).toBe(0)
  // Else the two threads never met and nothing was tried.
  expect(versions.size).toBeGreaterThan(100)
})
