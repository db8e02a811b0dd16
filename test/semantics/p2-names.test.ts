// P2 for operations without data: while their caller waits they are applied to the version that is there now; once
// acknowledged they touch no version they have not seen.

import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../src/store/memory.ts'
import { createManualClock } from '../support/store-clock.ts'
import { getText, putText } from '../support/store-kit.ts'
import { root, type VolumeKit } from '../support/volume-kit.ts'
import { createMemoryFolder } from '../support/local-files-memory.ts'
import { errorOf, kitOf } from './kit.ts'

const operations: readonly (readonly [
  string,
  (kit: VolumeKit) => Promise<unknown>,
  (kit: VolumeKit) => Promise<void>,
])[] = [
  [
    'chmod',
    ({ calls }) => calls.setAttributes(root, '/f', { mode: 0o600 }, true),
    async ({ bucket }) => {
      expect(await getText(bucket, 'f')).toBe('theirs')
      const { metadata } = (await bucket.head('f')).headers
      expect(metadata).toMatchObject({ mode: String(0o100600), by: 'another tool' })
    },
  ],
  [
    'utimes',
    ({ calls }) => calls.setAttributes(root, '/f', { mtimeNs: 7_000_000_000n }, true),
    async ({ bucket }) => {
      expect(await getText(bucket, 'f')).toBe('theirs')
      expect((await bucket.head('f')).headers.metadata).toMatchObject({ mtime: '7', by: 'another tool' })
    },
  ],
  [
    'rename',
    ({ calls }) => calls.rename(root, '/f', '/g'),
    async ({ bucket, keys }) => {
      expect(await keys()).toEqual(['g'])
      expect(await getText(bucket, 'g')).toBe('theirs')
    },
  ],
  ['unlink', ({ calls }) => calls.unlink(root, '/f'), async ({ keys }) => expect(await keys()).toEqual([])],
]

describe.each(operations)('%s', (_, operation, check) => {
  it('P2.11 is applied to a version that came since, while its caller waits', async () => {
    const kit = await kitOf()
    await kit.write('/f', 'ours')
    await putText(kit.bucket, 'f', 'theirs', { headers: { metadata: { by: 'another tool' } } })
    await operation(kit)
    await check(kit)
    expect(kit.volume.metrics()['conflicts'] ?? 0).toBe(0)
  })

  it('P2.12 gives up with ESTALE after at most 5 tries, and the last version stays', async () => {
    const clock = createManualClock()
    const bucket = createMemoryStore({ clock })
    let races = 0
    const changing = ['copy', 'delete']
    const kit = await kitOf({
      bucket,
      clock,
      async before({ operation: name }) {
        if (!changing.includes(name)) return
        races++
        await putText(bucket, 'f', `theirs ${races}`)
      },
    })
    await kit.write('/f', 'ours')
    expect(await errorOf(operation(kit))).toMatchObject({ code: 'ESTALE' })
    expect(races).toBeGreaterThan(1)
    expect(races).toBeLessThanOrEqual(6)
    expect(await getText(bucket, 'f')).toBe(`theirs ${races}`)
  })
})

describe.each(['memory', 'journal'] as const)('once acknowledged under %s', (durability) => {
  const options = (): { durability: 'memory' | 'journal'; components: object } => ({
    durability,
    components: { journalFiles: createMemoryFolder() },
  })

  it('P2.13 an unlink never removes a version it has not seen: that one stays, reported as a conflict', async () => {
    const kit = await kitOf(options())
    await kit.write('/f', 'ours')
    await kit.volume.sync()
    await kit.calls.unlink(root, '/f')
    await putText(kit.bucket, 'f', 'theirs')
    await kit.volume.sync()
    expect(await getText(kit.bucket, 'f')).toBe('theirs')
    expect(kit.volume.metrics()['conflicts']).toBe(1)
    expect(await kit.read('/f')).toBe('theirs')
  })

  it('P2.13 nor does the removal of a directory', async () => {
    const kit = await kitOf(options())
    await kit.calls.mkdir(root, '/d', 0o755, false)
    await kit.write('/d/f', 'ours')
    await kit.volume.sync()
    await kit.calls.unlink(root, '/d/f')
    await kit.calls.rmdir(root, '/d')
    await putText(kit.bucket, 'd/f', 'theirs')
    await kit.volume.sync()
    expect(await getText(kit.bucket, 'd/f')).toBe('theirs')
    await kit.clock.advance(20_000)
    expect(await kit.read('/d/f')).toBe('theirs')
  })

  it('P2.14 a rename never replaces a version it has not seen, and loses nothing of its own', async () => {
    const kit = await kitOf(options())
    await kit.write('/f', 'ours')
    await kit.volume.sync()
    await kit.calls.rename(root, '/f', '/g')
    await putText(kit.bucket, 'g', 'theirs')
    await kit.volume.sync().catch(() => undefined)
    expect(await getText(kit.bucket, 'g')).toBe('theirs')
    expect(await getText(kit.bucket, 'f')).toBe('ours')
    expect(kit.volume.metrics()['conflicts']).toBe(1)
    await kit.clock.advance(20_000)
    expect([await kit.read('/f'), await kit.read('/g')]).toEqual(['ours', 'theirs'])
  })

  it('P2.14 a renamed file that can go neither forth nor back is kept as a conflict copy', async () => {
    const kit = await kitOf(options())
    await kit.write('/f', 'ours')
    await kit.volume.sync()
    await kit.calls.rename(root, '/f', '/g')
    await kit.write('/f', 'new')
    await putText(kit.bucket, 'g', 'theirs')
    await kit.volume.sync().catch(() => undefined)
    const keys = await kit.keys()
    expect(await Promise.all(keys.map((key) => getText(kit.bucket, key)))).toEqual(['ours', 'new', 'theirs'])
    expect(keys[0]).toMatch(/^\.bucketfs\/data\/conflicts\/g\./)
  })

  it('P2.14 nor is a file lost that stood in a circle of renames', async () => {
    const kit = await kitOf(options())
    for (const name of ['a', 'b']) await kit.write(`/${name}`, name)
    await kit.volume.sync()
    await kit.calls.rename(root, '/a', '/b', { exchange: true })
    await putText(kit.bucket, 'b', 'theirs')
    await kit.volume.sync().catch(() => undefined)
    const keys = await kit.keys()
    const kept = keys.filter((key) => key.startsWith('.bucketfs/data/'))
    expect(kept).toEqual([expect.stringMatching(/^\.bucketfs\/data\/conflicts\/b\./)])
    expect(await kit.read(`/${kept[0]}`)).toBe('a')
    expect(await getText(kit.bucket, 'b')).toBe('theirs')
  })

  it('P2.14 nor one under its old name', async () => {
    const kit = await kitOf(options())
    await kit.write('/f', 'ours')
    await kit.volume.sync()
    await kit.calls.rename(root, '/f', '/g')
    await putText(kit.bucket, 'f', 'theirs')
    await kit.volume.sync().catch(() => undefined)
    expect(await getText(kit.bucket, 'f')).toBe('theirs')
    await kit.clock.advance(20_000)
    expect(await kit.read('/f')).toBe('theirs')
  })

  it('P2.14 a version changed under the old name of a renamed directory stays there, reported', async () => {
    const kit = await kitOf(options())
    await kit.calls.mkdir(root, '/d', 0o755, false)
    for (const name of ['a', 'b', 'c']) await kit.write(`/d/${name}`, name)
    await kit.volume.sync()
    await kit.calls.rename(root, '/d', '/e')
    await putText(kit.bucket, 'd/b', 'theirs')
    await kit.volume.sync().catch(() => undefined)
    const texts = new Map<string, string>()
    for (const key of await kit.keys()) texts.set(key, await getText(kit.bucket, key))
    expect(texts.get('e/a')).toBe('a')
    expect(texts.get('e/c')).toBe('c')
    expect([...texts.values()].filter((text) => text === 'theirs').length).toBeGreaterThan(0)
  })
})
