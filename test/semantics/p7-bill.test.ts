// P7: the bill. Each row of the budget table has its own test in test/volume/budgets/; here: every request is counted,
// shown, and the count is the truth.

import { readFileSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openVolume } from '../../src/index.ts'
import { useTestHome } from '../support/engine-home.ts'
import { startTestServer } from '../support/s3-server.ts'

useTestHome()

interface StoreBill {
  readonly requests: number
  readonly byPurpose: { readonly data: number; readonly side: number }
  readonly operations: Readonly<Record<string, { readonly requests: number }>>
  readonly bytesUp: number
}

it('P7.1 every request is counted by operation and purpose, with bytes, and shown in the metrics', async () => {
  const server = await startTestServer()
  const { endpoint, credentials, bucket } = server
  const volume = await openVolume(`s3://${bucket}/disk`, { endpoint, credentials, engine: 'inline' })
  const billOf = async (): Promise<StoreBill> => (await volume.metrics())['store'] as StoreBill
  const before = await billOf()
  server.requests.reset()
  const { promises } = volume.fs
  await promises.mkdir('/d')
  await promises.writeFile('/d/f', 'x'.repeat(1000))
  await promises.readFile('/d/f')
  await promises.rename('/d/f', '/d/g')
  await promises.rm('/d', { recursive: true })
  const after = await billOf()
  expect(after.requests - before.requests).toBe(server.requests.total)
  expect(after.bytesUp - before.bytesUp).toBeGreaterThanOrEqual(1000)
  const { PutObject = 0 } = server.requests.byOperation()
  expect((after.operations['put']?.requests ?? 0) - (before.operations['put']?.requests ?? 0)).toBe(PutObject)
  await volume.close()
  await server.close()
})

it('P7.2 every row of the budget table has a test', () => {
  const folder = new URL('../volume/budgets/', import.meta.url)
  const titles = readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n')
  const rows = [
    /nothing cached/,
    /read again/,
    /create \+ chmod \+ utimes \+ write/,
    /an overwrite/,
    /a streamed file/,
    /readdir of n names/,
    /ls -lR with a current index/,
    /a walk/,
    /rename of a file/,
    /attributes of a clean object/,
    /rename of a directory of n clean objects/,
    /an exclusive open/,
    /side objects/,
    /an append of 1 byte to a large object/,
    /rm -r of n files/,
  ]
  for (const row of rows) expect(new RegExp(`describe\\('[^']*${row.source}`).test(titles), String(row)).toBe(true)
})
