// The bytes of a lost race: whole where they can be had, else what there is and a note of what is missing.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { decodeConflictNote } from '../../../src/format/conflict-name.ts'
import type { ObjectHeaders } from '../../../src/store/store.ts'
import { FileContent } from '../../../src/volume/content/file-content.ts'
import { keepConflict, type ConflictJob } from '../../../src/volume/objects/conflict-copy.ts'
import { patterned } from '../../support/store-kit.ts'
import {
  allHeaders,
  createRig,
  frozenOf,
  plainHeaders,
  smallLimits,
  smallSettings,
  versionAt,
  writeAt,
  type Rig,
  type RigOptions,
} from './rig.ts'

const attributes: ConflictJob['attributes'] = {
  mode: 0o100640,
  uid: 7,
  gid: 8,
  rdev: 0,
  atimeNs: 0n,
  mtimeNs: 1_000_000_000n,
  ctimeNs: 1_000_000_000n,
  atimeSet: false,
}

async function keys(rig: Rig): Promise<readonly string[]> {
  return (await rig.bucket.list()).objects.map(({ key }) => key)
}

/** A file of which 10 bytes were changed here, and whose base somebody else has replaced. */
async function lost(size: number, options: RigOptions = {}, headers: ObjectHeaders = plainHeaders) {
  const rig = createRig(options)
  await rig.bucket.put('dir/file', patterned(size), { headers, tags: 'a=1' })
  const content = new FileContent(await versionAt(rig, 'dir/file'))
  await writeAt(rig, content, 1000, utf8('0123456789'))
  const frozen = content.freeze()
  const replace = (): Promise<unknown> => rig.bucket.put('dir/file', utf8('foreign'), { headers: plainHeaders })
  return { rig, frozen, replace, job: { path: '/dir/file', frozen, attributes } satisfies ConflictJob }
}

describe('a conflict copy', () => {
  it('lies under .bucketfs/data/conflicts with the path of the file, and has all of a new file', async () => {
    const rig = createRig()
    const frozen = await frozenOf(rig, utf8('mine'))
    const path = await keepConflict(rig.deps, { path: '/dir/file', frozen, attributes })
    expect(path).toMatch(/^\/\.bucketfs\/data\/conflicts\/dir\/file\.\d{8}T\d{6}Z-[0-9a-f]{8}$/)
    expect(Buffer.from(await rig.bytesOf(path.slice(1))).toString()).toBe('mine')
    expect(rig.counts()).toEqual({ put: 1 })
  })

  it('carries the attributes of the file and its headers, but no lock and no tags', async () => {
    const { rig, job } = await lost(5000, {}, allHeaders)
    const path = await keepConflict(rig.deps, job)
    const headers = await rig.headersOf(path.slice(1))
    expect(headers).toMatchObject({
      contentType: 'text/x-special',
      cacheControl: 'max-age=7',
      metadata: { unknown: 'kept', mode: String(0o100640), uid: '7' },
    })
    expect(headers.objectLockMode).toBeUndefined()
    expect(headers.objectLockLegalHold).toBeUndefined()
    expect(await rig.bucket.getTags(path.slice(1))).toBe('')
  })

  it('is whole while the base can be read', async () => {
    const { rig, job } = await lost(5000)
    const path = await keepConflict(rig.deps, job)
    const expected = patterned(5000)
    expected.set(utf8('0123456789'), 1000)
    expect(Buffer.compare(await rig.bytesOf(path.slice(1)), expected)).toBe(0)
    expect(await keys(rig)).toEqual([path.slice(1), 'dir/file'])
  })

  it('is whole when the base is gone but cached', async () => {
    const { rig, job, replace, frozen } = await lost(5000)
    await rig.deps.reader.read(frozen.base as never, 0, 5000)
    await replace()
    const path = await keepConflict(rig.deps, job)
    const expected = patterned(5000)
    expected.set(utf8('0123456789'), 1000)
    expect(Buffer.compare(await rig.bytesOf(path.slice(1)), expected)).toBe(0)
    expect(await keys(rig)).toEqual([path.slice(1), 'dir/file'])
  })

  it('has what was written here and a note of the rest when the base is gone', async () => {
    const { rig, job, replace } = await lost(5000)
    await replace()
    const path = await keepConflict(rig.deps, job)
    const expected = new Uint8Array(5000)
    expected.set(utf8('0123456789'), 1000)
    expect(Buffer.compare(await rig.bytesOf(path.slice(1)), expected)).toBe(0)
    const note = decodeConflictNote(await rig.bytesOf(`${path.slice(1)}.missing.json`))
    expect(note).toMatchObject({
      ok: true,
      value: {
        path: '/dir/file',
        size: 5000,
        present: [[1000, 10]],
        missing: [
          [0, 1000],
          [1010, 3990],
        ],
      },
    })
  })

  it('of a large file keeps the blocks that are cached', async () => {
    const settings = { ...smallSettings, blockBytes: 65_536 }
    const { rig, job, replace, frozen } = await lost(10_000_000, { settings, limits: smallLimits })
    await rig.deps.reader.read(frozen.base as never, 131_072, 65_536)
    await replace()
    const path = await keepConflict(rig.deps, job)
    const note = decodeConflictNote(await rig.bytesOf(`${path.slice(1)}.missing.json`))
    expect(note).toMatchObject({
      value: {
        present: [
          [1000, 10],
          [131_072, 65_536],
        ],
      },
    })
    const bytes = await rig.bytesOf(path.slice(1))
    expect(Buffer.compare(bytes.subarray(131_072, 196_608), patterned(10_000_000).subarray(131_072, 196_608))).toBe(0)
    expect(bytes.byteLength).toBe(10_000_000)
  })

  it('is copied inside the bucket when its base is large and there', async () => {
    const { rig, job } = await lost(1_000_000, { settings: smallSettings, limits: smallLimits })
    await keepConflict(rig.deps, job)
    expect(rig.requests.snapshot().bytesUp).toBe(8192)
  })

  it('has its note before it can be seen', async () => {
    const seen: string[] = []
    const { rig, job, replace } = await lost(5000, {
      provider: (store) => ({
        ...store,
        put(key, body, options) {
          seen.push(key.endsWith('.missing.json') ? 'note' : 'copy')
          return store.put(key, body, options)
        },
      }),
    })
    await replace()
    await keepConflict(rig.deps, job)
    expect(seen).toEqual(['note', 'copy'])
  })

  it('lies beside the file where that is set', async () => {
    const { rig, job } = await lost(5000, { settings: { conflictCopies: 'beside' } })
    const path = await keepConflict(rig.deps, { ...job, keyBeside: (name) => `dir/${name}` })
    expect(path).toMatch(/^\/dir\/file\.conflict\./)
    expect(await keys(rig)).toEqual(['dir/file', path.slice(1)])
  })
})
