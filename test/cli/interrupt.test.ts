import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FileCalls } from '../../src/cli/places/file-calls.ts'
import type { VolumeOpener } from '../../src/cli/places/places.ts'
import { createShell, type Shell } from './shell.ts'

const large = Buffer.alloc(20 * 1024 * 1024, 'x')

describe('Ctrl-C', () => {
  let shell: Shell
  let stop: AbortController
  beforeEach(async () => {
    shell = await createShell()
    stop = new AbortController()
  })
  afterEach(() => shell.close())

  /** A volume on which the `count`th use of a call is when the user loses patience. */
  const stoppingAt =
    (name: keyof FileCalls, count: number) =>
    (open: VolumeOpener): VolumeOpener =>
    async (url) => {
      const volume = await open(url)
      let used = 0
      const call = volume.calls[name] as (...args: unknown[]) => unknown
      const stopping = (...args: unknown[]): unknown => {
        if (++used === count) stop.abort(new Error('stopped'))
        return call(...args)
      }
      return {
        calls: { ...volume.calls, [name]: stopping },
        caller: () => volume.caller(),
        metrics: () => volume.metrics(),
        close: () => volume.close(),
      }
    }

  it('leaves nothing of a large file that was half way to the volume', async () => {
    writeFileSync(join(shell.local, 'large'), large)
    const options = { signal: stop.signal, through: stoppingAt('write', 2) }
    const ran = await shell.runWith(options, 'cp', join(shell.local, 'large'), `${shell.volume}large`)
    expect(ran.code).toBe(130)
    expect(ran.stderr).toContain('interrupted: copied 0 of 1 files')
    expect((await shell.run('ls', '-a', shell.volume)).stdout).toBe('')
  })

  it('keeps what a half-way replacement would have replaced', async () => {
    writeFileSync(join(shell.local, 'large'), 'old')
    await shell.run('cp', join(shell.local, 'large'), shell.volume)
    writeFileSync(join(shell.local, 'large'), large)
    const options = { signal: stop.signal, through: stoppingAt('write', 2) }
    expect((await shell.runWith(options, 'cp', join(shell.local, 'large'), shell.volume)).code).toBe(130)
    expect((await shell.run('cat', `${shell.volume}large`)).stdout).toBe('old')
    expect((await shell.run('ls', '-a', shell.volume)).stdout).toBe('large\n')
  })

  it('leaves nothing of a large file that was half way to the local disk', async () => {
    writeFileSync(join(shell.local, 'large'), large)
    await shell.run('mv', join(shell.local, 'large'), shell.volume)
    const options = { signal: stop.signal, through: stoppingAt('read', 3) }
    expect((await shell.runWith(options, 'cp', `${shell.volume}large`, shell.local)).code).toBe(130)
    expect(readdirSync(shell.local)).toEqual([])
  })

  it('finishes the small files at hand and says how many of how many', async () => {
    for (let i = 0; i < 50; i++) writeFileSync(join(shell.local, `f${i}`), 'text')
    const options = { signal: stop.signal, through: stoppingAt('writeFile', 10) }
    const ran = await shell.runWith(options, 'cp', '-r', '-j', '4', shell.local, `${shell.volume}to`)
    expect(ran.code).toBe(130)
    const copied = Number(/copied (\d+) of \d+ files/.exec(ran.stderr)?.[1])
    const there = (await shell.run('ls', `${shell.volume}to`)).stdout.trim().split('\n')
    expect(copied).toBeLessThan(20)
    expect(there).toHaveLength(copied)
    for (const name of there) expect((await shell.run('cat', `${shell.volume}to/${name}`)).stdout).toBe('text')
  })

  it('does not remove the source of a move that was stopped', async () => {
    writeFileSync(join(shell.local, 'large'), large)
    const options = { signal: stop.signal, through: stoppingAt('write', 2) }
    expect((await shell.runWith(options, 'mv', join(shell.local, 'large'), shell.volume)).code).toBe(130)
    expect(readdirSync(shell.local)).toEqual(['large'])
  })
})
