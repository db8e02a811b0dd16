// DESIGN §7: what renames and removals cost.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { O_CREAT, O_WRONLY } from '../../../src/volume/types.ts'
import { patterned, putText } from '../../support/store-kit.ts'
import { root } from '../../support/volume-kit.ts'
import { billOf, kitOf, plainBytes, plant } from './bill.ts'

describe('rename of a file', () => {
  it('that is clean costs 1 COPY and 1 DELETE', async () => {
    const kit = await kitOf()
    await kit.write('/a', 'x')
    await kit.write('/other', 'x')
    await kit.calls.readdir(root, '/')
    expect((await billOf(kit, () => kit.calls.rename(root, '/a', '/b'))).data).toEqual({ copy: 1, delete: 1 })
  })

  it('costs 1 HEAD more when only a listing told of it', async () => {
    const kit = await kitOf()
    await kit.bucket.put('a', patterned(plainBytes), { headers: { metadata: {} } })
    await kit.calls.readdir(root, '/')
    const { data } = await billOf(kit, () => kit.calls.rename(root, '/a', '/b'))
    expect(data).toEqual({ copy: 1, delete: 1, head: 1 })
  })

  it('costs 1 marker more for the last entry of an implicit directory', async () => {
    const kit = await kitOf()
    await putText(kit.bucket, 'imp/a', 'x')
    await kit.calls.readdirAttributes(root, '/imp')
    await kit.calls.readdir(root, '/')
    const { data } = await billOf(kit, () => kit.calls.rename(root, '/imp/a', '/b'))
    expect(data).toMatchObject({ copy: 1, delete: 1, put: 1 })
    // Emptiness is what the bucket says now, not what a listing said.
    expect(data['list'] ?? 0).toBeLessThanOrEqual(1)
    expect(await kit.keys()).toEqual(['b', 'imp/'])
  })

  it('that is dirty costs nothing more than its PUT', async () => {
    const kit = await kitOf()
    await kit.calls.readdir(root, '/')
    const { data } = await billOf(kit, async () => {
      const { handle } = await kit.calls.open(root, '/t', O_WRONLY | O_CREAT, 0o666)
      await kit.calls.write(handle, 0, utf8('x'))
      await kit.calls.rename(root, '/t', '/f')
      await kit.calls.close(handle)
    })
    expect(data).toEqual({ put: 1 })
  })

  it('over an existing file costs no more', async () => {
    const kit = await kitOf()
    await kit.write('/a', 'new')
    await kit.write('/b', 'old')
    expect((await billOf(kit, () => kit.calls.rename(root, '/a', '/b'))).data).toEqual({ copy: 1, delete: 1 })
  })
})

describe('rename of a directory of n clean objects', () => {
  it('costs ⌈n/1000⌉ LIST + n COPY + ⌈n/1000⌉ DeleteObjects + 2 when headers are known', async () => {
    const kit = await kitOf({ durability: 'memory' })
    await kit.calls.mkdir(root, '/d', 0o755, false)
    const count = 1100
    for (let i = 0; i < count; i++) await kit.write(`/d/${i}`, 'x')
    await kit.volume.sync()
    const { data } = await billOf(kit, async () => {
      await kit.calls.rename(root, '/d', '/e')
      await kit.volume.sync()
    })
    const objects = count + 1 // its marker
    expect(data['copy']).toBe(objects)
    expect(data['list']).toBeLessThanOrEqual(Math.ceil(objects / 1000) + 1)
    expect(data['deleteMany'] ?? 0).toBeLessThanOrEqual(Math.ceil(objects / 1000))
    expect((data['put'] ?? 0) + (data['delete'] ?? 0)).toBeLessThanOrEqual(2)
    expect(data['head'] ?? 0).toBeLessThanOrEqual(1)
    expect(data['get'] ?? 0).toBe(0)
  })

  it('costs n HEAD more when headers are unknown', async () => {
    const kit = await kitOf()
    const count = 120
    await plant(kit.bucket, 'd/', count, plainBytes)
    await kit.calls.readdir(root, '/d')
    await kit.calls.readdir(root, '/')
    const { data } = await billOf(kit, async () => {
      await kit.calls.rename(root, '/d', '/e')
      await kit.volume.sync()
    })
    expect(data['copy']).toBe(count)
    expect(data['head'] ?? 0).toBeLessThanOrEqual(count + 1)
    expect(data['list']).toBeLessThanOrEqual(2)
    expect(data['deleteMany'] ?? 0).toBe(1)
    expect((data['put'] ?? 0) + (data['delete'] ?? 0)).toBeLessThanOrEqual(3)
  })
})

describe('rm -r of n files', () => {
  it('costs ⌈n/1000⌉ LIST + ⌈n/1000⌉ DeleteObjects', async () => {
    const kit = await kitOf()
    const count = 2500
    await plant(kit.bucket, 'd/s/', count, 10)
    await kit.calls.stat(root, '/d', true)
    const { data } = await billOf(kit, () => kit.calls.remove(root, '/d', { recursive: true, force: false }))
    expect(data['deleteMany']).toBe(3)
    expect(data['list']).toBeLessThanOrEqual(3 + 1)
    expect(await kit.keys()).toEqual([])
    expect(Object.keys(data).filter((name) => !['list', 'deleteMany'].includes(name))).toEqual([])
  })

  it('of local files that never left costs one LIST', async () => {
    const kit = await kitOf({ durability: 'memory' })
    await kit.calls.mkdir(root, '/d', 0o755, false)
    for (let i = 0; i < 50; i++) await kit.write(`/d/${i}`, 'x')
    const { data } = await billOf(kit, async () => {
      await kit.calls.remove(root, '/d', { recursive: true, force: false })
      await kit.volume.sync()
    })
    expect(data['put'] ?? 0).toBe(0)
    expect(data['list'] ?? 0).toBeLessThanOrEqual(1)
  })
})
