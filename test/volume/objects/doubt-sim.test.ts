// Everything at once, from a seed: requests and replies get lost, are refused or delivered twice, and somebody else
// writes between any two of our requests. Whatever happens, a success is in the bucket, a conflict is not, no version is
// replaced or removed that was not seen, and nothing is left over.

import { describe, expect, it } from 'vitest'
import { Mutex } from '../../../src/base/mutex.ts'
import { createSeededRandom, randomId, type Random } from '../../../src/base/random.ts'
import type { ObjectStore } from '../../../src/store/store.ts'
import type { FaultRule } from '../../../src/store/with-faults.ts'
import { FileContent } from '../../../src/volume/content/file-content.ts'
import type { Version } from '../../../src/volume/inode.ts'
import { ConflictError, SourceChangedError } from '../../../src/volume/objects/conflict-error.ts'
import { copyObject } from '../../../src/volume/objects/copy-object.ts'
import { isUnknownOutcome } from '../../../src/volume/objects/outcome/doubt.ts'
import { removeObject } from '../../../src/volume/objects/remove-object.ts'
import { StreamUpload } from '../../../src/volume/objects/stream-upload.ts'
import { writeObject } from '../../../src/volume/objects/write-object.ts'
import { patterned } from '../../support/store-kit.ts'
import { createRig, plainHeaders, smallLimits, smallSettings, versionAt, writeAt, type Rig } from './rig.ts'

const seeds = 40
const key = 'k'

/** One mutation of the key as the bucket saw it. */
interface Change {
  readonly before: string | undefined
  readonly after: string | undefined
  readonly isForeign: boolean
}

interface World {
  readonly rig: Rig
  readonly random: Random
  readonly changes: Change[]
}

function createWorld(seed: number): World {
  const random = createSeededRandom(seed)
  const changes: Change[] = []
  const rules: FaultRule[] = [
    { fault: 'lost-reply', probability: 0.12, times: 4 },
    { fault: 'lost-request', probability: 0.12, times: 4 },
    { fault: 'slow-down', probability: 0.05, times: 4 },
    { fault: 'duplicate', probability: 0.1, operations: ['put', 'copy', 'delete', 'uploadPart', 'copyPart'] },
  ]
  const rig = createRig({
    limits: { ...smallLimits, copyBytesMax: 60_000 },
    settings: smallSettings,
    rules,
    provider: (store) => watched(store, changes, random),
  })
  return { rig, random, changes }
}

/** Records what each of our requests did to the key, after a foreign writer had his turn. */
function watched(store: ObjectStore, changes: Change[], random: Random): ObjectStore {
  const etag = (): Promise<string | undefined> =>
    store.head(key).then(
      (info) => info.etag,
      () => undefined,
    )
  let foreignLeft = 2
  const record = async <T>(isForeign: boolean, run: () => Promise<T>): Promise<T> => {
    const before = await etag()
    try {
      return await run()
    } finally {
      const after = await etag()
      if (before !== after) changes.push({ before, after, isForeign })
    }
  }
  const turn = async (): Promise<void> => {
    if (foreignLeft === 0 || random.float() > 0.06) return
    foreignLeft--
    const bytes = patterned(50 + (random.uint32() % 50), random.uint32())
    if (random.float() < 0.3) await record(true, () => store.delete(key))
    else await record(true, () => store.put(key, bytes, { headers: { metadata: { foreign: 'yes' } } }))
  }
  // One at a time, so that each change is laid at the right door.
  const lock = new Mutex()
  const ours = <T>(run: () => Promise<T>): Promise<T> =>
    lock.run(async () => {
      await turn()
      return record(false, run)
    })
  return {
    ...store,
    head: (...call) => ours(() => store.head(...call)),
    put: (...call) => ours(() => store.put(...call)),
    copy: (...call) => ours(() => store.copy(...call)),
    delete: (...call) => ours(() => store.delete(...call)),
    uploadPart: (...call) => ours(() => store.uploadPart(...call)),
    copyPart: (...call) => ours(() => store.copyPart(...call)),
    completeUpload: (...call) => ours(() => store.completeUpload(...call)),
  }
}

/** Calls `run` again while nobody knows what happened, as write-back does; other refusals for now count as such. */
async function until<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await run()
    } catch (error) {
      if (tries === 20 || !(isUnknownOutcome(error) || (error as { kind?: string }).kind === 'throttled')) throw error
    }
  }
}

/** None of our own changes replaced what was neither seen nor our own. */
function expectNothingUnseen(changes: readonly Change[], seen: string | undefined): void {
  const own = new Set<string | undefined>([seen])
  for (const { before, after, isForeign } of changes) {
    if (isForeign) continue
    expect(own).toContain(before)
    own.add(after)
  }
}

async function expectTidy({ rig }: World): Promise<void> {
  const left = await rig.bucket.listUploads('')
  // Each creation whose reply was lost may leave an upload without parts.
  expect(left.length).toBeLessThanOrEqual(4)
  expect(rig.budget.used('flight')).toBe(0)
  expect((await rig.bucket.list({ prefix: '.bucketfs/data/' })).objects.length).toBeLessThanOrEqual(2)
}

/** `write` puts `bytes` under the key; a success must have been there, a conflict must not be. */
async function checkWrite(
  world: World,
  id: string,
  bytes: Uint8Array,
  seen: Version | null,
  write: () => Promise<Version>,
): Promise<void> {
  const { rig, changes } = world
  try {
    const version = await until(write)
    const ours = changes.filter(({ isForeign, after }) => !isForeign && after === version.etag)
    if (version.etag !== seen?.etag) expect(ours.length).toBeGreaterThan(0)
    const current = await rig.bucket.get(key).catch(() => undefined)
    if (current?.headers.metadata['bucketfs-id'] === id) {
      expect(current.etag).toBe(version.etag)
      expect(Buffer.compare(current.body, bytes)).toBe(0)
    } else expect(changes.some(({ isForeign }) => isForeign)).toBe(true)
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    expect(changes.some(({ isForeign }) => isForeign)).toBe(true)
    const current = await rig.bucket.head(key).catch(() => undefined)
    expect(current?.headers.metadata['bucketfs-id']).not.toBe(id)
  }
  expectNothingUnseen(changes, seen?.etag)
  await expectTidy(world)
}

async function start(world: World, size: number): Promise<Version | null> {
  if (size === 0) return null
  await world.rig.bucket.put(key, patterned(size, 3), { headers: plainHeaders })
  return versionAt(world.rig, key)
}

const conditionOf = (seen: Version | null) => (seen ? { ifMatch: seen.etag } : ({ ifNoneMatch: '*' } as const))

describe(`${seeds} seeds of faults and foreign writers`, () => {
  for (const [name, size, change] of [
    ['a small create', 0, 500],
    ['a small replacement', 900, 500],
    ['a large create', 0, 90_000],
    ['an append to a large object', 150_000, 3000],
  ] as const) {
    it(`${name} is done once or a conflict`, async () => {
      for (let seed = 0; seed < seeds; seed++) {
        const world = createWorld(seed)
        const seen = await start(world, size)
        const content = new FileContent(seen)
        await writeAt(world.rig, content, size, patterned(change, seed + 1))
        const bytes = new Uint8Array(size + change)
        bytes.set(patterned(size, 3))
        bytes.set(patterned(change, seed + 1), size)
        const frozen = content.freeze()
        const writeId = randomId(world.random)
        const job = { key, condition: conditionOf(seen), frozen, headers: plainHeaders, writeId }
        await checkWrite(world, writeId, bytes, seen, () => writeObject(world.rig.deps, job)).catch(
          (error: unknown) => {
            throw new Error(`seed ${seed}`, { cause: error })
          },
        )
      }
    }, 120_000)
  }

  for (const aside of [false, true]) {
    it(`a stream ${aside ? 'put aside ' : ''}is done once or a conflict`, async () => {
      for (let seed = 0; seed < seeds; seed++) {
        const world = createWorld(seed)
        const seen = await start(world, seed % 2 ? 400 : 0)
        const content = new FileContent(seen, 0)
        const writeId = randomId(world.random)
        const upload = new StreamUpload(world.rig.deps, {
          aside,
          describe: async () => ({ key, headers: plainHeaders, writeId }),
        })
        const bytes = patterned(120_000, seed + 1)
        for (let at = 0; at < bytes.byteLength; at += 10_000) {
          await writeAt(world.rig, content, at, bytes.subarray(at, at + 10_000))
          upload.offer(content)
          if (aside && at === 70_000) await until(() => upload.putAside(content))
        }
        const frozen = content.freeze()
        const job = { key, condition: conditionOf(seen), frozen, headers: plainHeaders, writeId, stream: upload }
        await checkWrite(world, writeId, bytes, seen, () => writeObject(world.rig.deps, job)).catch(
          (error: unknown) => {
            throw new Error(`seed ${seed}`, { cause: error })
          },
        )
        await upload.abort()
      }
    }, 120_000)
  }

  it('a copy onto the key is done once, or a conflict', async () => {
    for (let seed = 0; seed < seeds; seed++) {
      const world = createWorld(seed)
      const seen = await start(world, seed % 2 ? 900 : 0)
      const bytes = patterned(seed % 3 ? 700 : 100_000, 5)
      await world.rig.bucket.put('from', bytes, { headers: plainHeaders })
      const from = await versionAt(world.rig, 'from')
      const writeId = randomId(world.random)
      const job = { from, key, condition: conditionOf(seen), writeId }
      await checkWrite(world, writeId, bytes, seen, () => copyObject(world.rig.deps, job)).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error })
      })
    }
  }, 120_000)

  it('a change of attributes is done once, or a changed source', async () => {
    for (let seed = 0; seed < seeds; seed++) {
      const world = createWorld(seed)
      const from = (await start(world, 900)) as Version
      const writeId = randomId(world.random)
      const headers = { metadata: { mode: '33152' } }
      const job = { from, key, condition: { ifMatch: from.etag }, headers, writeId }
      try {
        await until(() => copyObject(world.rig.deps, job))
      } catch (error) {
        expect(error, `seed ${seed}`).toBeInstanceOf(SourceChangedError)
        expect(world.changes.some(({ isForeign }) => isForeign)).toBe(true)
      }
      expectNothingUnseen(world.changes, from.etag)
    }
  }, 120_000)

  it('a removal takes the version seen, or none', async () => {
    for (let seed = 0; seed < seeds; seed++) {
      const world = createWorld(seed)
      const seen = (await start(world, 900)) as Version
      const result = await until(() => removeObject(world.rig.deps, seen))
      expectNothingUnseen(world.changes, seen.etag)
      const isThere = await world.rig.bucket.head(key).then(
        () => true,
        () => false,
      )
      if (isThere)
        expect(
          world.changes.some(({ isForeign }) => isForeign),
          `seed ${seed}`,
        ).toBe(true)
      else expect(['removed', 'absent', expect.anything()]).toContainEqual(result)
    }
  }, 120_000)
})
