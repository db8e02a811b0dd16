// P2, in one process: what conditions go out, and what becomes of both sides of a lost race.

import { describe, expect, it } from 'vitest'
import { MiB, utf8 } from '../../src/base/bytes.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { O_APPEND, O_CREAT, O_EXCL, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/volume/types.ts'
import { createMemoryFolder } from '../support/local-files-memory.ts'
import { createManualClock } from '../support/store-clock.ts'
import { getText, patterned, putText } from '../support/store-kit.ts'
import { root } from '../support/volume-kit.ts'
import { errorOf, gate, kitOf, losingReplies, openHandle } from './kit.ts'

/** Every change that reaches the bucket, with its conditions. */
function watched(bucket: ObjectStore): { readonly store: ObjectStore; readonly changes: Record<string, unknown>[] } {
  const changes: Record<string, unknown>[] = []
  const log = (operation: string, key: string, options: object = {}): void => {
    const { ifMatch, ifNoneMatch, sourceIfMatch, purpose } = options as Record<string, unknown>
    if (purpose !== 'side') changes.push({ operation, key, ifMatch, ifNoneMatch, sourceIfMatch })
  }
  const store: ObjectStore = {
    ...bucket,
    put: (key, body, options) => (log('put', key, options), bucket.put(key, body, options)),
    copy: (from, key, options) => (log('copy', key, options), bucket.copy(from, key, options)),
    delete: (key, options) => (log('delete', key, options), bucket.delete(key, options)),
    deleteMany(entries, options) {
      for (const { key, ifMatch } of entries) log('deleteMany', key, { ...options, ifMatch })
      return bucket.deleteMany(entries, options)
    },
    completeUpload: (key, id, parts, options) => (
      log('complete', key, options),
      bucket.completeUpload(key, id, parts, options)
    ),
    copyPart: (key, id, number, from, options) => (
      log('copyPart', key, options),
      bucket.copyPart(key, id, number, from, options)
    ),
  }
  return { store, changes }
}

describe('conditions', () => {
  it('P2.1 creates go out with If-None-Match: *', async () => {
    const { store, changes } = watched(createMemoryStore())
    const { calls, write } = await kitOf({ bucket: store })
    await write('/f', 'x')
    await calls.mkdir(root, '/d', 0o755, false)
    await calls.symlink(root, 'f', '/l')
    expect(changes.map(({ operation, key, ifNoneMatch }) => [operation, key, ifNoneMatch])).toEqual([
      ['put', 'f', '*'],
      ['put', 'd/', '*'],
      ['put', 'l', '*'],
    ])
  })

  it('P2.2 replacements go out with If-Match: the version seen', async () => {
    const { store, changes } = watched(createMemoryStore())
    const { etag } = await putText(store, 'f', 'old')
    const big = await store.put('big', patterned(12 * MiB), { headers: { metadata: {} } })
    const kit = await kitOf({ bucket: store, putBytesMax: 8 * MiB, partBytes: 5 * MiB })
    changes.length = 0
    await kit.write('/f', 'new')
    const handle = await openHandle(kit, '/big', O_WRONLY | O_APPEND)
    await kit.calls.write(handle, 0, utf8('x'))
    await kit.calls.close(handle)
    expect(changes.filter(({ operation }) => operation !== 'copyPart')).toMatchObject([
      { operation: 'put', key: 'f', ifMatch: etag },
      { operation: 'complete', key: 'big', ifMatch: big.etag },
    ])
  })

  it('P2.3 copies carry the version of the source and the condition of the destination', async () => {
    const { store, changes } = watched(createMemoryStore())
    const { etag } = await putText(store, 'a', 'one')
    const there = await putText(store, 'b', 'other')
    const big = await store.put('big', patterned(12 * MiB), { headers: { metadata: {} } })
    const kit = await kitOf({ bucket: store, putBytesMax: 8 * MiB, partBytes: 5 * MiB })
    changes.length = 0
    await kit.calls.setAttributes(root, '/a', { mode: 0o600 }, true)
    expect(changes).toMatchObject([{ operation: 'copy', key: 'a', sourceIfMatch: etag, ifMatch: etag }])
    changes.length = 0
    await kit.calls.rename(root, '/a', '/new')
    const moved = (await store.head('new')).etag
    expect(changes[0]).toMatchObject({ operation: 'copy', key: 'new', ifNoneMatch: '*' })
    expect(changes[0]?.['sourceIfMatch']).toBeDefined()
    changes.length = 0
    await kit.calls.rename(root, '/new', '/b')
    expect(changes[0]).toMatchObject({ operation: 'copy', key: 'b', sourceIfMatch: moved, ifMatch: there.etag })
    changes.length = 0
    const handle = await openHandle(kit, '/big', O_WRONLY | O_APPEND)
    await kit.calls.write(handle, 0, utf8('x'))
    await kit.calls.close(handle)
    const parts = changes.filter(({ operation }) => operation === 'copyPart')
    expect(parts.length).toBeGreaterThan(0)
    for (const part of parts) expect(part).toMatchObject({ sourceIfMatch: big.etag })
  })

  it('P2.4 deletes, also inside DeleteObjects, carry the version seen', async () => {
    const { store, changes } = watched(createMemoryStore())
    const { etag } = await putText(store, 'f', 'old')
    for (let i = 0; i < 3; i++) await putText(store, `d/${i}`, `${i}`)
    const { calls } = await kitOf({ bucket: store })
    changes.length = 0
    await calls.unlink(root, '/f')
    await calls.remove(root, '/d', { recursive: true, force: false })
    expect(changes[0]).toMatchObject({ operation: 'delete', key: 'f', ifMatch: etag })
    const rest = changes.filter(({ operation }) => operation === 'deleteMany')
    expect(rest).toHaveLength(3)
    for (const { ifMatch } of rest) expect(ifMatch).toEqual(expect.any(String))
  })
})

describe('a lost race about contents', () => {
  it.each(['fsync', 'close'] as const)(
    'P2.5 leaves the remote version and gives the writer ESTALE at %s',
    async (when) => {
      const kit = await kitOf()
      await kit.write('/f', 'one')
      const handle = await openHandle(kit, '/f')
      await kit.calls.write(handle, 0, utf8('mine'))
      await putText(kit.bucket, 'f', 'theirs')
      const error = await errorOf(when === 'fsync' ? kit.calls.fsync(handle) : kit.calls.close(handle))
      expect(error.code).toBe('ESTALE')
      expect(await getText(kit.bucket, 'f')).toBe('theirs')
      if (when === 'fsync') await kit.calls.close(handle)
    },
  )

  it('P2.5 holds for two creators of one name, and for a deleted file', async () => {
    const kit = await kitOf()
    const created = await openHandle(kit, '/new', O_WRONLY | O_CREAT)
    await kit.calls.write(created, 0, utf8('mine'))
    await putText(kit.bucket, 'new', 'theirs')
    expect(await errorOf(kit.calls.close(created))).toMatchObject({ code: 'ESTALE' })
    expect(await getText(kit.bucket, 'new')).toBe('theirs')
    await kit.write('/old', 'one')
    const changed = await openHandle(kit, '/old')
    await kit.calls.write(changed, 0, utf8('mine'))
    await kit.bucket.delete('old')
    const { code, conflictPath = '' } = await errorOf(kit.calls.close(changed))
    expect(code).toBe('ESTALE')
    expect(await kit.read(conflictPath)).toBe('mine')
    expect(await kit.keys()).toEqual(
      ['new', ...(await kit.keys()).filter((key) => key.startsWith('.bucketfs/'))].toSorted(),
    )
  })

  it('P2.6 keeps the local bytes under .bucketfs/data/conflicts/PATH.<UTC>-<id>, named in the error, the log and the metrics', async () => {
    const logged: string[] = []
    const warn = (message: string, fields?: object): void => void logged.push(message + JSON.stringify(fields))
    const log = { debug: () => {}, info: () => {}, warn, error: warn }
    const kit = await kitOf({ components: { log } })
    await kit.calls.mkdir(root, '/d', 0o755, false)
    await kit.write('/d/f', 'one')
    const handle = await openHandle(kit, '/d/f')
    await kit.calls.write(handle, 0, utf8('mine'))
    await putText(kit.bucket, 'd/f', 'theirs')
    const { message, conflictPath = '' } = await errorOf(kit.calls.close(handle))
    expect(conflictPath).toMatch(/^\/\.bucketfs\/data\/conflicts\/d\/f\.\d{8}T\d{6}Z-[0-9a-f]{8}$/)
    expect(message).toContain(conflictPath)
    expect(logged.join('\n')).toContain(conflictPath)
    expect(kit.volume.metrics()['conflicts']).toBe(1)
    expect(await kit.read(conflictPath)).toBe('mine')
    await kit.calls.unlink(root, conflictPath)
    expect(await kit.keys()).toEqual(['d/', 'd/f'])
  })

  it("P2.7 keeps them beside the file under conflictCopies: 'beside'", async () => {
    const kit = await kitOf({ conflictCopies: 'beside' })
    await kit.write('/f', 'one')
    const handle = await openHandle(kit, '/f')
    await kit.calls.write(handle, 0, utf8('mine'))
    await putText(kit.bucket, 'f', 'theirs')
    const { conflictPath = '' } = await errorOf(kit.calls.close(handle))
    expect(conflictPath).toMatch(/^\/f\.conflict\.\d{8}T\d{6}Z-[0-9a-f]{8}$/)
    expect(await kit.read(conflictPath)).toBe('mine')
    expect((await kit.calls.readdir(root, '/')).map(({ name }) => `/${name}`)).toEqual(['/f', conflictPath])
  })

  it('P2.8 keeps the dirty extents, with a note of what is missing, when the rest can no longer be read', async () => {
    const kit = await kitOf()
    await kit.bucket.put('f', patterned(3 * MiB), { headers: { metadata: {} } })
    const handle = await openHandle(kit, '/f')
    await kit.calls.write(handle, 2 * MiB, utf8('mine'))
    await putText(kit.bucket, 'f', 'theirs')
    const { conflictPath = '' } = await errorOf(kit.calls.close(handle))
    const copy = Buffer.from(await kit.calls.readFile(root, conflictPath))
    expect(copy.subarray(2 * MiB, 2 * MiB + 4).toString()).toBe('mine')
    const note = await kit.read(`${conflictPath}.missing.json`)
    expect(note).toContain(`[0,${2 * MiB}]`)
    expect(note).toContain('/f')
  })

  it('P2.9 drops the cached version with ESTALE, so that a retry sees the remote one and wins', async () => {
    const kit = await kitOf()
    await kit.write('/f', 'one')
    const edit = async (): Promise<void> => {
      const handle = await openHandle(kit, '/f')
      const text = Buffer.from(await kit.calls.read(handle, 0, 100)).toString()
      if (!text.startsWith('theirs')) await putText(kit.bucket, 'f', 'theirs')
      await kit.calls.write(handle, text.length, utf8('+mine'))
      await kit.calls.close(handle)
    }
    expect(await errorOf(edit())).toMatchObject({ code: 'ESTALE' })
    await edit()
    expect(await getText(kit.bucket, 'f')).toBe('theirs+mine')
  })

  it('P2.10 a truncating open replaces a version older than itself without ESTALE, as nothing of it was to be kept', async () => {
    const kit = await kitOf()
    await putText(kit.bucket, 'f', 'one')
    await kit.calls.stat(root, '/f', true)
    await putText(kit.bucket, 'f', 'two')
    await kit.clock.advance(500)
    kit.metrics.reset()
    await kit.clock.advance(400)
    const handle = await openHandle(kit, '/f', O_WRONLY | O_TRUNC)
    await kit.calls.write(handle, 0, utf8('three'))
    await kit.calls.close(handle).catch(() => undefined)
    // Within the same second nothing proves the order: either it is replaced, or both are kept.
    const text = await getText(kit.bucket, 'f')
    const conflicts = (await kit.keys()).filter((key) => key.includes('conflicts/'))
    expect([text, conflicts.length]).toEqual(text === 'three' ? ['three', 0] : ['two', 1])
  })
})

describe('a lost race about a streamed file', () => {
  it.each([true, false])(
    'P2.5 P2.6 leaves the remote version and keeps all local bytes (spool: %s)',
    async (spooled) => {
      const components = spooled ? { spoolFiles: createMemoryFolder() } : {}
      const kit = await kitOf({ putBytesMax: 5 * MiB, partBytes: 5 * MiB, memoryBytesMax: 24 * MiB, components })
      const handle = await openHandle(kit, '/large', O_WRONLY | O_CREAT)
      const body = patterned(20 * MiB)
      for (let at = 0; at < body.byteLength; at += MiB) {
        if (at === 12 * MiB) await putText(kit.bucket, 'large', 'theirs')
        await kit.calls.write(handle, at, body.subarray(at, at + MiB))
      }
      const { code, conflictPath = '' } = await errorOf(kit.calls.close(handle))
      expect(code).toBe('ESTALE')
      expect(await getText(kit.bucket, 'large')).toBe('theirs')
      expect(Buffer.compare(await kit.calls.readFile(root, conflictPath), body)).toBe(0)
      expect(await kit.bucket.listUploads('')).toEqual([])
      const left = (await kit.keys()).filter((key) => key.startsWith('.bucketfs/data/') && !key.includes('/conflicts/'))
      expect(left).toEqual([])
    },
  )

  it('P2.14 a file written and renamed onto a name that another client took meanwhile keeps both', async () => {
    const kit = await kitOf({ durability: 'memory' })
    await kit.write('/f.tmp', 'mine')
    await kit.calls.rename(root, '/f.tmp', '/f')
    await putText(kit.bucket, 'f', 'theirs')
    await kit.volume.sync().catch(() => undefined)
    const texts = await Promise.all((await kit.keys()).map((key) => getText(kit.bucket, key)))
    expect(texts.toSorted()).toEqual(['mine', 'theirs'])
    expect(await getText(kit.bucket, 'f')).toBe('theirs')
  })

  it.each(['bucket', 'memory'] as const)(
    'P2.11 a rename over a file that another client replaced takes its place or keeps both, under %s',
    async (durability) => {
      const kit = await kitOf({ durability })
      await kit.write('/new', 'mine')
      await kit.write('/f', 'old')
      await kit.volume.sync()
      await putText(kit.bucket, 'f', 'theirs')
      await kit.calls.rename(root, '/new', '/f')
      await kit.volume.sync().catch(() => undefined)
      const texts = await Promise.all((await kit.keys()).map((key) => getText(kit.bucket, key)))
      // A caller who waits replaces what is there now, as rename says; one who does not never replaces it unseen.
      expect(texts.toSorted()).toEqual(durability === 'bucket' ? ['mine'] : ['mine', 'theirs'])
    },
  )
})

describe('write ids', () => {
  it('P2.15 every PUT carries a random id, another one each time', async () => {
    const kit = await kitOf()
    const idOf = async (key: string): Promise<string> =>
      (await kit.bucket.head(key)).headers.metadata['bucketfs-id'] ?? ''
    await kit.write('/f', 'x')
    const first = await idOf('f')
    await kit.write('/f', 'x')
    await kit.write('/g', 'x')
    const ids = [first, await idOf('f'), await idOf('g')]
    for (const id of ids) expect(id).toMatch(/^[0-9a-z-]{8,}$/i)
    expect(new Set(ids).size).toBe(3)
  })

  it('P2.16 after a lost reply a 412 is our own success when HEAD shows our id', async () => {
    let losses = 1
    const clock = createManualClock()
    const bucket = losingReplies(createMemoryStore({ clock }), ({ operation }) => operation === 'put' && losses-- > 0)
    const kit = await kitOf({ bucket, clock })
    await kit.write('/f', 'mine')
    expect(await getText(bucket, 'f')).toBe('mine')
    expect(kit.volume.metrics()['lostReplies']).toBe(1)
    expect(kit.volume.metrics()['conflicts'] ?? 0).toBe(0)
  })

  it('P2.17 equal bytes prove nothing: of two clients that create the same empty lock file one gets EEXIST', async () => {
    const kit = await kitOf()
    const other = await kit.again()
    const exclusive = O_WRONLY | O_CREAT | O_EXCL
    const [mine, theirs] = await Promise.allSettled([
      kit.calls.open(root, '/lock', exclusive, 0o644),
      other.calls.open(root, '/lock', exclusive, 0o644),
    ])
    const lost = [mine, theirs].filter((each) => each.status === 'rejected')
    expect(lost).toHaveLength(1)
    expect((lost[0] as PromiseRejectedResult).reason).toMatchObject({ code: 'EEXIST' })
    await other.close()
  })

  it('P2.17 a lost reply over a rival with equal bytes is a conflict, not a success', async () => {
    const clock = createManualClock()
    const inner = createMemoryStore({ clock })
    let first = true
    const bucket: ObjectStore = {
      ...inner,
      async put(key, body, options) {
        if (key !== 'f' || !first) return inner.put(key, body, options)
        first = false
        // Ours is lost before it arrives, and a rival's equal bytes arrive instead.
        await putText(inner, 'f', 'same')
        return losingReplies({ ...inner, put: async () => ({ etag: '', date: 0 }) }, () => true).put(key, body, options)
      },
    }
    const kit = await kitOf({ bucket, clock })
    expect(await errorOf(kit.write('/f', 'same', O_WRONLY | O_CREAT))).toMatchObject({ code: 'ESTALE' })
  })
})

describe('what is not covered', () => {
  it('P2.18 a foreign change of metadata alone, between our look and our rewrite, is overwritten where it keeps the ETag', async () => {
    const kit = await kitOf()
    await kit.write('/f', 'x')
    const { etag, headers } = await kit.bucket.head('f')
    const changed = { ...headers, metadata: { ...headers.metadata, colour: 'red' } }
    expect((await kit.bucket.copy('f', 'f', { headers: changed })).etag).toBe(etag)
    await kit.write('/f', 'y')
    expect((await kit.bucket.head('f')).headers.metadata['colour']).toBeUndefined()
  })
})

it('P2.5 keeps both sides when the race is decided while the PUT is under way', async () => {
  const clock = createManualClock()
  const bucket = createMemoryStore({ clock })
  const gated = gate(bucket)
  const kit = await kitOf({ bucket: gated.store, clock })
  await kit.write('/f', 'one')
  const handle = await openHandle(kit, '/f', O_RDWR)
  await kit.calls.write(handle, 0, utf8('mine'))
  const release = gated.hold(({ operation, key }) => operation === 'put' && key === 'f')
  const synced = errorOf(kit.calls.fsync(handle))
  await expect.poll(() => gated.heldCount).toBe(1)
  await putText(bucket, 'f', 'theirs')
  release()
  const { code, conflictPath = '' } = await synced
  expect(code).toBe('ESTALE')
  expect([await getText(bucket, 'f'), await kit.read(conflictPath)]).toEqual(['theirs', 'mine'])
  await kit.calls.close(handle)
})
