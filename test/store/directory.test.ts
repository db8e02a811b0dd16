// What only a directory has: files of others, names on disk, several processes, restarts and dead owners.

import { execFile, spawnSync } from 'node:child_process'
import { linkSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { md5Hex, utf8 } from '../../src/base/bytes.ts'
import { systemRandom } from '../../src/base/system.ts'
import { createDirectoryStore } from '../../src/store/directory.ts'
import { hashKey } from '../../src/store/local/tree/key-place.ts'
import { isDead, thisOwner } from '../../src/store/local/tree/process-lock.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { failure, getText, plain, putText } from '../support/store-kit.ts'

let root = ''
let store: ObjectStore

const open = (): Promise<ObjectStore> => createDirectoryStore({ root, durable: false })

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bucketfs-directory-'))
  store = await open()
})

afterEach(async () => {
  await store.close()
  await rm(root, { recursive: true })
})

async function listed(prefix = ''): Promise<string[]> {
  return (await store.list({ prefix })).objects.map(({ key }) => key)
}

describe('files of others', () => {
  it('are objects with an MD5 ETag, and an object is an ordinary file', async () => {
    await mkdir(join(root, 'a/b'), { recursive: true })
    await writeFile(join(root, 'a/b/foreign.txt'), 'by hand')
    await putText(store, 'a/ours.txt', 'by us')
    expect(await readFile(join(root, 'a/ours.txt'), 'utf8')).toBe('by us')
    expect(await listed()).toEqual(['a/b/foreign.txt', 'a/ours.txt'])
    const head = await store.head('a/b/foreign.txt')
    expect(head).toMatchObject({ size: 7, etag: md5Hex([utf8('by hand')]), headers: { metadata: {} } })
    await failure(putText(store, 'a/b/foreign.txt', 'x', { ifNoneMatch: '*' }), 'precondition')
    await putText(store, 'a/b/foreign.txt', 'replaced', { ifMatch: head.etag })
    expect(await readFile(join(root, 'a/b/foreign.txt'), 'utf8')).toBe('replaced')
  })

  it('written over an object of ours in place void what we knew of it', async () => {
    const { etag } = await putText(store, 'f', 'ours', { headers: { metadata: { mode: '1' } } })
    expect((await store.head('f')).headers.metadata).toEqual({ mode: '1' })
    await writeFile(join(root, 'f'), 'them')
    await utimes(join(root, 'f'), 1000, 1000)
    const head = await store.head('f')
    expect(head).toMatchObject({ etag: md5Hex([utf8('them')]), lastModified: 1_000_000, headers: { metadata: {} } })
    await failure(putText(store, 'f', 'x', { ifMatch: etag }), 'precondition')
    expect((await store.list()).objects).toMatchObject([{ key: 'f', etag: head.etag }])
  })

  it('that are links are no objects, and are not replaced', async () => {
    await writeFile(join(root, 'target'), 'secret')
    await symlink(join(root, 'target'), join(root, 'link'))
    expect(await listed()).toEqual(['target'])
    await failure(store.get('link'), 'not-found')
    await putText(store, 'link', 'ours')
    expect(await getText(store, 'link')).toBe('ours')
    expect(await readFile(join(root, 'target'), 'utf8')).toBe('secret')
    expect(await listed()).toEqual(['link', 'target'])
  })
})

describe('keys', () => {
  it('of every kind come back, also after a restart, and none escapes the directory', async () => {
    const long = 's'.repeat(300)
    const keys = [
      '../x',
      './x',
      '/abs',
      '//',
      'a',
      'a/',
      'a/b',
      'a/b/',
      'a//b',
      '.',
      '..',
      '.bucketfs-store/x',
      '%00',
      'nul\0x',
      long,
      `${long}/x`,
    ]
    for (const key of keys) await putText(store, key, key, { headers: { metadata: { key: 'kept' } } })
    await store.close()
    store = await open()
    for (const key of keys) {
      expect(await getText(store, key)).toBe(key)
      expect((await store.head(key)).headers.metadata).toEqual({ key: 'kept' })
    }
    expect((await listed()).sort()).toEqual([...keys].sort())
    expect((await readdir(tmpdir())).includes('x')).toBe(false)
    expect((await readdir(root)).sort()).toEqual(['.bucketfs-store', '%00', 'a'].sort())
    expect(await store.deleteMany(keys.map((key) => ({ key })))).toEqual([])
    expect(await listed()).toEqual([])
    expect(await readdir(root)).toEqual(['.bucketfs-store'])
  })

  it('deleted take their empty folders along, so that the name is free for an object', async () => {
    await putText(store, 'a/b/c', 'x')
    await store.delete('a/b/c')
    expect(await readdir(root)).toEqual(['.bucketfs-store'])
    await mkdir(join(root, 'empty'))
    await putText(store, 'empty', 'x')
    expect(await readFile(join(root, 'empty'), 'utf8')).toBe('x')
  })
})

describe('restart', () => {
  it('keeps uploads, tags and multipart ETags', async () => {
    const uploadId = await store.createUpload('up', { headers: { metadata: { n: 'v' } }, tags: 'a=1' })
    const part = await store.uploadPart('up', uploadId, 1, utf8('part'))
    await store.close()
    await failure(store.head('up'), 'aborted')
    store = await open()
    expect(await store.listUploads('')).toMatchObject([{ key: 'up', uploadId }])
    const { etag } = await store.completeUpload('up', uploadId, [part])
    await store.close()
    store = await open()
    expect(await store.head('up')).toMatchObject({ etag, headers: { metadata: { n: 'v' } }, tagCount: 1 })
    expect(etag).toMatch(/-1$/)
    expect(await store.listUploads('')).toEqual([])
  })

  it('a missing directory that may not be made is no-bucket', async () => {
    await failure(createDirectoryStore({ root: join(root, 'none'), create: false }), 'no-bucket')
    await writeFile(join(root, 'file'), '')
    await failure(createDirectoryStore({ root: join(root, 'file') }), 'no-bucket')
  })
})

describe('processes', () => {
  it('two of them on one directory lose no update and create each key once', async () => {
    await putText(store, 'counter', '0')
    const rounds = 40
    const racer = new URL('../support/store-racer.ts', import.meta.url).pathname
    const run = (): Promise<{ stdout: string }> =>
      promisify(execFile)(process.execPath, ['--import', 'tsx', racer, root, String(rounds)])
    const both = await Promise.all([run(), run()])
    expect(await getText(store, 'counter')).toBe(String(2 * rounds))
    const created = both.map(({ stdout }) => Number(stdout))
    expect((created[0] as number) + (created[1] as number)).toBe(rounds)
    expect(await listed('dir/')).toHaveLength(rounds)
  }, 60_000)

  it('a lock and staged bytes left by a dead one are cleared away', async () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    const dead = { ...thisOwner(systemRandom), pid, started: '1' }
    const area = join(root, '.bucketfs-store')
    const ownerPath = join(area, 'owners', dead.id)
    await writeFile(ownerPath, JSON.stringify(dead))
    linkSync(ownerPath, join(area, 'locks', hashKey('key').slice(0, 2)))
    await mkdir(join(area, 'staging', dead.id))
    await writeFile(join(area, 'staging', dead.id, 'half'), 'half')
    await putText(store, 'key', 'after all')
    expect(await readdir(join(area, 'locks'))).toEqual([])
    const second = await open()
    await second.close()
    expect(await readdir(join(area, 'staging'))).not.toContain(dead.id)
  })

  it('only an owner that is certainly gone counts as dead', () => {
    const self = thisOwner(systemRandom)
    expect(isDead(self)).toBe(false)
    expect(isDead({ ...self, started: '1' })).toBe(true)
    expect(isDead({ ...self, boot: 'before' })).toBe(true)
    expect(isDead({ ...self, pidNamespace: 'pid:[1]', pid: 1 << 22 })).toBe(false)
    expect(isDead({ ...self, host: `not-${hostname()}`, boot: 'other' })).toBe(false)
  })

  it('another store on the same directory sees metadata changes at once', async () => {
    const other = await open()
    await putText(store, 'f', 'body')
    expect((await other.head('f')).headers.metadata).toEqual({})
    await store.copy('f', 'f', { headers: { metadata: { mode: '1' } } })
    expect((await other.head('f')).headers.metadata).toEqual({ mode: '1' })
    await store.put('f', utf8('body'), { headers: plain })
    expect((await other.head('f')).headers.metadata).toEqual({})
    await other.close()
  })
})
