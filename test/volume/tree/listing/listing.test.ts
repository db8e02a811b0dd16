import { describe, expect, it } from 'vitest'
import { createTreeKit, large, posixHeaders } from '../tree-kit.ts'

describe('listing a directory', () => {
  it('costs one LIST per thousand names and no HEAD', async () => {
    const kit = createTreeKit()
    for (let i = 0; i < 2100; i++) await kit.put(`d/${i}`, '')
    const directory = await kit.tree.lookup(kit.tree.root, 'd')
    kit.spent()
    expect(await kit.tree.list(directory)).toHaveLength(2100)
    expect(kit.spent()).toEqual({ list: 3 })
    await kit.tree.list(directory)
    expect(kit.spent()).toEqual({})
  })

  it('shows names in UTF-8 order, implicit directories among them', async () => {
    const kit = createTreeKit()
    for (const key of ['a-b', 'a/x', 'a.b', 'b/', 'é', '\u{1f600}', '\uffee', 'Z']) await kit.put(key, '')
    expect(await kit.names('/')).toEqual(['Z', 'a', 'a-b', 'a.b', 'b', 'é', '\uffee', '\u{1f600}'])
  })

  it('hides what no tree can show, and counts it', async () => {
    const kit = createTreeKit()
    for (const key of ['d//x', 'd/./x', 'd/../x', `d/${'n'.repeat(256)}`, 'd/.bucketfs%plain', 'd/ok', 'd/y', 'd/y/z'])
      await kit.put(key, '')
    expect(await kit.names('/d')).toEqual(['ok', 'y'])
    expect(kit.metrics.get('unrepresentable')).toBeGreaterThanOrEqual(6)
  })

  it('shows names with bytes that are no UTF-8', async () => {
    const kit = createTreeKit()
    await kit.put('d/.bucketfs%caf%E9', 'x')
    expect(await kit.names('/d')).toEqual(['caf\udce9'])
    expect((await kit.at('/d/caf\udce9'))?.size).toBe(1)
    expect(kit.tree.keyOfName(kit.tree.root, 'x\udcff', false)).toBe('.bucketfs%x%FF')
  })

  it('with types asks only for objects that may be symlinks', async () => {
    const kit = createTreeKit()
    await kit.put('d/large', large)
    await kit.put('d/link', 'target', posixHeaders({ mode: 0o120777 }))
    await kit.put('d/small', 'x')
    await kit.put('d/sub/x', 'x')
    const directory = await kit.tree.lookup(kit.tree.root, 'd')
    kit.spent()
    const entries = await kit.tree.list(directory, { types: true })
    expect(entries.map(({ inode }) => inode?.type)).toEqual(['file', 'symlink', 'file', 'directory'])
    expect(kit.spent()).toMatchObject({ head: 2 })
  })

  it("with types asks nothing when metadata of others does not matter: foreignMetadata 'ignore'", async () => {
    const kit = createTreeKit({ settings: { foreignMetadata: 'ignore' } })
    await kit.put('d/link', 'target', posixHeaders({ mode: 0o120777 }))
    await kit.put('d/small', 'x')
    const directory = await kit.tree.lookup(kit.tree.root, 'd')
    kit.spent()
    await kit.tree.list(directory, { types: true })
    expect(kit.bill.count('head')).toBe(0)
  })

  it('with attributes asks for each object once, then nothing', async () => {
    const kit = createTreeKit({ settings: { attributesTtlMs: 60_000, listingTtlMs: 60_000 } })
    for (let i = 0; i < 20; i++) await kit.put(`d/${i}`, 'x', posixHeaders({ uid: i }))
    await kit.clock.advance(5000)
    const directory = await kit.tree.lookup(kit.tree.root, 'd')
    kit.spent()
    const entries = await kit.tree.list(directory, { attributes: true })
    expect(new Set(entries.map(({ inode }) => inode?.attributes.uid)).size).toBe(20)
    expect(kit.bill.count('head', 'data')).toBe(20)
    kit.spent()
    await kit.tree.list(directory, { attributes: true })
    expect(kit.spent()).toEqual({})
  })

  it('again after the TTL proves attributes by one LIST', async () => {
    const kit = createTreeKit()
    for (let i = 0; i < 20; i++) await kit.put(`d/${i}`, 'x', posixHeaders({ uid: i }))
    await kit.clock.advance(5000)
    const directory = await kit.tree.lookup(kit.tree.root, 'd')
    await kit.tree.list(directory, { attributes: true })
    await kit.clock.advance(20_000)
    kit.spent()
    await kit.tree.list(directory, { attributes: true })
    expect(kit.bill.count('head', 'data')).toBe(0)
    expect(kit.bill.count('list', 'data')).toBeLessThanOrEqual(2)
  })

  it('shows what a foreign writer added and removed, past its TTL', async () => {
    const kit = createTreeKit()
    await kit.put('d/a', large)
    await kit.put('d/b', large)
    expect(await kit.names('/d')).toEqual(['a', 'b'])
    await kit.bucket.delete('d/a')
    await kit.put('d/c', large)
    expect(await kit.names('/d')).toEqual(['a', 'b'])
    await kit.clock.advance(10_001)
    expect(await kit.names('/d')).toEqual(['b', 'c'])
  })

  it('sees a foreign metadata-only change although the ETag stays', async () => {
    const kit = createTreeKit()
    await kit.put('d/a', 'x', posixHeaders({ mode: 0o100644 }))
    await kit.put('d/b', 'x', posixHeaders({ mode: 0o100644 }))
    await kit.clock.advance(5000)
    const directory = await kit.tree.lookup(kit.tree.root, 'd')
    await kit.tree.list(directory, { attributes: true })
    await kit.clock.advance(20_000)
    await kit.bucket.copy('d/a', 'd/a', { headers: posixHeaders({ mode: 0o100600 }) })
    const entries = await kit.tree.list(directory, { attributes: true })
    expect(entries.map(({ inode }) => inode?.attributes.mode)).toEqual([0o100600, 0o100644])
  })

  it('of names that were asked for one by one keeps their inodes', async () => {
    const kit = createTreeKit()
    await kit.put('d/a', large)
    const inode = await kit.at('/d/a')
    const directory = await kit.tree.lookup(kit.tree.root, 'd')
    expect((await kit.tree.list(directory))[0]?.inode).toBe(inode)
  })

  it('larger than the inode table shows every name', async () => {
    const kit = createTreeKit({ settings: { inodeCountMax: 200 } })
    for (let i = 0; i < 1500; i++) await kit.put(`d/${i}`, large)
    expect(await kit.names('/d')).toHaveLength(1500)
    expect(kit.tree.inodeCount).toBeLessThan(900)
  })

  it('shows a directory object without a slash once, as a directory, and keeps it', async () => {
    const kit = createTreeKit()
    await kit.put('d', '', { contentType: 'application/x-directory', metadata: {} })
    const [first] = await kit.tree.list(kit.tree.root, { types: true })
    expect(first?.inode?.type).toBe('directory')
    await kit.clock.advance(20_000)
    kit.spent()
    const [again] = await kit.tree.list(kit.tree.root, { types: true })
    expect(again?.inode).toBe(first?.inode)
    expect(kit.spent()).toEqual({ list: 1 })
  })
})

describe('local changes', () => {
  it('are shown at once, and not undone by a listing that is older', async () => {
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    const kit = createTreeKit({
      around: (store) => ({
        ...store,
        list: async (options) => {
          const reply = await store.list(options)
          if (options?.prefix === 'd/' && options.maxKeys === undefined) await held
          return reply
        },
      }),
    })
    await kit.put('d/a', large)
    const directory = await kit.tree.lookup(kit.tree.root, 'd')
    kit.tree.invalidate(directory, 'a')
    const listing = kit.tree.list(directory)
    const a = await kit.tree.lookup(directory, 'a')
    expect(kit.tree.detach(directory, 'a')).toBe(a)
    const b = kit.tree.createInode('file', { ...a.attributes }, { directory, name: 'b' })
    kit.tree.attach(directory, 'b', b)
    release()
    expect((await listing).map(({ name }) => name)).toEqual(['b'])
    expect(await kit.tree.lookupMaybe(directory, 'a')).toBeNull()
    expect(await kit.tree.lookupMaybe(directory, 'b')).toBe(b)
  })

  it('hold until they are settled, whatever the bucket shows', async () => {
    const kit = createTreeKit()
    await kit.put('a', large)
    await kit.tree.lookup(kit.tree.root, 'a')
    kit.tree.detach(kit.tree.root, 'a')
    await kit.clock.advance(60_000)
    expect(await kit.names('/')).toEqual([])
    await kit.bucket.delete('a')
    kit.tree.settle(kit.tree.root, 'a')
    await kit.put('a', large)
    await kit.clock.advance(60_000)
    expect(await kit.names('/')).toEqual(['a'])
  })
})
