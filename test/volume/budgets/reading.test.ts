// DESIGN §7: what reading costs.

import { describe, expect, it } from 'vitest'
import { createMemoryFolder } from '../../support/local-files-memory.ts'
import { putText } from '../../support/store-kit.ts'
import { O_RDONLY } from '../../../src/volume/types.ts'
import { root } from '../../support/volume-kit.ts'
import { billOf, coldKit, kitOf, plant, sum } from './bill.ts'

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

describe('small files of many directories', () => {
  it.each([1, 64])('cost 1 GET each and few listings when %d are read at once', async (atOnce) => {
    const kit = await kitOf()
    for (let d = 10; d < 30; d++) await plant(kit.bucket, `t/d${d}/`, 60, 10)
    const names = Array.from({ length: 20 * 60 }, (_name, i) => {
      return `/t/d${10 + Math.floor(i / 60)}/${String(i % 60).padStart(6, '0')}`
    })
    const { data } = await billOf(kit, async () => {
      for (let i = 0; i < names.length; i += atOnce)
        await Promise.all(names.slice(i, i + atOnce).map((name) => kit.calls.readFile(root, name)))
    })
    expect(data['get']).toBe(names.length)
    expect(sum(data) - names.length).toBeLessThanOrEqual(20)
  })

  it('of a directory larger than a page beside another one cost no listing of all of it', async () => {
    const kit = await kitOf()
    await plant(kit.bucket, 't/a/', 150, 10)
    await plant(kit.bucket, 't/b/', 2500, 10)
    await kit.calls.readdir(root, '/t', true)
    for (let i = 0; i < 6; i++) await kit.calls.readFile(root, `/t/a/${String(i).padStart(6, '0')}`)
    const { data } = await billOf(kit, () => kit.calls.readFile(root, '/t/b/001700'))
    expect(data['get']).toBe(1)
    expect(data['list']).toBeLessThanOrEqual(2)
  })
})

describe('small files that a listing showed', () => {
  it('cost 1 GET each and nothing else, however many are read at once', async () => {
    const kit = await kitOf()
    await plant(kit.bucket, 'd/', 300, 10)
    await kit.calls.readdir(root, '/d', true)
    const names = Array.from({ length: 300 }, (_name, i) => `/d/${String(i).padStart(6, '0')}`)
    const { data } = await billOf(kit, () => Promise.all(names.map((name) => kit.calls.readFile(root, name))))
    expect(data).toEqual({ get: 300 })
  })

  it('cost 1 GET each when they are opened, read and closed', async () => {
    const kit = await kitOf()
    await plant(kit.bucket, 'd/', 40, 10)
    await kit.calls.readdir(root, '/d', true)
    const { data } = await billOf(kit, async () => {
      for (let i = 0; i < 40; i++) {
        const { handle, attributes } = await kit.calls.open(root, `/d/${String(i).padStart(6, '0')}`, O_RDONLY, 0)
        expect((await kit.calls.read(handle, 0, 100)).byteLength).toBe(attributes.size)
        await kit.calls.close(handle)
      }
    })
    expect(data).toEqual({ get: 40 })
  })

  it('are followed when the GET shows a symlink, and cost no more', async () => {
    const kit = await kitOf()
    await putText(kit.bucket, 'd/target', 'behind the link')
    await kit.calls.symlink(root, 'target', '/d/link')
    const cold = await coldKit(kit)
    await cold.calls.readdir(root, '/d', true)
    const { data } = await billOf(cold, async () => {
      expect(await cold.read('/d/link')).toBe('behind the link')
    })
    expect(sum(data)).toBeLessThanOrEqual(2)
  })

  it('are read as they are now when they were replaced since the listing', async () => {
    const kit = await kitOf()
    await putText(kit.bucket, 'd/f', 'old')
    await kit.calls.readdir(root, '/d', true)
    await putText(kit.bucket, 'd/f', 'newer')
    expect(await kit.read('/d/f')).toBe('newer')
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
