// What another volume does to the same bucket, as a door over the engine's thread is told of it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openVolume } from '../../src/index.ts'
import { useTestHome } from '../support/engine-home.ts'

useTestHome()

it('a name that another volume makes or removes reaches watchers and cached answers', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bucketfs-foreign-'))
  const settings = { durability: 'bucket', listingTtlMs: 1, negativeTtlMs: 1, attributesTtlMs: 1 } as const
  const ours = await openVolume(`file:${folder}`, settings)
  const theirs = await openVolume(`file:${folder}`, settings)
  try {
    ours.fs.mkdirSync('/d')
    ours.fs.writeFileSync('/d/ours', 'x')
    expect(ours.fs.readdirSync('/d')).toEqual(['ours'])
    const told: string[] = []
    const watcher = ours.fs.watch('/d', (type, name) => told.push(`${type} ${String(name)}`))
    await expect(ours.fs.promises.stat('/d/theirs')).rejects.toMatchObject({ code: 'ENOENT' })
    theirs.fs.writeFileSync('/d/theirs', 'y')
    theirs.fs.unlinkSync('/d/ours')
    await expect.poll(() => ours.fs.promises.readdir('/d')).toEqual(['theirs'])
    expect(ours.fs.statSync('/d/theirs').size).toBe(1)
    expect(ours.fs.existsSync('/d/ours')).toBe(false)
    await expect.poll(() => [...told].sort()).toEqual(['rename ours', 'rename theirs'])
    watcher.close()
  } finally {
    await ours.close()
    await theirs.close()
    rmSync(folder, { recursive: true })
  }
})
