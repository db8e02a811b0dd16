import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { StoreError } from '../../../src/base/errors.ts'
import { attributeIndexKey, decodeAttributeIndex } from '../../../src/format/attribute-index.ts'
import type { AttributeRow } from '../../../src/format/attribute-index.ts'
import { encodeSide } from '../../../src/format/side-object.ts'
import type { ObjectStore } from '../../../src/store/store.ts'
import { createTreeKit, posixHeaders } from './tree-kit.ts'
import type { TreeKit } from './tree-kit.ts'

async function fill(kit: TreeKit, prefix: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await kit.put(`${prefix}${i}`, 'x', posixHeaders({ uid: i }))
}

/** As `ls -l`: uids of the entries by name. */
async function ls(kit: TreeKit, path: string): Promise<Record<string, number>> {
  const directory = await kit.at(path)
  if (!directory) throw new Error(`${path} is not there`)
  const entries = await kit.tree.list(directory, { attributes: true })
  return Object.fromEntries(entries.map(({ name, inode }) => [name, inode?.attributes.uid ?? -1]))
}

/** As `ls -lR`: number of entries. */
async function lsAll(kit: TreeKit, path = ''): Promise<number> {
  const directory = await kit.at(path)
  if (!directory) return 0
  const entries = await kit.tree.list(directory, { attributes: true })
  let count = entries.length
  for (const { name, inode } of entries) if (inode?.directory) count += await lsAll(kit, `${path}/${name}`)
  return count
}

async function rowsOf(bucket: ObjectStore, prefix: string): Promise<readonly AttributeRow[]> {
  const decoded = decodeAttributeIndex((await bucket.get(attributeIndexKey(prefix))).body, prefix)
  return decoded.ok && decoded.value.kind === 'rows' ? decoded.value.rows : []
}

/** A bucket of `count` files older than the blind spot, seen once by `ls -l`, its index written. */
async function indexed(count = 5, settings = {}): Promise<TreeKit> {
  const kit = createTreeKit({ settings })
  await fill(kit, 'd/', count)
  await kit.clock.advance(5000)
  await ls(kit, '/d')
  await kit.tree.flushIndexes()
  kit.spent()
  return kit
}

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

describe('a row', () => {
  it('does not count after a foreign change of metadata alone', async () => {
    const kit = await indexed()
    await kit.clock.advance(3000)
    await kit.bucket.copy('d/3', 'd/3', { headers: posixHeaders({ uid: 99 }) })
    const next = kit.another()
    expect(await ls(next, '/d')).toMatchObject({ 2: 2, 3: 99, 4: 4 })
    expect(next.metrics.get('indexRowsStale')).toBe(1)
    expect(next.spent()['head']).toBe(2)
  })

  it('does not count after a foreign rewrite', async () => {
    const kit = await indexed()
    await kit.put('d/3', 'other', posixHeaders({ uid: 99 }))
    expect(await ls(kit.another(), '/d')).toMatchObject({ 2: 2, 3: 99 })
  })

  it('read in the second of the last change is not written: a change later in that second would go unseen', async () => {
    const kit = createTreeKit()
    await fill(kit, 'd/', 3)
    await ls(kit, '/d')
    await kit.bucket.copy('d/1', 'd/1', { headers: posixHeaders({ uid: 77 }) })
    await kit.tree.flushIndexes()
    await expect(kit.bucket.get(attributeIndexKey('d/'))).rejects.toMatchObject({ kind: 'not-found' })
    expect(await ls(kit.another(), '/d')).toMatchObject({ 1: 77 })
  })

  it('of our own write counts while nothing in the listing is younger than our reply', async () => {
    const kit = createTreeKit()
    const directory = await mkdir(kit, 'd')
    for (const [name, uid] of [['a', 11], ['b', 12]] as const) await write(kit, directory, name, uid)
    await kit.tree.flushIndexes()
    const next = kit.another()
    expect(await ls(next, '/d')).toEqual({ a: 11, b: 12 })
    expect(next.spent()['head']).toBe(1)
    await kit.clock.advance(1000)
    await kit.bucket.copy('d/a', 'd/a', { headers: posixHeaders({ uid: 77 }) })
    expect(await ls(kit.another(), '/d')).toEqual({ a: 77, b: 12 })
  })

  it('of our own write has the documented blind spot: a foreign change in the second of our reply', async () => {
    const kit = createTreeKit()
    const directory = await mkdir(kit, 'd')
    for (const [name, uid] of [['a', 11], ['b', 12]] as const) await write(kit, directory, name, uid)
    await kit.tree.flushIndexes()
    await kit.bucket.copy('d/a', 'd/a', { headers: posixHeaders({ uid: 77 }) })
    expect(await ls(kit.another(), '/d')).toEqual({ a: 11, b: 12 })
  })

  it('is not used past the TTL of attributes without a new listing', async () => {
    const kit = await indexed(5, { attributesTtlMs: 1000, listingTtlMs: 10_000 })
    const next = kit.another()
    await next.names('/d')
    await kit.clock.advance(3000)
    await kit.bucket.copy('d/3', 'd/3', { headers: posixHeaders({ uid: 99 }) })
    expect(await ls(next, '/d')).toMatchObject({ 3: 99 })
    expect(next.spent()['head']).toBe(2)
  })

  it('keeps that the contents are ours, and what a symlink points to', async () => {
    const kit = createTreeKit()
    const directory = await mkdir(kit, 'd')
    await write(kit, directory, 'a', 1)
    const link = await write(kit, directory, 'l', 2, 0o120777)
    link.target = '../x'
    kit.tree.learned(link, link.base as NonNullable<typeof link.base>)
    await kit.tree.flushIndexes()
    const next = kit.another()
    await ls(next, '/d')
    expect((await next.at('/d/a'))?.base?.ours).toBe(true)
    expect((await next.at('/d/l'))?.target).toBe('../x')
  })
})

describe('an index object', () => {
  it.each([
    ['garbage', utf8('not an index')],
    ['nothing', new Uint8Array(0)],
    ['a row without sense', encodeSide('bucketfs-attributes', 1, { directory: 'd/', kind: 'rows' }, [['x']])],
    ['another directory', encodeSide('bucketfs-attributes', 1, { directory: 'e/', kind: 'rows' }, [])],
  ])('of %s costs only requests, and is replaced', async (_, body) => {
    const kit = await indexed()
    await kit.bucket.put(attributeIndexKey('d/'), body, { headers: { metadata: {} } })
    const next = kit.another()
    expect(await ls(next, '/d')).toMatchObject({ 0: 0, 4: 4 })
    await next.tree.flushIndexes()
    expect(await rowsOf(kit.bucket, 'd/')).toHaveLength(5)
  })

  it('of a later version is left alone', async () => {
    const kit = await indexed()
    const body = encodeSide('bucketfs-attributes', 2, { directory: 'd/', kind: 'rows' }, [])
    await kit.bucket.put(attributeIndexKey('d/'), body, { headers: { metadata: {} } })
    const next = kit.another()
    expect(await ls(next, '/d')).toMatchObject({ 0: 0, 4: 4 })
    await next.tree.close()
    expect(Buffer.from((await kit.bucket.get(attributeIndexKey('d/'))).body)).toEqual(Buffer.from(body))
  })

  it('that was deleted costs only requests', async () => {
    const kit = await indexed()
    await kit.bucket.delete(attributeIndexKey('d/'))
    expect(await ls(kit.another(), '/d')).toMatchObject({ 0: 0, 4: 4 })
  })

  it('that cannot be read or written is nobody else’s error', async () => {
    const seed = await indexed()
    const broken = (): Promise<never> => Promise.reject(new StoreError({ kind: 'unavailable', operation: 'get' }))
    const kit = createTreeKit({ bucket: seed.bucket, clock: seed.clock, around: (store) => ({ ...store, get: broken, put: broken }) })
    expect(await ls(kit, '/d')).toMatchObject({ 0: 0, 4: 4 })
    await kit.tree.close()
  })

  it('is not tried again once the bucket denied it', async () => {
    const seed = createTreeKit()
    await fill(seed, 'd/', 3)
    await fill(seed, 'e/', 3)
    await seed.clock.advance(5000)
    const denied = (): Promise<never> => Promise.reject(new StoreError({ kind: 'denied', operation: 'put' }))
    const kit = createTreeKit({ bucket: seed.bucket, clock: seed.clock, around: (store) => ({ ...store, put: denied }) })
    await ls(kit, '/d')
    await kit.tree.flushIndexes()
    await ls(kit, '/e')
    await kit.tree.close()
    expect(kit.bill.count('put')).toBe(1)
  })
})

describe('two writers of one index', () => {
  it('lose no row of each other', async () => {
    const kit = createTreeKit()
    await fill(kit, 'd/', 6)
    await kit.clock.advance(5000)
    const other = kit.another()
    for (const name of ['0', '1', '2']) await kit.at(`/d/${name}`, { attributes: true })
    for (const name of ['3', '4', '5']) await other.at(`/d/${name}`, { attributes: true })
    await Promise.all([kit.tree.flushIndexes(), other.tree.flushIndexes()])
    const rows = await rowsOf(kit.bucket, 'd/')
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
    await ls(kit, '/d')
    await ls(other, '/d')
    await Promise.all([kit.tree.flushIndexes(), other.tree.flushIndexes()])
    expect(await rowsOf(kit.bucket, 'd/')).toHaveLength(6)
  })

  it('keep the later knowledge of a name', async () => {
    const kit = await indexed(3)
    const other = kit.another()
    await ls(other, '/d')
    await kit.clock.advance(2000)
    await kit.put('d/1', 'new', posixHeaders({ uid: 55 }))
    await kit.clock.advance(20_000)
    await ls(other, '/d')
    await other.tree.flushIndexes()
    // The first one still believes the old version when it writes a row for another name.
    await kit.put('d/7', 'x', posixHeaders({ uid: 7 }))
    await kit.clock.advance(5000)
    await kit.at('/d/7', { attributes: true })
    await kit.tree.flushIndexes()
    const rows = await rowsOf(kit.bucket, 'd/')
    expect(rows.map(({ name, uid }) => [name, uid])).toEqual([['0', 0], ['1', 55], ['2', 2], ['7', 7]])
  })
})

describe('an index of more than five thousand rows', () => {
  it('is split by name, read in parts, and grows on', async () => {
    const kit = createTreeKit({ settings: { inodeCountMax: 100_000 } })
    for (let i = 0; i < 6000; i++) await kit.put(`d/${String(i).padStart(5, '0')}`, '', posixHeaders({ uid: i }))
    await kit.clock.advance(5000)
    await ls(kit, '/d')
    await kit.tree.flushIndexes()
    const decoded = decodeAttributeIndex((await kit.bucket.get(attributeIndexKey('d/'))).body, 'd/')
    expect(decoded.ok && decoded.value.kind === 'parts' && decoded.value.parts.map(({ from }) => from)).toEqual(['', '02500', '05000'])
    const next = kit.another()
    expect((await ls(next, '/d'))['05999']).toBe(5999)
    expect(next.spent()).toMatchObject({ 'side get': 4, head: 1 })
    for (let i = 0; i < 2600; i++) await kit.put(`d/00000-${String(i).padStart(5, '0')}`, '', posixHeaders({ uid: i }))
    await kit.clock.advance(20_000)
    await ls(next, '/d')
    await next.tree.flushIndexes()
    const last = kit.another()
    expect(Object.keys(await ls(last, '/d'))).toHaveLength(8600)
    expect(last.spent()['head']).toBe(1)
    const objects = (await kit.bucket.list({ prefix: attributeIndexKey('d/') })).objects
    expect(objects).toHaveLength(1 + 5)
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
      ['0', 'file', 0], ['1', 'file', 1], ['2', 'file', 2], ['link', 'file', 501],
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
})

async function mkdir(kit: TreeKit, name: string): Promise<NonNullable<Awaited<ReturnType<TreeKit['at']>>>> {
  const inode = kit.tree.createInode('directory', { ...kit.tree.root.attributes }, { directory: kit.tree.root, name })
  kit.tree.attach(kit.tree.root, name, inode)
  return inode
}

/** As write-back does it: PUT, then tell the tree. */
async function write(
  kit: TreeKit,
  directory: Awaited<ReturnType<typeof mkdir>>,
  name: string,
  uid: number,
  mode = 0o100644,
): Promise<Awaited<ReturnType<typeof mkdir>>> {
  const inode = kit.tree.createInode(mode === 0o120777 ? 'symlink' : 'file', { ...directory.attributes, mode, uid, size: 1 }, { directory, name })
  kit.tree.attach(directory, name, inode)
  const headers = posixHeaders({ mode, uid })
  const key = kit.tree.keyOf(inode)
  const { etag, date } = await kit.put(key, 'x', headers)
  kit.tree.learned(inode, { key, etag, size: 1, lastModified: date, headers, ours: true, headersDate: date })
  kit.tree.settle(directory, name)
  return inode
}
