import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { findUnrepresentable } from '../../src/cli/doctor/keys.ts'
import { providerFacts } from '../../src/cli/doctor/provider.ts'
import { encodeRenameIntent } from '../../src/format/rename-intent.ts'
import { streamKey, unlinkedKey } from '../../src/format/system-key.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { fullCapabilities, type ObjectStore } from '../../src/store/store.ts'
import { createShell, type Ran, type Shell } from './shell.ts'

const headers = { metadata: {} }
const intent = encodeRenameIntent({ id: '0'.repeat(32), from: 'old/', to: 'new/', renewedMs: 0, owner: 'someone' })
const conflictKey = '.bucketfs/data/conflicts/a.txt.20261125T000000Z-00000000'

describe('doctor', () => {
  let shell: Shell
  let bucket: ObjectStore
  beforeEach(async () => {
    shell = await createShell()
    bucket = await shell.openBucket()
  })
  afterEach(async () => {
    await bucket.close()
    await shell.close()
  })

  /** One of everything that can be left over. */
  async function plant(): Promise<void> {
    await bucket.put('plain.txt', utf8('1'), { headers })
    await bucket.put(streamKey('1'), utf8('stream'), { headers })
    await bucket.put(unlinkedKey('1'), utf8('unlinked'), { headers })
    await bucket.put(intent.key, intent.body, { headers })
    await bucket.put(conflictKey, utf8('mine'), { headers })
    await bucket.createUpload('large.bin', { headers })
  }
  const doctor = (...options: string[]): Promise<Ran> => shell.run('doctor', shell.volume, ...options)
  const kinds = async (...options: string[]): Promise<string[]> =>
    (await doctor('--json', ...options)).stdout
      .trim()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as { kind?: string }).kind ?? [])

  it('says so when nothing is wrong', async () => {
    await bucket.put('plain.txt', utf8('1'), { headers })
    const ran = await doctor()
    expect(ran).toMatchObject({ code: 0, stdout: 'provider: has every condition and operation\nnothing found\n' })
  })

  it('finds what is older than asked for', async () => {
    await plant()
    expect(await kinds('--older', '0s')).toEqual(['upload', 'stream', 'unlinked', 'intent'])
  })

  it('leaves what is young alone, also with --remove', async () => {
    await plant()
    expect(await kinds('--remove')).toEqual([])
    expect(await bucket.listUploads('')).toHaveLength(1)
  })

  it('removes what it found, when asked to, and nothing else', async () => {
    await plant()
    expect((await doctor('--older', '0s', '--remove')).stdout).toContain('4 removed')
    const left = (await bucket.list()).objects.map(({ key }) => key)
    expect(left).toEqual([conflictKey, 'plain.txt'])
    expect(await bucket.listUploads('')).toEqual([])
  })

  it('lists conflict copies and removes them only by their own option', async () => {
    await plant()
    expect(await kinds('--conflicts')).toEqual(['conflict'])
    expect((await doctor('--conflicts')).stdout).toContain(`read them at /${conflictKey} of the volume`)
    await doctor('--conflicts', '--remove')
    expect(await kinds('--conflicts')).toEqual([])
    expect(await bucket.listUploads('')).toHaveLength(1)
  })

  it('names an intent that a newer version may have written, and keeps it', async () => {
    await bucket.put(intent.key, utf8('{"format":"bucketfs-rename","version":99}\n'), { headers })
    expect((await doctor('--older', '0s', '--remove')).stdout).toContain('cannot read')
    expect((await bucket.list()).objects).toHaveLength(1)
  })

  it('writes the attribute indexes anew with --reindex', async () => {
    const folder = join(new URL(shell.volume).pathname, 'folder')
    mkdirSync(folder)
    for (let i = 0; i < 10; i++) {
      writeFileSync(join(folder, `f${i}`), 'put there by somebody else')
      // What changed in this very second may change again: it is not worth a row.
      utimesSync(join(folder, `f${i}`), 1_700_000_000, 1_700_000_000)
    }
    const indexes = async (): Promise<number> =>
      (await bucket.list({ prefix: '.bucketfs/cache/attributes/' })).objects.length
    expect(await indexes()).toBe(0)
    expect(await doctor('--reindex')).toMatchObject({ code: 0 })
    expect(await indexes()).toBeGreaterThan(0)
  })

  it('takes an age it understands only', async () => {
    expect(await doctor('--older', 'yesterday')).toMatchObject({ code: 2 })
  })

  it('refuses the local disk', async () => {
    expect(await shell.run('doctor', shell.local)).toMatchObject({ code: 2 })
  })
})

describe('keys no tree can show', () => {
  async function found(...keys: string[]): Promise<string[]> {
    const store = createMemoryStore()
    for (const key of keys) await store.put(key, utf8('1'), { headers })
    const findings: string[] = []
    for await (const { key } of findUnrepresentable(store, new AbortController().signal)) findings.push(key)
    return findings
  }

  it.each([
    ['an empty name', 'a//b'],
    ['a slash at the start', '/a'],
    ['a dot', 'a/./b'],
    ['two dots at the end', 'a/..'],
    ['a long name', 'x'.repeat(256)],
    ['a false escape', '.bucketfs%41'],
  ])('%s', async (_what, key) => {
    expect(await found('plain', key, 'z/plain')).toEqual([key])
  })

  it('an object hidden by a directory of its name, however far apart they are listed', async () => {
    expect(await found('a', 'a!', 'a!x', 'a.txt', 'a/b', 'a/c', 'ab')).toEqual(['a/b'])
  })

  it('an object hidden by a directory marker', async () => {
    expect(await found('a', 'a/')).toEqual(['a/'])
  })

  it('nothing in an ordinary tree, nor in the system folder', async () => {
    expect(await found('a/', 'a/b', 'c', 'c.d', '.bucketfs/data/x//y', '.bucketfs%.bucketfs%25')).toEqual([])
  })
})

describe('what a provider lacks', () => {
  it('is told with what the volume does instead', () => {
    const lacking = providerFacts({ ...fullCapabilities, deleteIfMatch: false }).filter(({ has }) => !has)
    expect(lacking).toEqual([{ capability: 'deleteIfMatch', has: false, otherwise: expect.stringContaining('unsafe') }])
  })
})
