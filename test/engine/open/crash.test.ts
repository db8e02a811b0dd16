// Processes killed with promises in their journals, and whoever opens the volume next.

import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { openVolume } from '../../../src/index.ts'
import { modulesUrl, useTestHome } from '../../support/engine-home.ts'

const home = useTestHome()
const indexUrl = JSON.stringify(new URL('../../../dist/index.js', import.meta.url).href)

const bucket = (): string => join(home.current.path, 'bucket')
const url = (): string => `file://${bucket()}`

/** A process that has been promised the file `name` and hangs; `kill` ends it. */
function promiseFile(name: string): Promise<{ kill(): Promise<void> }> {
  const source = `
    import { openVolume } from ${indexUrl}
    const { fs } = await openVolume(${JSON.stringify(url())}, { durability: 'journal', writeBackDelayMs: 600_000 })
    fs.writeFileSync('/${name}', 'promised to ${name}')
    console.log('promised')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.stdout.on('data', () => resolve({ kill }))
  })
}

it.each(['journal', 'bucket'] as const)(
  'keeps what killed processes were promised, whoever opens next (%s)',
  async (durability) => {
    const doomed = [await promiseFile('first'), await promiseFile('second')]
    expect(existsSync(join(bucket(), 'first'))).toBe(false)
    for (const process of doomed) await process.kill()
    const volume = await openVolume(url(), { durability })
    expect(volume.fs.readFileSync('/first', 'utf8') + volume.fs.readFileSync('/second', 'utf8')).toBe(
      'promised to firstpromised to second',
    )
    await volume.close()
    expect(readFileSync(join(bucket(), 'first'), 'utf8') + readFileSync(join(bucket(), 'second'), 'utf8')).toBe(
      'promised to firstpromised to second',
    )
  },
)

it('leaves the journal of a living process alone', async () => {
  const living = await promiseFile('living')
  const volume = await openVolume(url(), { durability: 'journal' })
  expect(volume.fs.existsSync('/living')).toBe(false)
  await volume.close()
  const [folder] = readdirSync(join(home.current.stateHome, 'bucketfs')) as [string]
  expect(readdirSync(join(home.current.stateHome, 'bucketfs', folder, 'slots', '0', 'journal'))).not.toEqual([])
  await living.kill()
  const next = await openVolume(url())
  expect(next.fs.readFileSync('/living', 'utf8')).toBe('promised to living')
  await next.close()
})

it('names the living process that has an explicit journal folder', async () => {
  const journalDir = join(home.current.path, 'journal')
  const first = await openVolume(url(), { journalDir, durability: 'journal' })
  await expect(openVolume(url(), { journalDir, durability: 'journal' })).rejects.toMatchObject({
    code: 'EBUSY',
    message: expect.stringContaining(`in use by process ${process.pid}`),
  })
  await first.close()
  await (await openVolume(url(), { journalDir, durability: 'journal' })).close()
})

it('goes on from the journal of an engine that broke, in the same process', async () => {
  const journalDir = join(home.current.path, 'journal')
  const options = { journalDir, durability: 'journal', writeBackDelayMs: 600_000 } as const
  const broken = await openVolume(url(), options)
  await broken.fs.promises.writeFile('/f', 'promised')
  await expect(broken.host(modulesUrl, { directory: '/', crash: true })).rejects.toMatchObject({
    code: 'EIO',
    cause: { message: 'the door broke the engine' },
  })
  await expect(broken.close()).rejects.toMatchObject({ code: 'EIO' })
  const next = await vi.waitFor(() => openVolume(url(), options), { timeout: 5000 })
  expect(next.fs.readFileSync('/f', 'utf8')).toBe('promised')
  await next.close()
})
