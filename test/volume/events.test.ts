// What a volume tells of changes: its own, and those of others when it learns of them.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { createSeededRandom } from '../../src/base/random.ts'
import type { VolumeEvent } from '../../src/volume/types.ts'
import { openKit, root, type KitOptions, type VolumeKit } from '../support/volume-kit.ts'

interface Watched extends VolumeKit {
  /** Events since the last call, as 'remote created /a'. */
  seen(): string[]
  put(key: string): Promise<void>
}

async function watched(options: KitOptions = {}): Promise<Watched> {
  const kit = await openKit(options)
  let seen: string[] = []
  kit.volume.subscribe(({ origin, kind, path }) => seen.push(`${origin} ${kind} ${path}`))
  return {
    ...kit,
    seen() {
      const told = seen
      seen = []
      return told
    },
    async put(key) {
      await kit.bucket.put(key, utf8('x'.repeat(5000)), { headers: { metadata: {} } })
    },
  }
}

const ttlMs = 11_000

describe('a foreign change of names', () => {
  it('is told when a directory that was listed is listed again', async () => {
    const kit = await watched()
    await kit.put('d/old')
    await kit.calls.readdir(root, '/d')
    expect(kit.seen()).toEqual([])
    await kit.put('d/new')
    await kit.put('d/sub/file')
    await kit.bucket.delete('d/old')
    await kit.clock.advance(ttlMs)
    await kit.calls.readdir(root, '/d')
    expect(kit.seen().sort()).toEqual(['remote created /d/new', 'remote created /d/sub', 'remote removed /d/old'])
    await kit.clock.advance(ttlMs)
    await kit.calls.readdir(root, '/d')
    expect(kit.seen()).toEqual([])
    await kit.close()
  })

  it('is told when a name that was missing is looked up again', async () => {
    const kit = await watched()
    await kit.put('d/a')
    await expect(kit.calls.stat(root, '/d/b', true)).rejects.toMatchObject({ code: 'ENOENT' })
    await kit.put('d/b')
    await kit.clock.advance(ttlMs)
    await kit.calls.stat(root, '/d/b', true)
    expect(kit.seen()).toEqual(['remote created /d/b'])
    await kit.close()
  })

  it('is told when a name that was there is looked up again', async () => {
    const kit = await watched()
    await kit.put('d/a')
    await kit.put('d/b')
    await kit.calls.stat(root, '/d/b', true)
    await kit.bucket.delete('d/b')
    await kit.clock.advance(ttlMs)
    await expect(kit.calls.stat(root, '/d/b', true)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(kit.seen()).toEqual(['remote removed /d/b'])
    await kit.close()
  })

  it('is told as one gone and one come where another kind took the name', async () => {
    const kit = await watched()
    await kit.put('d/a')
    await kit.calls.readdir(root, '/d')
    await kit.bucket.delete('d/a')
    await kit.put('d/a/b')
    await kit.clock.advance(ttlMs)
    await kit.calls.readdir(root, '/d')
    expect(kit.seen()).toEqual(['remote removed /d/a', 'remote created /d/a'])
    await kit.close()
  })

  it('is not told of names seen for the first time', async () => {
    const kit = await watched()
    for (let i = 0; i < 30; i++) await kit.put(`d/${i}`)
    await kit.calls.stat(root, '/d/7', true)
    await kit.calls.readdir(root, '/d')
    await kit.calls.walk(root, '/')
    expect(kit.seen()).toEqual([])
    await kit.close()
  })

  it('is told of a directory made here', async () => {
    const kit = await watched()
    await kit.calls.mkdir(root, '/d', 0o755, false)
    kit.seen()
    await kit.put('d/theirs')
    await kit.clock.advance(ttlMs)
    await kit.calls.readdir(root, '/d')
    expect(kit.seen()).toEqual(['remote created /d/theirs'])
    await kit.close()
  })
})

/** A copy of one directory's names kept by events alone; a name that comes twice or goes twice is a mistake. */
class Mirror {
  readonly names = new Set<string>()
  readonly mistakes: string[] = []

  see({ kind, path, oldPath, origin }: VolumeEvent): void {
    if (path.split('/').length !== 3) return
    if (kind === 'renamed' && oldPath) {
      if (!this.names.delete(oldPath)) this.mistakes.push(`${oldPath} was renamed unknown`)
      this.names.add(path)
    } else if (kind === 'created') {
      if (this.names.has(path)) this.mistakes.push(`${origin}: ${path} was there`)
      this.names.add(path)
    } else if (kind === 'removed' && !this.names.delete(path)) this.mistakes.push(`${origin}: ${path} was not there`)
  }
}

async function follow(seed: number, durability: 'bucket' | 'memory'): Promise<void> {
  const random = createSeededRandom(seed)
  const kit = await watched({ durability })
  const below = (count: number): number => Math.floor(random.float() * count)
  const pick = (): string => `d/${below(6)}`
  const mirror = new Mirror()
  await kit.calls.mkdir(root, '/d', 0o755, false)
  await kit.volume.sync()
  await kit.calls.readdir(root, '/d')
  kit.volume.subscribe((event) => mirror.see(event))
  const ignored = (error: unknown): void => expect(error).toHaveProperty('code')
  const steps: readonly (() => Promise<unknown>)[] = [
    () => kit.write(`/${pick()}`, 'ours'),
    () => kit.calls.unlink(root, `/${pick()}`),
    () => kit.calls.mkdir(root, `/${pick()}`, 0o755, false),
    () => kit.calls.rename(root, `/${pick()}`, `/${pick()}`),
    () => kit.calls.remove(root, `/${pick()}`, { recursive: true, force: true }),
    () => kit.calls.copyFile(root, `/${pick()}`, `/${pick()}`, false),
    () => kit.calls.stat(root, `/${pick()}`, true),
    () => kit.calls.readdir(root, '/d'),
    () => kit.calls.walk(root, '/d'),
    () => kit.clock.advance(ttlMs),
    () => kit.put(pick()),
    () => kit.put(`${pick()}/x`),
    async () => {
      const key = pick()
      await kit.bucket.delete(key)
      await kit.bucket.delete(`${key}/x`)
      await kit.bucket.delete(`${key}/`)
    },
  ]
  for (let i = 0; i < 60; i++) await (steps[below(steps.length)] as () => Promise<unknown>)().catch(ignored)
  await kit.volume.sync().catch(ignored)
  await kit.clock.advance(ttlMs)
  const names = (await kit.calls.readdir(root, '/d')).map(({ name }) => `/d/${name}`)
  expect([...mirror.names].sort(), `seed ${seed}`).toEqual(names)
  expect(mirror.mistakes, `seed ${seed}`).toEqual([])
  await kit.close().catch(ignored)
}

describe('a copy of a directory kept by events alone', () => {
  it.each(['bucket', 'memory'] as const)('is the directory, whoever changes it (%s)', async (durability) => {
    for (let seed = 1; seed <= 40; seed++) await follow(seed, durability)
  })
})
