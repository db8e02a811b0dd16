// DESIGN §7: what listings, attributes of whole directories and walks cost, with and without a current index.

import { describe, expect, it } from 'vitest'
import { root, type KitOptions, type VolumeKit } from '../../support/volume-kit.ts'
import { billOf, coldKit, kitOf, plainBytes, plant } from './bill.ts'

/** SCALE=1 walks the 100,000 files of the budget; CI a tenth. */
const scale = Number(process.env['SCALE'] ?? '0.1')
const walkedCount = Math.max(5000, Math.round(100_000 * scale))

describe('readdir of n names', () => {
  it('costs ⌈n/1000⌉ LIST and no HEAD when sizes tell that they are plain files', async () => {
    const kit = await kitOf()
    await plant(kit.bucket, '', 2500, plainBytes)
    const { data } = await billOf(kit, () => kit.calls.readdir(root, '/'))
    expect(data).toEqual({ list: 3 })
  })

  it('costs ⌈n/1000⌉ LIST and no HEAD when only names are wanted, however small the objects are', async () => {
    const kit = await kitOf()
    await plant(kit.bucket, '', 1500, 10)
    const { data, side } = await billOf(kit, () => kit.calls.readdir(root, '/', true))
    expect([data, side]).toEqual([{ list: 2 }, {}])
    // Types that were not looked at are not passed on as known.
    expect((await kit.calls.readdir(root, '/', true)).every(({ ino }) => ino === 0)).toBe(true)
    expect((await billOf(kit, () => kit.calls.readdir(root, '/'))).data).toEqual({ head: 1500 })
    expect((await kit.calls.readdir(root, '/', true)).some(({ ino }) => ino === 0)).toBe(false)
  })

  it('costs 1 HEAD more for each object of at most 4,095 bytes without a valid row', async () => {
    const kit = await kitOf()
    await plant(kit.bucket, 'large', 50, plainBytes)
    await plant(kit.bucket, 'small', 30, 10)
    const { data } = await billOf(kit, () => kit.calls.readdir(root, '/'))
    expect(data).toEqual({ list: 1, head: 30 })
  })

  it('with attributes costs 1 HEAD more for each object without a valid row', async () => {
    const kit = await kitOf()
    await plant(kit.bucket, 'large', 50, plainBytes)
    const { data } = await billOf(kit, () => kit.calls.readdirAttributes(root, '/'))
    expect(data).toEqual({ list: 1, head: 50 })
  })

  it('costs no HEAD of small objects when foreign metadata are ignored', async () => {
    const kit = await kitOf({ foreignMetadata: 'ignore' })
    await plant(kit.bucket, 'small', 30, 10)
    expect((await billOf(kit, () => kit.calls.readdirAttributes(root, '/'))).data).toEqual({ list: 1 })
  })

  it('costs no HEAD, and 1 GET of the index, when a volume listed it before', async () => {
    const kit = await kitOf()
    await plant(kit.bucket, 'd/s', 300, 10)
    await kit.clock.advance(5000)
    await kit.calls.readdirAttributes(root, '/d')
    const cold = await coldKit(kit)
    const { data, side } = await billOf(cold, () => cold.calls.readdir(root, '/d'))
    expect(data['head'] ?? 0).toBeLessThanOrEqual(1)
    expect(data['list']).toBeLessThanOrEqual(2)
    expect(side).toEqual({ get: 1 })
  })
})

/** Directories of files made through a volume, which is closed: its indexes are current. */
async function indexed(directories: number, files: number, options: KitOptions = {}): Promise<VolumeKit> {
  const kit = await kitOf({ durability: 'memory' })
  // An index of one row is not worth its requests.
  await kit.calls.mkdir(root, '/u', 0o755, false)
  for (let d = 0; d < directories; d++) {
    await kit.calls.mkdir(root, `/t/d${d}`, 0o755, true)
    for (let f = 0; f < files; f++) await kit.write(`/t/d${d}/f${f}`, 'x')
  }
  return coldKit(kit, options)
}

describe('ls -lR with a current index', () => {
  it('costs ≤ 1.2·⌈n/1000⌉ LIST in each directory + 1 GET of its index, and no HEAD of a file', async () => {
    const heads: string[] = []
    const cold = await indexed(4, 60, {
      durability: 'bucket',
      before: ({ operation, key = '' }) => void (operation === 'head' && heads.push(key)),
    })
    const visit = async (path: string): Promise<number> => {
      let count = 0
      for (const { name, type } of await cold.calls.readdirAttributes(root, path))
        count += type === 'directory' ? await visit(`${path === '/' ? '' : path}/${name}`) : 1
      return count
    }
    let count = 0
    const { data, side } = await billOf(cold, async () => {
      count = await visit('/')
    })
    expect(count).toBe(240)
    // No listing of the parent shows when a marker changed; up to two of them beside each other are asked for by name.
    expect(heads.filter((key) => !key.endsWith('/'))).toEqual([])
    expect(heads.length).toBeLessThanOrEqual(2)
    expect(data['get'] ?? 0).toBe(0)
    // One LIST in each of the seven directories.
    expect(data['list']).toBeLessThanOrEqual(7)
    expect(side['get']).toBeLessThanOrEqual(7)
    expect(side['put'] ?? 0).toBe(0)
  })
})

describe('a walk', () => {
  it(`of ${walkedCount} files costs ≤ 1.2 × keys/1000 LIST and nothing else`, async () => {
    const kit = await kitOf()
    for (let d = 0; d < walkedCount / 250; d++) await plant(kit.bucket, `w/d${d}/`, 250, plainBytes)
    await kit.calls.stat(root, '/w', true)
    let files = 0
    const { data } = await billOf(kit, async () => {
      let cursor: string | undefined
      do {
        const page = await kit.calls.walk(root, '/w', cursor)
        files += page.entries.filter(({ type }) => type === 'file').length
        cursor = page.cursor
      } while (cursor !== undefined)
    })
    expect(files).toBe(walkedCount)
    expect(Object.keys(data)).toEqual(['list'])
    expect(data['list']).toBeLessThanOrEqual(Math.ceil(1.2 * (walkedCount / 1000)))
  }, 120_000)

  it('of small foreign files costs no HEAD when foreign metadata are ignored', async () => {
    const kit = await kitOf({ foreignMetadata: 'ignore' })
    await plant(kit.bucket, 'w/', 900, 1)
    await kit.calls.stat(root, '/w', true)
    expect((await billOf(kit, () => kit.calls.walk(root, '/w'))).data).toEqual({ list: 1 })
  })

  it('of small files with a current index costs no HEAD', async () => {
    const cold = await indexed(3, 50)
    await cold.calls.stat(root, '/t', true)
    const { data, side } = await billOf(cold, () => cold.calls.walk(root, '/t'))
    expect(data['head'] ?? 0).toBe(0)
    expect(data['list']).toBe(1)
    expect(side['get']).toBeLessThanOrEqual(4)
  })
})

describe('side objects', () => {
  it('cost at most 1 PUT for each changed directory in 10 s, and one at close', async () => {
    const kit = await kitOf()
    for (const name of ['/d', '/other']) await kit.calls.mkdir(root, name, 0o755, false)
    await kit.write('/d/other', '')
    const { side } = await billOf(kit, async () => {
      for (let second = 0; second < 40; second++) {
        await kit.write('/d/f', `${second}`)
        await kit.clock.advance(1000)
      }
    })
    expect(side['put']).toBeGreaterThan(0)
    // The directory and its parent, whose row of it changes: 40 s allow four writes each, and a GET before the first.
    expect(side['put']).toBeLessThanOrEqual(2 * 4)
    expect(side['get'] ?? 0).toBeLessThanOrEqual(2)
    expect(Object.keys(side).filter((name) => !['get', 'put'].includes(name))).toEqual([])
    const atClose = await billOf(kit, async () => {
      await kit.write('/d/f', 'last')
      await kit.close()
    })
    expect(atClose.side['put'] ?? 0).toBeLessThanOrEqual(2)
  })
})
