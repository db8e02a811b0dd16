// P3: what has happened when a call returns, under each durability.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { StoreError } from '../../src/base/errors.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Durability } from '../../src/volume/settings.ts'
import { O_CREAT, O_RDONLY, O_RDWR, O_WRONLY } from '../../src/volume/types.ts'
import { createMemoryFolder } from '../support/local-files-memory.ts'
import { createManualClock } from '../support/store-clock.ts'
import { getText, patterned, putText } from '../support/store-kit.ts'
import { exclusiveFlags, root, type KitOptions, type VolumeKit } from '../support/volume-kit.ts'
import { errorOf, gate, kitOf, openHandle } from './kit.ts'

const durabilities: readonly Durability[] = ['bucket', 'journal', 'memory']

function optionsOf(durability: Durability): KitOptions {
  return { durability, components: { journalFiles: createMemoryFolder() } }
}

/** Whether anything but our own caches is in the bucket. */
async function isThere(kit: VolumeKit, key: string): Promise<boolean> {
  return (await kit.keys()).includes(key)
}

describe('fsync', () => {
  it.each(durabilities)('P3.1 returns when the bucket has the file, under %s', async (durability) => {
    const kit = await kitOf(optionsOf(durability))
    const handle = await openHandle(kit, '/f', O_RDWR | O_CREAT)
    await kit.calls.write(handle, 0, utf8('text'))
    expect(await isThere(kit, 'f')).toBe(false)
    await kit.calls.fsync(handle)
    expect(await getText(kit.bucket, 'f')).toBe('text')
    await kit.calls.close(handle)
  })

  it.each(durabilities)("P3.13 includes the file's own pending names, under %s", async (durability) => {
    const kit = await kitOf(optionsOf(durability))
    await kit.write('/f', 'text')
    await kit.calls.rename(root, '/f', '/g')
    await kit.calls.setAttributes(root, '/g', { mode: 0o600 }, true)
    const handle = await openHandle(kit, '/g', O_RDONLY)
    await kit.calls.fsync(handle)
    expect(await kit.keys()).toEqual(['g'])
    expect((await kit.bucket.head('g')).headers.metadata['mode']).toBe(String(0o100600))
    await kit.calls.close(handle)
  })

  it.each(durabilities)(
    'P3.14 of a directory waits for everything pending on its entries, under %s',
    async (durability) => {
      const kit = await kitOf(optionsOf(durability))
      await kit.calls.mkdir(root, '/d', 0o755, false)
      await kit.write('/d/old', '1')
      await kit.volume.sync()
      await kit.calls.unlink(root, '/d/old')
      await kit.write('/d/a', '2')
      await kit.calls.rename(root, '/d/a', '/d/b')
      await kit.calls.symlink(root, 'b', '/d/l')
      await kit.calls.fsyncDirectory(root, '/d')
      expect(await kit.keys()).toEqual(['d/', 'd/b', 'd/l'])
    },
  )
})

describe('close', () => {
  it('P3.3 and writeFile return when the object is in the bucket, under bucket', async () => {
    const kit = await kitOf()
    const handle = await openHandle(kit, '/f', O_RDWR | O_CREAT)
    await kit.calls.write(handle, 0, utf8('text'))
    await kit.calls.close(handle)
    expect(await getText(kit.bucket, 'f')).toBe('text')
    await kit.write('/g', 'whole')
    expect(await getText(kit.bucket, 'g')).toBe('whole')
  })

  it('P3.4 returns when the journal has it on disk, and the upload follows, under journal', async () => {
    const folder = createMemoryFolder()
    const kit = await kitOf({ durability: 'journal', components: { journalFiles: folder } })
    const before = folder.bytes
    await kit.write('/f', 'remember me')
    expect(await kit.keys()).toEqual([])
    expect(folder.bytes).toBeGreaterThan(before)
    const text = [...folder.contents.values()].map((bytes) => Buffer.from(bytes).toString('latin1')).join('')
    expect(text).toContain('remember me')
    await kit.clock.advance(2000)
    await expect.poll(() => isThere(kit, 'f')).toBe(true)
  })

  it('P3.4 fails, and nothing was acknowledged, when the journal cannot be written', async () => {
    const folder = createMemoryFolder()
    const kit = await kitOf({ durability: 'journal', components: { journalFiles: folder } })
    folder.writeFault = 'EIO'
    expect(await errorOf(kit.write('/f', 'text'))).toMatchObject({ code: 'EIO' })
    folder.writeFault = undefined
  })

  it('P3.5 returns at once, and the upload follows, under memory', async () => {
    const kit = await kitOf({ durability: 'memory' })
    await kit.write('/f', 'text')
    expect(await kit.keys()).toEqual([])
    await kit.clock.advance(2000)
    await expect.poll(() => isThere(kit, 'f')).toBe(true)
  })

  it('P3.15 tells a failure of write-back once, at the next fsync or close of that file', async () => {
    const clock = createManualClock()
    const bucket = createMemoryStore({ clock })
    let denies = true
    const kit = await kitOf({
      bucket,
      clock,
      durability: 'memory',
      before({ operation, key }) {
        if (denies && operation === 'put') throw new StoreError({ kind: 'denied', operation, key, status: 403 })
      },
    })
    const handle = await openHandle(kit, '/f', O_RDWR | O_CREAT)
    await kit.calls.write(handle, 0, utf8('text'))
    expect(await errorOf(kit.calls.fsync(handle))).toMatchObject({ code: 'EACCES' })
    denies = false
    await kit.calls.fsync(handle)
    expect(await getText(bucket, 'f')).toBe('text')
    await kit.calls.close(handle)
  })
})

describe('names', () => {
  const operations: readonly (readonly [string, (kit: VolumeKit) => Promise<unknown>, readonly string[]])[] = [
    ['mkdir', ({ calls }) => calls.mkdir(root, '/d', 0o755, false), ['d/', 'f']],
    ['symlink', ({ calls }) => calls.symlink(root, 'f', '/l'), ['f', 'l']],
    ['rename', ({ calls }) => calls.rename(root, '/f', '/g'), ['g']],
    ['unlink', ({ calls }) => calls.unlink(root, '/f'), []],
  ]

  it.each(operations)('P3.6 %s returns when the bucket shows it, under bucket', async (_, operation, keys) => {
    const kit = await kitOf()
    await kit.write('/f', 'text')
    await operation(kit)
    expect(await kit.keys()).toEqual(keys)
  })

  it.each(operations)(
    'P3.8 %s returns when it is journaled, and at once under memory; sync waits for the bucket',
    async (_, operation, keys) => {
      for (const durability of ['journal', 'memory'] as const) {
        const kit = await kitOf(optionsOf(durability))
        await kit.write('/f', 'text')
        await kit.volume.sync()
        await operation(kit)
        expect(await kit.keys()).toEqual(['f'])
        await kit.volume.sync()
        expect(await kit.keys()).toEqual(keys)
      }
    },
  )

  it('P3.7 the rename of a directory returns when its intent is in the bucket, and objects follow', async () => {
    const clock = createManualClock()
    const gated = gate(createMemoryStore({ clock }))
    const kit = await kitOf({ bucket: gated.store, clock })
    await kit.calls.mkdir(root, '/d', 0o755, false)
    for (let i = 0; i < 5; i++) await kit.write(`/d/${i}`, `${i}`)
    const release = gated.hold(({ operation }) => operation === 'copy')
    await kit.calls.rename(root, '/d', '/e')
    const keys = await kit.keys()
    expect(keys.filter((key) => key.startsWith('.bucketfs/data/renames/'))).toHaveLength(1)
    expect(keys).toContain('d/0')
    expect(await kit.read('/e/3')).toBe('3')
    release()
    await kit.volume.sync()
    expect(await kit.keys()).toEqual(['e/', 'e/0', 'e/1', 'e/2', 'e/3', 'e/4'])
  })

  it.each(durabilities)(
    'P3.9 creating by open is no name operation: the name goes out at the first fsync or close, under %s',
    async (durability) => {
      const kit = await kitOf(optionsOf(durability))
      const handle = await openHandle(kit, '/f', O_RDWR | O_CREAT)
      expect(await kit.keys()).toEqual([])
      expect((await kit.calls.readdir(root, '/')).map(({ name }) => name)).toEqual(['f'])
      await kit.calls.fsync(handle)
      expect(await kit.keys()).toEqual(['f'])
      await kit.calls.close(handle)
    },
  )
})

describe('O_EXCL', () => {
  it('P3.10 under bucket puts the empty object at once and gives EEXIST itself', async () => {
    const kit = await kitOf()
    const other = await kit.again()
    const { handle } = await kit.calls.open(root, '/lock', exclusiveFlags, 0o644)
    expect((await kit.bucket.head('lock')).size).toBe(0)
    expect(await errorOf(other.calls.open(root, '/lock', exclusiveFlags, 0o644))).toMatchObject({ code: 'EEXIST' })
    await kit.calls.close(handle)
    await other.close()
  })

  it('P3.11 writeFile and copyFile with exclusive flags stay one request', async () => {
    const kit = await kitOf()
    await kit.calls.readdir(root, '/')
    kit.requests()
    await kit.write('/f', 'text', exclusiveFlags)
    expect(kit.requests()).toEqual({ put: 1 })
    await kit.calls.copyFile(root, '/f', '/g', true)
    expect(kit.requests()).toEqual({ copy: 1 })
    expect(await errorOf(kit.calls.copyFile(root, '/f', '/g', true))).toMatchObject({ code: 'EEXIST' })
  })

  it.each(['journal', 'memory'] as const)(
    'P3.12 under %s excludes within the volume only; a foreign rival is a conflict later',
    async (durability) => {
      const kit = await kitOf(optionsOf(durability))
      const { handle } = await kit.calls.open(root, '/lock', exclusiveFlags, 0o644)
      expect(await errorOf(kit.calls.open(root, '/lock', exclusiveFlags, 0o644))).toMatchObject({ code: 'EEXIST' })
      await kit.calls.write(handle, 0, utf8('mine'))
      await putText(kit.bucket, 'lock', 'theirs')
      const error = await errorOf(kit.calls.fsync(handle))
      expect(['ESTALE', 'EEXIST']).toContain(error.code)
      expect(await getText(kit.bucket, 'lock')).toBe('theirs')
      await kit.calls.close(handle).catch(() => undefined)
    },
  )
})

describe('what is acknowledged is verified', () => {
  it('P3.2 a reply whose checksum is of other bytes is not believed', async () => {
    const clock = createManualClock()
    const inner = createMemoryStore({ clock })
    let lies = 1
    const bucket = {
      ...inner,
      async put(...args: Parameters<typeof inner.put>) {
        const reply = await inner.put(...args)
        if (args[0] !== 'f' || lies-- <= 0) return reply
        // What a damaged transfer would have stored, told by the service itself.
        await inner.put('f', patterned(8), { headers: args[2].headers })
        const { etag, checksum, date } = await inner.head('f')
        return { etag, checksum, date }
      },
    }
    const kit = await kitOf({ bucket, clock })
    await kit.write('/f', 'the text', O_WRONLY | O_CREAT)
    expect(await getText(inner, 'f')).toBe('the text')
  })
})
