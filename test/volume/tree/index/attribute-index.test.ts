import { describe, expect, it } from 'vitest'
import { fill, indexed, ls, lsAll, mkdir, rowsOf, write } from './index-kit.ts'
import { createTreeKit, posixHeaders } from '../tree-kit.ts'

describe('the attribute index', () => {
  it('spares every HEAD of `ls -l` on the next mount, at one GET', async () => {
    const kit = await indexed(50)
    const next = kit.another()
    expect(await ls(next, '/d')).toEqual(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [String(i), i])))
    const spent = next.spent()
    expect(spent).toMatchObject({ 'side get': 1 })
    // One HEAD looks for `d` itself.
    expect(spent['head']).toBe(1)
    expect(next.metrics.get('indexRowsUsed')).toBe(50)
  })

  it('makes `ls -lR` cost 1.2 LIST per thousand keys and one GET per directory', async () => {
    const kit = createTreeKit()
    for (let d = 0; d < 30; d++) {
      await kit.put(`${d}/`, '', posixHeaders({ mode: 0o040750 }))
      await fill(kit, `${d}/`, 100)
    }
    await kit.clock.advance(5000)
    await lsAll(kit)
    await kit.tree.flushIndexes()
    const next = kit.another()
    expect(await lsAll(next)).toBe(3030)
    const spent = next.spent()
    expect(spent['head'] ?? 0).toBe(0)
    expect(spent['side get']).toBe(31)
    expect(spent['list']).toBeLessThanOrEqual(Math.ceil(1.2 * 4))
  })

  it('tells types, so that symlinks need no HEAD', async () => {
    const kit = createTreeKit()
    await kit.put('d/link', 'target', posixHeaders({ mode: 0o120777 }))
    await kit.put('d/file', 'x', posixHeaders())
    await kit.clock.advance(5000)
    await ls(kit, '/d')
    await kit.tree.flushIndexes()
    const next = kit.another()
    const directory = await next.tree.lookup(next.tree.root, 'd')
    next.spent()
    const entries = await next.tree.list(directory, { types: true })
    expect(entries.map(({ inode }) => inode?.type)).toEqual(['file', 'symlink'])
    expect(next.bill.count('head')).toBe(0)
  })

  it('is written once per interval, in the background, and only when something changed', async () => {
    const kit = createTreeKit({ settings: { indexFlushIntervalMs: 10_000 } })
    await fill(kit, 'd/', 5)
    await kit.clock.advance(5000)
    await ls(kit, '/d')
    expect(kit.bill.count('put')).toBe(0)
    await kit.clock.advance(10_000)
    expect(kit.bill.count('put', 'side')).toBe(1)
    for (let i = 0; i < 20; i++) {
      await kit.clock.advance(3000)
      await ls(kit, '/d')
    }
    expect(kit.bill.count('put')).toBe(1)
  })

  it('is written at close', async () => {
    const kit = createTreeKit()
    await fill(kit, 'd/', 3)
    await kit.clock.advance(5000)
    await ls(kit, '/d')
    await kit.tree.close()
    await kit.tree.close()
    expect(await rowsOf(kit.bucket, 'd/')).toHaveLength(3)
    expect(kit.clock.pending).toBe(0)
  })

  it('is not written for a single entry, nor by a read-only volume', async () => {
    const kit = createTreeKit()
    await kit.put('one/x', 'x')
    await fill(kit, 'd/', 3)
    await kit.clock.advance(5000)
    await ls(kit, '/one')
    await kit.tree.flushIndexes()
    const reader = kit.another({ readOnly: true })
    await ls(reader, '/d')
    await reader.tree.close()
    expect(kit.bill.count('put') + reader.bill.count('put')).toBe(0)
  })

  it('drops the rows of names that are gone', async () => {
    const kit = await indexed(5)
    await kit.bucket.delete('d/1')
    const directory = await kit.tree.lookup(kit.tree.root, 'd')
    kit.tree.detach(directory, '2')
    await kit.bucket.delete('d/2')
    kit.tree.settle(directory, '2')
    await kit.clock.advance(20_000)
    await ls(kit, '/d')
    await kit.put('d/9', 'x', posixHeaders())
    await kit.clock.advance(20_000)
    await ls(kit, '/d')
    await kit.tree.flushIndexes()
    expect((await rowsOf(kit.bucket, 'd/')).map(({ name }) => name)).toEqual(['0', '3', '4', '9'])
  })

  it('has no row of the system folder', async () => {
    const kit = createTreeKit()
    for (const name of ['a', 'b', 'c']) await kit.put(`.bucketfs/data/conflicts/${name}`, 'x')
    await kit.clock.advance(5000)
    await ls(kit, '/.bucketfs/data/conflicts')
    await kit.tree.close()
    expect(kit.bill.count('put')).toBe(0)
  })
})

describe("foreignMetadata: 'ignore'", () => {
  it('shows plain files without any HEAD, and what rows know', async () => {
    const kit = await indexed(3)
    await kit.put('d/link', 'x', posixHeaders({ mode: 0o120777 }))
    const next = kit.another({ foreignMetadata: 'ignore' })
    const directory = await next.tree.lookup(next.tree.root, 'd')
    next.spent()
    const entries = await next.tree.list(directory, { attributes: true })
    expect(entries.map(({ name, inode }) => [name, inode?.type, inode?.attributes.uid])).toEqual([
      ['0', 'file', 0],
      ['1', 'file', 1],
      ['2', 'file', 2],
      ['link', 'file', 501],
    ])
    expect(next.bill.count('head')).toBe(0)
  })

  it('believes rows by ETag and size alone', async () => {
    const kit = await indexed(3)
    await kit.clock.advance(5000)
    await kit.bucket.copy('d/1', 'd/1', { headers: posixHeaders({ uid: 99 }) })
    expect(await ls(kit.another({ foreignMetadata: 'ignore' }), '/d')).toMatchObject({ 1: 1 })
  })
})

describe('times of directories', () => {
  it('that entries gave them ride on the index', async () => {
    const kit = createTreeKit()
    await kit.put('a/implicit/x', 'x')
    await kit.put('a/marked/', '', posixHeaders({ mode: 0o040755 }))
    await kit.clock.advance(5000)
    await ls(kit, '/a')
    const later = kit.clock.nowNs() + 3_600_000_000_000n
    for (const name of ['implicit', 'marked']) {
      const inode = await kit.tree.lookup(await kit.tree.lookup(kit.tree.root, 'a'), name)
      inode.attributes.mtimeNs = later
      inode.attributes.ctimeNs = later
      kit.tree.noted(inode)
    }
    await kit.tree.flushIndexes()
    await kit.clock.advance(20_000)
    const next = kit.another()
    await ls(next, '/a')
    expect((await next.at('/a/implicit'))?.attributes.mtimeNs).toBe(later)
    expect((await next.at('/a/marked'))?.attributes.mtimeNs).toBe(later)
    await next.tree.flushIndexes()
    expect((await rowsOf(kit.bucket, 'a/')).map(({ mtimeNs }) => mtimeNs)).toEqual([later, later])
  })

  it('that were set explicitly win over later ones of the same second', async () => {
    const kit = createTreeKit()
    const directory = await mkdir(kit, 'd')
    const setMarker = async (mtimeNs: bigint): Promise<void> => {
      directory.attributes.mtimeNs = mtimeNs
      const headers = posixHeaders({ mode: directory.attributes.mode, mtimeNs })
      const { etag, date } = await kit.put('d/', '', headers)
      kit.tree.learned(directory, {
        key: 'd/',
        etag,
        size: 0,
        lastModified: date,
        headers,
        ours: true,
        headersDate: date,
      })
    }
    await write(kit, kit.tree.root, 'other', 1)
    await setMarker(5n)
    directory.attributes.mtimeNs = kit.clock.nowNs()
    kit.tree.noted(directory)
    await kit.tree.flushIndexes()
    await setMarker(7n)
    await kit.tree.flushIndexes()
    expect((await rowsOf(kit.bucket, '')).find(({ name }) => name === 'd')?.mtimeNs).toBe(7n)
  })
})
