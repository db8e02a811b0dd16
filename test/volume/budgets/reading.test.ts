// DESIGN §7: what reading costs.

import { describe, expect, it } from 'vitest'
import { createMemoryFolder } from '../../support/local-files-memory.ts'
import { putText } from '../../support/store-kit.ts'
import { root } from '../../support/volume-kit.ts'
import { billOf, kitOf, plant, sum } from './bill.ts'

const { get: _, ...none } = { get: 0 } as Record<string, number>

describe('a small file, nothing cached', () => {
  it('costs at most HEAD and LIST for each unknown path component, and 1 GET', async () => {
    const kit = await kitOf()
    await putText(kit.bucket, 'a/b/c/f', 'deep')
    const { data } = await billOf(kit, () => kit.read('/a/b/c/f'))
    expect(data['get']).toBe(1)
    expect(sum(data) - 1).toBeLessThanOrEqual(2 * 4)
    expect(Object.keys(data).filter((name) => !['get', 'head', 'list'].includes(name))).toEqual([])
  })

  it('costs at most HEAD, LIST and GET in a known directory of any size', async () => {
    const kit = await kitOf()
    await plant(kit.bucket, 'd/', 1200, 1)
    await kit.calls.stat(root, '/d', true)
    const { data } = await billOf(kit, () => kit.calls.readFile(root, '/d/000700'))
    expect(data['get']).toBe(1)
    expect(sum(data)).toBeLessThanOrEqual(3)
  })

  it('of many in one directory cost one LIST between them and 1 GET each', async () => {
    const kit = await kitOf()
    await plant(kit.bucket, 'd/', 900, 5000)
    await kit.calls.stat(root, '/d', true)
    const { data } = await billOf(kit, async () => {
      for (let i = 0; i < 100; i++) await kit.calls.readFile(root, `/d/${String(i).padStart(6, '0')}`)
    })
    // The first few are asked for by name, before it is plain that more of the directory is wanted.
    expect((data['head'] ?? 0) + (data['list'] ?? 0)).toBeLessThanOrEqual(12)
    // Read ahead: siblings that were not asked for yet may have been fetched too, each once.
    expect(data['get']).toBeGreaterThanOrEqual(100)
    expect(data['get']).toBeLessThanOrEqual(900)
  })
})

describe('a small file read again', () => {
  it('costs nothing within the TTL', async () => {
    const kit = await kitOf()
    await putText(kit.bucket, 'd/f', 'text')
    await kit.read('/d/f')
    expect((await billOf(kit, () => kit.read('/d/f'))).data).toEqual(none)
  })

  it('costs 1 HEAD once the attributes are past their TTL', async () => {
    const kit = await kitOf()
    await putText(kit.bucket, 'd/f', 'text')
    await kit.read('/d/f')
    await kit.clock.advance(1500)
    expect((await billOf(kit, () => kit.read('/d/f'))).data).toEqual({ head: 1 })
  })

  it('costs 1 request for each name once the names are past their TTL too', async () => {
    const kit = await kitOf()
    await putText(kit.bucket, 'd/f', 'text')
    await kit.read('/d/f')
    await kit.clock.advance(60_000)
    const { data } = await billOf(kit, () => kit.read('/d/f'))
    expect(data['get'] ?? 0).toBe(0)
    expect(sum(data)).toBeLessThanOrEqual(2)
  })

  it('costs 1 HEAD and no GET when another volume of this machine kept the blocks on disk', async () => {
    const cacheFiles = createMemoryFolder()
    const first = await kitOf({ components: { cacheFiles } })
    await putText(first.bucket, 'f', 'text')
    await first.read('/f')
    await first.close()
    const second = await first.again({ components: { cacheFiles } })
    const { data } = await billOf(second, () => second.read('/f'))
    expect(data['get'] ?? 0).toBe(0)
    expect(sum(data)).toBeLessThanOrEqual(2)
    await second.close()
  })
})
