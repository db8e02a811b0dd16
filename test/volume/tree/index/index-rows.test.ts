import { describe, expect, it } from 'vitest'
import { attributeIndexKey } from '../../../../src/format/attribute-index.ts'
import { createTreeKit, posixHeaders } from '../tree-kit.ts'
import { fill, indexed, ls, mkdir, write } from './index-kit.ts'

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
    for (const [name, uid] of [
      ['a', 11],
      ['b', 12],
    ] as const)
      await write(kit, directory, name, uid)
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
    for (const [name, uid] of [
      ['a', 11],
      ['b', 12],
    ] as const)
      await write(kit, directory, name, uid)
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
