import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../../src/base/bytes.ts'
import { StoreError } from '../../../../src/base/errors.ts'
import { attributeIndexKey, decodeAttributeIndex } from '../../../../src/format/attribute-index.ts'
import { encodeSide } from '../../../../src/format/side-object.ts'
import { createTreeKit, posixHeaders } from '../tree-kit.ts'
import { fill, indexed, ls, rowsOf } from './index-kit.ts'

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
    const kit = createTreeKit({
      bucket: seed.bucket,
      clock: seed.clock,
      around: (store) => ({ ...store, get: broken, put: broken }),
    })
    expect(await ls(kit, '/d')).toMatchObject({ 0: 0, 4: 4 })
    await kit.tree.close()
  })

  it('is not tried again once the bucket denied it', async () => {
    const seed = createTreeKit()
    await fill(seed, 'd/', 3)
    await fill(seed, 'e/', 3)
    await seed.clock.advance(5000)
    const denied = (): Promise<never> => Promise.reject(new StoreError({ kind: 'denied', operation: 'put' }))
    const kit = createTreeKit({
      bucket: seed.bucket,
      clock: seed.clock,
      around: (store) => ({ ...store, put: denied }),
    })
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
    expect(rows.map(({ name, uid }) => [name, uid])).toEqual([
      ['0', 0],
      ['1', 55],
      ['2', 2],
      ['7', 7],
    ])
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
    expect(decoded.ok && decoded.value.kind === 'parts' && decoded.value.parts.map(({ from }) => from)).toEqual([
      '',
      '02500',
      '05000',
    ])
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
