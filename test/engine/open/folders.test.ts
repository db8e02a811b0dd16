// Local folders that cannot be used: named, with a way out, or done without where nothing was promised.

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { LogFields, Logger } from '../../../src/base/log.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { openFolders } from '../../../src/engine/open/folders.ts'
import type { OpenVolumeOptions } from '../../../src/engine/open/options.ts'
import { planVolume } from '../../../src/engine/open/plan.ts'
import type { VolumePlan } from '../../../src/engine/open/plan.ts'
import { openLocalFiles } from '../../../src/engine/local-files.ts'
import { useTestHome } from '../../support/engine-home.ts'

const home = useTestHome()
const warnings: { readonly message: string; readonly fields: LogFields | undefined }[] = []
const log: Logger = { ...silentLogger, warn: (message, fields) => void warnings.push({ message, fields }) }
const undo: (() => void)[] = []
afterEach(() => {
  for (const step of undo.splice(0).toReversed()) step()
  warnings.length = 0
})

const plan = (options: OpenVolumeOptions = {}, url = 's3://bucket'): VolumePlan =>
  planVolume(url, options, process.env).plan

it('keeps journal and spool in the state folder and blocks in the cache folder, private to the user', async () => {
  const folders = await openFolders(plan({ durability: 'journal' }), log)
  for (const files of [folders.journalFiles, folders.spoolFiles, folders.cacheFiles])
    expect(await files?.list()).toEqual([])
  const [volume] = readdirSync(join(home.current.stateHome, 'bucketfs')) as [string]
  const slot = join(home.current.stateHome, 'bucketfs', volume, 'slots', '0')
  expect(readdirSync(slot).toSorted()).toEqual(['journal', 'owner.json', 'spool'])
  expect(statSync(join(slot, 'journal')).mode & 0o777).toBe(0o700)
  expect(readdirSync(join(home.current.cacheHome, 'bucketfs'))).toEqual([volume])
  await folders.release()
})

it('needs no folder for a bucket in memory', async () => {
  const folders = await openFolders(plan({}, 'memory:'), log)
  expect([folders.journalFiles, folders.spoolFiles, folders.cacheFiles]).toEqual([undefined, undefined, undefined])
})

it('makes no journal where the volume may not be changed', async () => {
  const folders = await openFolders(plan({ durability: 'journal', readOnly: true }), log)
  expect(folders.journalFiles).toBeUndefined()
  await folders.release()
})

it('names the process that has an explicit journal folder', async () => {
  const journalDir = join(home.current.path, 'mine')
  const first = await openFolders(plan({ journalDir }), log)
  await expect(openFolders(plan({ journalDir }), log)).rejects.toMatchObject({
    code: 'EBUSY',
    message: expect.stringMatching(
      new RegExp(`journal folder ${journalDir} is in use by process ${process.pid}.*another journalDir`),
    ),
  })
  await first.release()
  await (await openFolders(plan({ journalDir }), log)).release()
})

it('hands over the journal that its slot still holds when it keeps none itself', async () => {
  const before = await openFolders(plan({ durability: 'journal' }), log)
  const file = await before.journalFiles?.open('segment')
  await file?.write(0, Buffer.from('promised'))
  await file?.close()
  await before.release()
  const after = await openFolders(plan({ durability: 'bucket' }), log)
  expect(after.journalFiles).toBeUndefined()
  expect(await after.orphanedJournals[0]?.list()).toEqual(['segment'])
  await after.release()
})

it('throws away what a former owner had spooled', async () => {
  const before = await openFolders(plan(), log)
  await (await before.spoolFiles?.open('scratch'))?.close()
  await before.release()
  const after = await openFolders(plan(), log)
  expect(await after.spoolFiles?.list()).toEqual([])
  await after.release()
})

interface Trouble {
  readonly code: string
  /** Makes `folder` unusable; false where this machine cannot. */
  readonly make: (folder: string) => boolean
}

const troubles: Readonly<Record<string, Trouble>> = {
  'a file in its place': { code: 'ENOTDIR', make: (folder) => (writeFileSync(folder, ''), true) },
  'a read-only file system': { code: 'EROFS', make: (folder) => mount(folder, 'ro') },
  'a full disk': { code: 'ENOSPC', make: (folder) => mount(folder, 'size=16k') && fill(folder) },
  'no permission': { code: 'EACCES', make: forbid },
}

describe.each(Object.entries(troubles))('a folder with %s', (name, { code, make }) => {
  const trouble = (folder: string): void => {
    // Only root can mount.
    if (make(folder)) return
    console.warn(`skipped: this user cannot make ${name}`)
    skipped = true
  }
  let skipped = false

  it.each([
    ['journalDir', { durability: 'journal' }],
    ['cacheDir', {}],
  ] as const)('fails the open when it was named as %s', async (option, settings) => {
    const folder = join(home.current.path, 'bad')
    trouble(folder)
    if (skipped) return
    await expect(openFolders(plan({ ...settings, [option]: folder }), log)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(
        new RegExp(`folder ${folder} cannot be used: .*give ${option} a folder that can be written`),
      ),
    })
  })

  it('is done without, with a warning each, when nobody named it and nothing was promised', async () => {
    trouble(home.current.stateHome)
    trouble(home.current.cacheHome)
    if (skipped) return
    const folders = await openFolders(plan(), log)
    expect([folders.spoolFiles, folders.cacheFiles]).toEqual([undefined, undefined])
    expect(warnings.map(({ message }) => message)).toEqual([
      'no local folder for bytes that do not fit in memory',
      'no disk cache',
    ])
  })

  it("fails the open when durability: 'journal' rests on it", async () => {
    trouble(home.current.stateHome)
    if (skipped) return
    await expect(openFolders(plan({ durability: 'journal' }), log)).rejects.toMatchObject({ code })
  })
})

describe('local files', () => {
  it('reads what was written, and less only at the end', async () => {
    const files = await openLocalFiles(join(home.current.path, 'files'))
    const file = await files.open('a')
    await file.write(3, Buffer.from('bytes'))
    expect(Buffer.from(await file.read(0, 100)).toString()).toBe('\0\0\0bytes')
    expect((await file.read(8, 1)).byteLength).toBe(0)
    await file.truncate(4)
    expect(await file.size()).toBe(4)
    await file.sync()
    await file.close()
    await files.rename('a', 'b')
    await files.syncNames()
    expect(await files.list()).toEqual(['b'])
    await files.remove('b')
    await files.remove('b')
    expect(await files.list()).toEqual([])
  })

  it.each(['', '.', '..', 'a/b', '../x', 'a\0'])('refuses the name %j', async (name) => {
    const files = await openLocalFiles(join(home.current.path, 'files'))
    await expect(async () => files.open(name)).rejects.toThrow(RangeError)
  })

  it('follows no symlink, neither of a file nor of the folder', async () => {
    const folder = join(home.current.path, 'files')
    const files = await openLocalFiles(folder)
    writeFileSync(join(home.current.path, 'target'), 'precious')
    symlinkSync(join(home.current.path, 'target'), join(folder, 'link'))
    await expect(files.open('link')).rejects.toMatchObject({ code: 'ELOOP' })
    expect(await files.list()).toEqual([])
    symlinkSync(folder, join(home.current.path, 'alias'))
    await expect(openLocalFiles(join(home.current.path, 'alias'))).rejects.toMatchObject({
      code: expect.stringMatching(/ELOOP|ENOTDIR/),
    })
  })
})

/** Root lacks no permission: it becomes nobody, to whom the whole home is closed. */
function forbid(folder: string): boolean {
  if (process.getuid?.() !== 0) {
    mkdirSync(folder)
    chmodSync(folder, 0o500)
  } else if (process.geteuid?.() === 0) {
    process.seteuid?.(65_534)
    undo.push(() => process.seteuid?.(0))
  }
  return true
}

function mount(folder: string, options: string): boolean {
  if (process.getuid?.() !== 0) return false
  mkdirSync(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return false
  }
  undo.push(() => execFileSync('umount', ['-l', folder]))
  return true
}

function fill(folder: string): boolean {
  for (let i = 0; i < 100; i++) {
    try {
      writeFileSync(join(folder, `ballast${i}`), Buffer.alloc(4096))
    } catch {
      return true
    }
  }
  return false
}
