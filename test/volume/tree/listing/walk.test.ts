import { describe, expect, it } from 'vitest'
import type { Inode } from '../../../../src/volume/inode.ts'
import { createTreeKit, large } from '../tree-kit.ts'
import type { TreeKit } from '../tree-kit.ts'

async function fill(kit: TreeKit, directories: number, files: number): Promise<number> {
  for (let d = 0; d < directories; d++)
    for (let f = 0; f < files; f++) await kit.put(`t/${String(d).padStart(3, '0')}/${f}`, large)
  return directories * files
}

async function walkAll(kit: TreeKit, at: Inode): Promise<string[]> {
  const paths: string[] = []
  let cursor: string | undefined
  do {
    const page = await kit.tree.walk(at, cursor)
    paths.push(...page.entries.map(({ path }) => path))
    cursor = page.cursor
  } while (cursor !== undefined)
  return paths
}

/** As `find`: every directory is listed when it is reached. */
async function visit(kit: TreeKit, directory: Inode): Promise<number> {
  let count = 0
  for (const { inode } of await kit.tree.list(directory, { types: true })) {
    count++
    if (inode?.directory) count += await visit(kit, inode)
  }
  return count
}

describe('walking a tree', () => {
  it('costs at most 1.2 LIST per thousand keys', async () => {
    const kit = createTreeKit()
    const keys = await fill(kit, 100, 60)
    const paths = await walkAll(kit, kit.tree.root)
    expect(paths).toHaveLength(keys + 101)
    expect(kit.bill.count()).toBeLessThanOrEqual(Math.ceil((1.2 * keys) / 1000))
  })

  it('directory by directory costs at most 1.2 LIST per thousand keys, and a few to begin with', async () => {
    const kit = createTreeKit()
    const keys = await fill(kit, 100, 60)
    expect(await visit(kit, kit.tree.root)).toBe(keys + 101)
    expect(kit.bill.count()).toBeLessThanOrEqual(Math.ceil((1.2 * keys) / 1000) + 4)
  })

  it('shows every entry once, parents before children', async () => {
    const kit = createTreeKit()
    for (const key of ['a/b/c', 'a-x', 'a/', 'a/b-y', 'd/', 'e/f/g/h', 'i'])
      await kit.put(key, key.endsWith('/') ? '' : large)
    const paths = await walkAll(kit, kit.tree.root)
    expect([...paths].sort()).toEqual(['a', 'a-x', 'a/b', 'a/b-y', 'a/b/c', 'd', 'e', 'e/f', 'e/f/g', 'e/f/g/h', 'i'])
    for (const path of paths)
      if (path.includes('/'))
        expect(paths.indexOf(path.slice(0, path.lastIndexOf('/')))).toBeLessThan(paths.indexOf(path))
  })

  it('of a subtree gives paths relative to it', async () => {
    const kit = createTreeKit()
    await kit.put('a/b/c', large)
    await kit.put('a2', large)
    const directory = await kit.tree.lookup(kit.tree.root, 'a')
    expect(await walkAll(kit, directory)).toEqual(['b', 'b/c'])
  })

  it('goes on from a cursor after the pass was forgotten', async () => {
    const kit = createTreeKit()
    const keys = await fill(kit, 30, 60)
    const first = await kit.tree.walk(kit.tree.root)
    const fresh = kit.another()
    const paths = first.entries.map(({ path }) => path)
    let { cursor } = first
    while (cursor !== undefined) {
      const page = await fresh.tree.walk(fresh.tree.root, cursor)
      paths.push(...page.entries.map(({ path }) => path))
      cursor = page.cursor
    }
    expect(new Set(paths).size).toBe(keys + 31)
  })

  it('shows names that are only local, and not those removed here', async () => {
    const kit = createTreeKit()
    await kit.put('a/x', large)
    await kit.put('a/y', large)
    const a = await kit.tree.lookup(kit.tree.root, 'a')
    await kit.tree.lookup(a, 'x')
    kit.tree.detach(a, 'x')
    const made = kit.tree.createInode('file', { ...a.attributes, mode: 0o100644 }, { directory: a, name: 'z' })
    kit.tree.attach(a, 'z', made)
    expect(await walkAll(kit, kit.tree.root)).toEqual(['a', 'a/y', 'a/z'])
  })

  it('hides what no tree can show', async () => {
    const kit = createTreeKit()
    for (const key of ['a//b', 'a/./c', 'ok', 'x', 'x/y']) await kit.put(key, large)
    expect(await walkAll(kit, kit.tree.root)).toEqual(['a', 'ok', 'x', 'x/y'])
    expect(kit.metrics.get('unrepresentable')).toBeGreaterThanOrEqual(3)
  })

  it('passes over a system folder of any size with one request', async () => {
    const kit = createTreeKit()
    for (let i = 0; i < 3000; i++) await kit.put(`.bucketfs/cache/attributes/${i}`, '')
    await kit.put('z', large)
    expect(await walkAll(kit, kit.tree.root)).toEqual(['z'])
    expect(kit.bill.count()).toBeLessThanOrEqual(2)
  })

  it('leaves behind listings that lookups need not repeat', async () => {
    const kit = createTreeKit()
    await fill(kit, 20, 10)
    await walkAll(kit, kit.tree.root)
    kit.spent()
    expect((await kit.at('/t/007/3'))?.size).toBe(5000)
    expect(await kit.at('/t/007/none')).toBeNull()
    expect(await kit.names('/t/019')).toHaveLength(10)
    expect(kit.spent()).toEqual({})
  })
})
