import { describe, expect, it } from 'vitest'
import { createTreeKit, large, posixHeaders } from './tree-kit.ts'

describe('looking up a name', () => {
  it('costs at most two requests per unknown component', async () => {
    const kit = createTreeKit()
    await kit.put('a/b/c/file', 'hello')
    expect((await kit.at('/a/b/c/file'))?.type).toBe('file')
    expect(kit.bill.count()).toBeLessThanOrEqual(8)
  })

  it('that is a file costs one HEAD and one LIST', async () => {
    const kit = createTreeKit()
    await kit.put('file', 'hello', posixHeaders({ mode: 0o100600, uid: 5 }))
    const inode = await kit.at('/file', { attributes: true })
    expect(kit.spent()).toEqual({ head: 1, list: 1 })
    expect(inode?.toAttributes()).toMatchObject({ type: 'file', mode: 0o100600, uid: 5, gid: 2, size: 5 })
  })

  it('again costs nothing within the TTL', async () => {
    const kit = createTreeKit()
    await kit.put('a/file')
    await kit.at('/a/file', { attributes: true })
    kit.spent()
    await kit.at('/a/file', { attributes: true })
    expect(kit.spent()).toEqual({})
  })

  it('that is missing is remembered for the negative TTL', async () => {
    const kit = createTreeKit({ settings: { negativeTtlMs: 500 } })
    expect(await kit.at('/no')).toBeNull()
    kit.spent()
    expect(await kit.at('/no')).toBeNull()
    expect(kit.spent()).toEqual({})
    await kit.put('no')
    await kit.clock.advance(501)
    expect((await kit.at('/no'))?.type).toBe('file')
  })

  it('finds a directory without a marker', async () => {
    const kit = createTreeKit()
    await kit.put('d/e/f')
    expect((await kit.at('/d/e'))?.toAttributes()).toMatchObject({
      type: 'directory',
      mode: 0o040755,
      uid: 501,
      gid: 20,
    })
  })

  it('reads the marker of a directory on the way in the same round trip', async () => {
    const kit = createTreeKit()
    await kit.put('d/', '', posixHeaders({ mode: 0o040700, uid: 9 }))
    await kit.put('d/f')
    const directory = await kit.tree.lookup(kit.tree.root, 'd', { expectDirectory: true, attributes: true })
    expect(directory.toAttributes()).toMatchObject({ mode: 0o040700, uid: 9 })
    expect(kit.bill.count()).toBe(2)
  })

  it('takes `a/b` for the truth where `a` is there too', async () => {
    const kit = createTreeKit()
    await kit.put('a', large)
    await kit.put('a/b')
    expect((await kit.at('/a'))?.type).toBe('directory')
    expect(kit.metrics.get('unrepresentable')).toBe(1)
    expect(await kit.names('/')).toEqual(['a'])
    expect((await kit.at('/a/b'))?.type).toBe('file')
  })

  it('lists the directory once a few of its names were asked for', async () => {
    const kit = createTreeKit()
    for (let i = 0; i < 50; i++) await kit.put(`d/${i}`, large)
    for (let i = 0; i < 50; i++) expect((await kit.at(`/d/${i}`))?.size).toBe(5000)
    expect(kit.bill.count()).toBeLessThanOrEqual(2 + 2 * 3 + 1)
  })

  it('does not list a huge directory for a few names', async () => {
    const kit = createTreeKit()
    for (let i = 0; i < 1200; i++) await kit.put(`d/${i}`, '')
    for (let i = 0; i < 20; i++) await kit.at(`/d/${i * 7}`)
    expect(kit.bill.count('list')).toBeLessThanOrEqual(1 + 20 + 1)
  })

  it('shares requests among callers that ask at the same time', async () => {
    const kit = createTreeKit()
    await kit.put('file')
    const found = await Promise.all([1, 2, 3].map(() => kit.tree.lookup(kit.tree.root, 'file')))
    expect(new Set(found).size).toBe(1)
    expect(kit.spent()).toEqual({ head: 1, list: 1 })
  })

  it('in a file is ENOTDIR', async () => {
    const kit = createTreeKit()
    await kit.put('file')
    const file = await kit.tree.lookup(kit.tree.root, 'file')
    await expect(kit.tree.lookup(file, 'x')).rejects.toMatchObject({ code: 'ENOTDIR' })
  })

  it('longer than 255 bytes is ENAMETOOLONG', async () => {
    const kit = createTreeKit()
    await expect(kit.tree.lookup(kit.tree.root, 'é'.repeat(128))).rejects.toMatchObject({ code: 'ENAMETOOLONG' })
    await expect(kit.tree.lookup(kit.tree.root, '\udcff'.repeat(255))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('keeps the inode number over another mount and another time', async () => {
    const kit = createTreeKit()
    await kit.put('d/file')
    const first = await kit.at('/d/file')
    await kit.names('/d')
    await kit.clock.advance(60_000)
    expect((await kit.at('/d/file'))?.ino).toBe(first?.ino)
    expect((await kit.another().at('/d/file'))?.ino).toBe(first?.ino)
  })

  it('passes failures of the store on', async () => {
    const kit = createTreeKit({ around: (store) => ({ ...store, head: () => Promise.reject(new Error('down')) }) })
    await expect(kit.at('/x')).rejects.toThrow('down')
  })

  it('leaves early when the caller gives up', async () => {
    const kit = createTreeKit({ around: (store) => ({ ...store, head: () => new Promise(() => {}) }) })
    const abort = new AbortController()
    const found = kit.tree.lookup(kit.tree.root, 'x', { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(found).rejects.toThrow('enough')
  })
})

describe('after the TTL', () => {
  it('one HEAD proves that a file is still there', async () => {
    const kit = createTreeKit()
    await kit.put('file')
    const before = await kit.at('/file', { attributes: true })
    kit.spent()
    await kit.clock.advance(11_000)
    expect(await kit.at('/file', { attributes: true })).toBe(before)
    expect(kit.spent()).toEqual({ head: 1 })
  })

  it('a file that a foreign writer replaced shows its new size', async () => {
    const kit = createTreeKit()
    await kit.put('file', 'old')
    const before = await kit.at('/file', { attributes: true })
    await kit.put('file', 'brand new')
    await kit.clock.advance(11_000)
    const after = await kit.at('/file', { attributes: true })
    expect(after).toBe(before)
    expect(after?.size).toBe(9)
  })

  it('a file that a foreign writer removed is gone', async () => {
    const kit = createTreeKit()
    await kit.put('file')
    const before = await kit.at('/file')
    await kit.bucket.delete('file')
    await kit.clock.advance(11_000)
    expect(await kit.at('/file')).toBeNull()
    expect(before?.place).toBeNull()
  })

  it('a file that became a directory is another inode', async () => {
    const kit = createTreeKit()
    await kit.put('x', large)
    const before = await kit.at('/x')
    await kit.bucket.delete('x')
    await kit.put('x/y')
    await kit.clock.advance(11_000)
    const after = await kit.at('/x')
    expect(after?.type).toBe('directory')
    expect(after).not.toBe(before)
    expect(before?.place).toBeNull()
  })

  it('a directory that became a file is another inode', async () => {
    const kit = createTreeKit()
    await kit.put('x/y')
    const before = await kit.at('/x')
    await kit.bucket.delete('x/y')
    await kit.put('x', 'text')
    await kit.clock.advance(11_000)
    const after = await kit.at('/x', { attributes: true })
    expect(after?.type).toBe('file')
    expect(after).not.toBe(before)
    expect(await kit.names('/')).toEqual(['x'])
  })

  it('a directory whose last entry was removed by others is gone', async () => {
    const kit = createTreeKit()
    await kit.put('x/y')
    await kit.at('/x/y')
    await kit.bucket.delete('x/y')
    await kit.clock.advance(11_000)
    expect(await kit.at('/x')).toBeNull()
    expect(await kit.at('/x/y')).toBeNull()
  })
})

describe('revalidation', () => {
  it('asks nothing while attributes are fresh, one HEAD after, always when forced', async () => {
    const kit = createTreeKit()
    await kit.put('file')
    const inode = await kit.tree.lookup(kit.tree.root, 'file', { attributes: true })
    kit.spent()
    await kit.tree.revalidate(inode)
    expect(kit.spent()).toEqual({})
    await kit.tree.revalidate(inode, { force: true })
    expect(kit.spent()).toEqual({ head: 1 })
    await kit.clock.advance(1001)
    await kit.tree.revalidate(inode)
    expect(kit.spent()).toEqual({ head: 1 })
  })

  it('of a file that is gone is ENOENT', async () => {
    const kit = createTreeKit()
    await kit.put('file')
    const inode = await kit.tree.lookup(kit.tree.root, 'file')
    await kit.bucket.delete('file')
    await expect(kit.tree.revalidate(inode, { force: true })).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('of a file that became a symlink is ESTALE', async () => {
    const kit = createTreeKit()
    await kit.put('file')
    const inode = await kit.tree.lookup(kit.tree.root, 'file', { attributes: true })
    await kit.put('file', 'target', posixHeaders({ mode: 0o120777 }))
    await expect(kit.tree.revalidate(inode, { force: true })).rejects.toMatchObject({ code: 'ESTALE' })
    expect((await kit.at('/file', { attributes: true }))?.type).toBe('symlink')
  })

  it('of a directory without a marker costs one LIST', async () => {
    const kit = createTreeKit()
    await kit.put('d/x')
    const inode = await kit.tree.lookup(kit.tree.root, 'd')
    kit.spent()
    await kit.tree.revalidate(inode, { force: true })
    expect(kit.spent()).toEqual({ list: 1 })
  })

  it('of a directory sees a marker whose mode was changed by others', async () => {
    const kit = createTreeKit()
    await kit.put('d/', '', posixHeaders({ mode: 0o040755 }))
    const inode = await kit.tree.lookup(kit.tree.root, 'd', { attributes: true })
    await kit.put('d/', '', posixHeaders({ mode: 0o040700 }))
    await kit.tree.revalidate(inode, { force: true })
    expect(inode.attributes.mode).toBe(0o040700)
  })
})
