import { describe, expect, it } from 'vitest'
import { longKeyOf, longPrefixOf } from '../../../src/format/key.ts'
import { deepPrefixesOf, pagesBelow } from '../../../src/volume/tree/deep-keys.ts'
import { createTreeKit, large, posixHeaders } from './tree-kit.ts'

const deep = Array.from({ length: 5 }, (_, i) => String(i).repeat(200))
/** 1,005 bytes with its slash. */
const prefix = `${deep.join('/')}/`

describe('paths longer than a key', () => {
  it('are read, listed and walked', async () => {
    const kit = createTreeKit()
    await kit.put(prefix, '')
    await kit.put(`${prefix}short`, large)
    const name = 'long'.repeat(20)
    await kit.put(longKeyOf(prefix + name), 'far away', posixHeaders({ uid: 77 }))
    await kit.put(longKeyOf(`${prefix}${name}-dir/`), '')
    await kit.put(`${longPrefixOf(`${prefix}${name}-dir/`)}x`, large)
    expect(await kit.names(`/${deep.join('/')}`)).toEqual([name, `${name}-dir`, 'short'])
    expect(await kit.names(`/${deep.join('/')}/${name}-dir`)).toEqual(['x'])
    const fresh = kit.another()
    expect((await fresh.at(`/${prefix}${name}`, { attributes: true }))?.attributes.uid).toBe(77)
    expect((await fresh.at(`/${prefix}${name}-dir/x`))?.size).toBe(5000)
    expect(fresh.bill.count()).toBeLessThanOrEqual(2 * 5 + 2 * 3)
  })

  it('are part of a walk', async () => {
    const kit = createTreeKit()
    const name = 'long'.repeat(20)
    await kit.put(`${prefix}short`, large)
    await kit.put(longKeyOf(prefix + name), large)
    await kit.put(longKeyOf(`${prefix}${name}-dir/`), '')
    await kit.put(`${longPrefixOf(`${prefix}${name}-dir/`)}x`, large)
    await kit.put('z', large)
    const { entries } = await kit.tree.walk(kit.tree.root)
    const paths = entries.map(({ path }) => path)
    expect(new Set(paths).size).toBe(paths.length)
    expect(paths.slice(5).sort()).toEqual(
      [`${prefix}${name}`, `${prefix}${name}-dir`, `${prefix}${name}-dir/x`, `${prefix}short`, 'z'].sort(),
    )
    expect(paths.indexOf(`${prefix}${name}-dir`)).toBeLessThan(paths.indexOf(`${prefix}${name}-dir/x`))
  })

  it('are found by who works on the flat key space', async () => {
    const kit = createTreeKit()
    const name = 'long'.repeat(20)
    await kit.put(longKeyOf(prefix + name), large)
    await kit.put(longKeyOf(`${prefix}${name}-dir/`), '')
    await kit.put(`${longPrefixOf(`${prefix}${name}-dir/`)}x`, large)
    const from = `${deep[0]}/`
    const prefixes = deepPrefixesOf(`${prefix}short`, from, 1024)
    expect(prefixes.at(-1)).toBe(prefix)
    expect(prefixes).not.toContain(from)
    await kit.put(`${prefix}short`, large)
    const found: string[] = []
    for await (const { objects } of pagesBelow(kit.bucket, from))
      for (const { natural, listed } of objects) {
        expect(kit.tree.objectKey(natural)).toBe(listed.key)
        found.push(natural)
      }
    expect(found).toEqual([`${prefix}${name}-dir/x`, `${prefix}${name}`, `${prefix}${name}-dir/`, `${prefix}short`])
  })

  it('begin earlier where the volume lies below a prefix of the bucket', async () => {
    const kit = createTreeKit({
      around: (store) => ({
        ...store,
        capabilities: { ...store.capabilities, limits: { ...store.capabilities.limits, keyBytesMax: 1000 } },
      }),
    })
    const directory = kit.tree.createInode('directory', { ...kit.tree.root.attributes })
    kit.tree.attach(kit.tree.root, 'd'.repeat(200), directory)
    let at = directory
    for (let i = 0; i < 3; i++) {
      const below = kit.tree.createInode('directory', { ...kit.tree.root.attributes })
      kit.tree.attach(at, 'd'.repeat(200), below)
      at = below
    }
    expect(kit.tree.keyOfName(at, 'x'.repeat(196), false)).toHaveLength(1000)
    expect(kit.tree.keyOfName(at, 'x'.repeat(197), false)).toMatch(/^\.bucketfs\/data\/paths\//)
  })

  it('cost one LIST where no name can be too long', async () => {
    const kit = createTreeKit()
    for (let i = 0; i < 3; i++) await kit.put(`d/${i}`, large)
    await kit.names('/d')
    expect(kit.bill.count('list')).toBeLessThanOrEqual(2)
  })
})

describe('the system folder', () => {
  const copy = '.bucketfs/data/conflicts/a/b.20231114T221320Z-01234567'

  it('is listed by nobody', async () => {
    const kit = createTreeKit()
    await kit.put(copy, 'mine')
    await kit.put('.bucketfs/cache/attributes/x', 'x')
    await kit.put('z', large)
    expect(await kit.names('/')).toEqual(['z'])
    expect((await kit.tree.walk(kit.tree.root)).entries.map(({ path }) => path)).toEqual(['z'])
    expect(await kit.names('/.bucketfs')).toEqual([])
    expect(await kit.names('/.bucketfs/data')).toEqual([])
    const system = await kit.tree.lookup(kit.tree.root, '.bucketfs')
    expect((await kit.tree.walk(system)).entries).toEqual([])
  })

  it('shows conflict copies by name, before and after the root was listed', async () => {
    const kit = createTreeKit()
    await kit.put(copy, 'mine')
    await kit.put('z', large)
    expect((await kit.at(`/${copy}`))?.size).toBe(4)
    await kit.names('/')
    expect((await kit.at(`/${copy}`))?.size).toBe(4)
    expect(await kit.names('/.bucketfs/data/conflicts/a')).toEqual(['b.20231114T221320Z-01234567'])
    await kit.clock.advance(60_000)
    await kit.names('/')
    expect((await kit.at(`/${copy}`))?.size).toBe(4)
    expect(await kit.names('/.bucketfs/data/conflicts')).toEqual(['a'])
  })

  it('shows nothing else', async () => {
    const kit = createTreeKit()
    await kit.put('.bucketfs/cache/attributes/x', 'x')
    await kit.put('.bucketfs/data/paths/x', 'x')
    await kit.put(copy, 'mine')
    for (const path of [
      '/.bucketfs/cache',
      '/.bucketfs/data/paths',
      '/.bucketfs/cache/attributes',
      '/.bucketfs/data/paths/x',
    ])
      expect(await kit.at(path), path).toBeNull()
    await kit.names('/.bucketfs')
    expect(await kit.at('/.bucketfs/cache')).toBeNull()
  })

  it('hides an object of its own name, and counts it', async () => {
    const kit = createTreeKit()
    await kit.put('.bucketfs', 'a file of somebody')
    expect(await kit.names('/')).toEqual([])
    expect(kit.metrics.get('unrepresentable')).toBe(1)
  })

  it('below the root is a name like any other', async () => {
    const kit = createTreeKit()
    await kit.put('d/.bucketfs', large)
    expect(await kit.names('/d')).toEqual(['.bucketfs'])
  })
})

describe('a directory that is being renamed', () => {
  it('is looked up and listed in both places', async () => {
    const kit = createTreeKit()
    await kit.put('old/a', large)
    await kit.put('old/sub/b', large)
    await kit.put('old/', '')
    const directory = await kit.tree.lookup(kit.tree.root, 'old')
    kit.tree.movingPrefixes.push({ from: 'old/', to: 'new/' })
    kit.tree.detach(kit.tree.root, 'old')
    kit.tree.attach(kit.tree.root, 'new', directory)
    expect(await kit.names('/new')).toEqual(['a', 'sub'])
    await kit.bucket.copy('old/a', 'new/a')
    await kit.bucket.delete('old/a')
    await kit.clock.advance(60_000)
    expect(await kit.names('/new')).toEqual(['a', 'sub'])
    expect((await kit.at('/new/sub/b'))?.base?.key).toBe('old/sub/b')
    expect((await kit.tree.walk(kit.tree.root)).entries.map(({ path }) => path)).toEqual([
      'new',
      'new/a',
      'new/sub',
      'new/sub/b',
    ])
    expect(await kit.at('/old')).toBeNull()
  })
})
