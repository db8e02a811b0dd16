// Paths longer than a key: what lies elsewhere is renamed, removed and found as everything else.

import { expect, it } from 'vitest'
import { StoreError } from '../../../src/base/errors.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { longPathsPrefix } from '../../../src/format/key.ts'
import { openKit, root, type VolumeKit } from '../../support/volume-kit.ts'

const names = ['1', '2', '3', '4'].map((digit) => digit.repeat(250))
/** 1,004 bytes: a short name fits behind it, a longer one does not. */
const deep = names.join('/')
const long = 'n'.repeat(40)

async function makeDirectories(kit: VolumeKit, path: string): Promise<void> {
  await kit.calls.mkdir(root, path, 0o755, true)
}

async function moved(kit: VolumeKit, from: string, to: string): Promise<void> {
  await kit.calls.rename(root, from, to)
  await kit.volume.sync()
}

const isLong = (key: string): boolean => key.startsWith(longPathsPrefix)

it('a directory rename takes along what lies elsewhere because its path is too long', async () => {
  const kit = await openKit()
  await makeDirectories(kit, `/a/${deep}/${long}/${long}`)
  await kit.write(`/a/${deep}/f`, 'short')
  await kit.write(`/a/${deep}/${long}/f`, 'long')
  await kit.write(`/a/${deep}/${long}/${long}/f`, 'longer')
  expect((await kit.keys()).filter(isLong)).toHaveLength(4)
  await moved(kit, '/a', '/b')
  const other = await kit.again()
  expect(await other.read(`/b/${deep}/f`)).toBe('short')
  expect(await other.read(`/b/${deep}/${long}/f`)).toBe('long')
  expect(await other.read(`/b/${deep}/${long}/${long}/f`)).toBe('longer')
  expect((await kit.keys()).filter(isLong)).toHaveLength(4)
  await kit.calls.remove(root, '/b', { recursive: true, force: false })
  expect(await kit.keys()).toEqual([])
  await other.close()
  await kit.close()
})

it('a rename to a longer path makes keys long, and the directories they are in are found', async () => {
  const kit = await openKit()
  await kit.bucket.put(`a/x/${long}`, utf8('implicit'), { headers: { metadata: {} } })
  await kit.bucket.put(`a/x/y/${long}`, utf8('implicit too'), { headers: { metadata: {} } })
  await makeDirectories(kit, `/${deep}`)
  await moved(kit, '/a', `/${deep}/a`)
  const other = await kit.again()
  expect(await other.read(`/${deep}/a/x/${long}`)).toBe('implicit')
  expect(await other.read(`/${deep}/a/x/y/${long}`)).toBe('implicit too')
  const entries = await other.calls.readdir(root, `/${deep}/a/x`)
  expect(entries.map(({ name }) => name).sort()).toEqual([long, 'y'])
  await moved(kit, `/${deep}/a`, '/back')
  expect((await kit.keys()).filter(isLong)).toEqual([])
  expect(await kit.read(`/back/x/y/${long}`)).toBe('implicit too')
  await other.close()
  await kit.close()
})

it('a directory that got a marker so that its long entries are found can be removed', async () => {
  const kit = await openKit()
  await kit.bucket.put(`a/x/${long}`, utf8('implicit'), { headers: { metadata: {} } })
  await makeDirectories(kit, `/${deep}`)
  await kit.read(`/a/x/${long}`)
  await moved(kit, '/a', `/${deep}/a`)
  await kit.calls.unlink(root, `/${deep}/a/x/${long}`)
  await kit.calls.rmdir(root, `/${deep}/a/x`)
  const other = await kit.again()
  expect(await other.calls.readdir(root, `/${deep}/a`)).toEqual([])
  await other.close()
  await kit.close()
})

it('the first entry with a long key in an implicit directory puts its marker first', async () => {
  const kit = await openKit()
  await kit.bucket.put(`${deep}/f`, utf8('x'), { headers: { metadata: {} } })
  await kit.write(`/${deep}/${long}`, 'created')
  expect(await kit.keys()).toContain(`${deep}/`)
  await kit.bucket.delete(`${deep}/f`)
  const other = await kit.again()
  expect(await other.read(`/${deep}/${long}`)).toBe('created')
  await other.close()
  await kit.close()
})

it('a file renamed to a name with a long key in an implicit directory puts its marker first', async () => {
  const kit = await openKit({ durability: 'memory' })
  await kit.bucket.put(`${deep}/f`, utf8('x'), { headers: { metadata: {} } })
  await kit.write('/file', 'renamed')
  await kit.volume.sync()
  await kit.calls.rename(root, '/file', `/${deep}/${long}`)
  await kit.volume.sync()
  expect(await kit.keys()).toContain(`${deep}/`)
  await kit.close()
})

it('a directory that has its marker is not given another one', async () => {
  const kit = await openKit()
  await makeDirectories(kit, `/${deep}`)
  await kit.write(`/${deep}/${long}`, 'first')
  kit.requests()
  await kit.write(`/${deep}/${long}2`, 'second')
  expect(kit.requests()['put']).toBe(1)
  await kit.close()
})

it('an interrupted rename of long paths is finished by the next volume, whatever had been moved', async () => {
  for (let allowed = 1; ; allowed++) {
    let left = Infinity
    const before = (): void => {
      if (left-- <= 0) throw new StoreError({ kind: 'denied', operation: 'any' })
    }
    const kit = await openKit({ before })
    await makeDirectories(kit, `/a/${deep}/${long}/${long}`)
    await kit.write(`/a/${deep}/f`, 'short')
    await kit.write(`/a/${deep}/${long}/f`, 'long')
    await kit.write(`/a/${deep}/${long}/${long}/f`, 'longer')
    await kit.bucket.put(`a/${deep}/x`, utf8('foreign'), { headers: { metadata: {} } })
    left = allowed
    const renamed = kit.calls.rename(root, '/a', '/b')
    const told = await renamed.then(
      () => true,
      () => false,
    )
    for (let turn = 0; turn < 50; turn++) {
      await kit.clock.advance(1)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const finished = left > 0
    // The volume is left as it stands, as by a crash.
    left = finished ? Infinity : 0
    await kit.clock.advance(3_600_000)
    const other = await kit.again()
    await other.volume.sync()
    const at = told ? '/b' : (await other.calls.readdir(root, '/')).map(({ name }) => `/${name}`)[0]
    expect(await other.read(`${at}/${deep}/f`), `after ${allowed} requests`).toBe('short')
    expect(await other.read(`${at}/${deep}/x`)).toBe('foreign')
    expect(await other.read(`${at}/${deep}/${long}/f`)).toBe('long')
    expect(await other.read(`${at}/${deep}/${long}/${long}/f`)).toBe('longer')
    expect((await kit.keys()).filter(isLong)).toHaveLength(4)
    await other.close()
    if (!finished) continue
    expect(allowed).toBeGreaterThan(30)
    return
  }
})
