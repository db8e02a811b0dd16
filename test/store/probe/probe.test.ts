// The probe finds what a bucket lacks, each by itself, on stores that lack it the way providers do: without a word.

import { describe, expect, it } from 'vitest'
import { StoreError } from '../../../src/base/errors.ts'
import { createSeededRandom } from '../../../src/base/random.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { probeCapabilities } from '../../../src/store/probe/probe.ts'
import {
  fullCapabilities,
  noCapabilities,
  type CopyOptions,
  type ObjectInfo,
  type ObjectStore,
  type StoreCapabilities,
} from '../../../src/store/store.ts'
import { withFaults } from '../../../src/store/with-faults.ts'
import { withReadOnly } from '../../../src/store/with-read-only.ts'
import { mutations, wrapStore } from '../../../src/store/wrap.ts'
import { createManualClock } from '../../support/store-clock.ts'
import { failure } from '../../support/store-kit.ts'
import { lacking } from '../../support/store-lacking.ts'

const random = createSeededRandom(11)
const probe = (store: ObjectStore): Promise<StoreCapabilities> => probeCapabilities(store, { random })

/** What is false with it. */
const implied: Partial<Record<keyof StoreCapabilities, Partial<StoreCapabilities>>> = {
  putIfNoneMatch: { atomicConditions: false },
  putIfMatch: { atomicConditions: false },
  deleteMany: { deleteManyIfMatch: false },
  partCopy: { partCopySourceIfMatch: false, uploadChecksums: false },
}

describe('probeCapabilities', () => {
  it('finds everything where there is everything, and leaves nothing', async () => {
    const inner = createMemoryStore()
    expect(await probe(inner)).toEqual(fullCapabilities)
    expect((await inner.list()).objects).toEqual([])
    expect(await inner.listUploads('')).toEqual([])
  })

  const ignored = [
    'putIfNoneMatch',
    'putIfMatch',
    'completeIfNoneMatch',
    'completeIfMatch',
    'copyIfNoneMatch',
    'copyIfMatch',
    'copySourceIfMatch',
    'deleteIfMatch',
    'deleteMany',
    'deleteManyIfMatch',
    'partCopy',
    'partCopySourceIfMatch',
    'tagging',
  ] as const
  for (const name of ignored) {
    it(`finds that ${name} is missing, and that alone`, async () => {
      const inner = createMemoryStore()
      const expected = { ...fullCapabilities, [name]: false, ...implied[name] }
      expect(await probe(lacking(inner, { [name]: false }))).toEqual(expected)
      expect((await inner.list()).objects).toEqual([])
      expect(await inner.listUploads('')).toEqual([])
    })
  }

  it('finds a condition that refuses even what is right', async () => {
    const inner = createMemoryStore()
    const refusing: ObjectStore = {
      ...inner,
      put: (key, body, options) =>
        inner.put(key, body, options.ifMatch === undefined ? options : { ...options, ifMatch: `"${options.ifMatch}"` }),
      copy: (source, key, options: CopyOptions = {}) =>
        inner.copy(source, key, options.ifMatch === undefined ? options : { ...options, ifMatch: 'never' }),
    }
    const expected = { ...fullCapabilities, putIfMatch: false, atomicConditions: false, copyIfMatch: false }
    expect(await probe(refusing)).toEqual(expected)
  })

  it('finds ETags that are no MD5, checksums that are not kept, sums that are wrong, and headers that stay', async () => {
    const inner = createMemoryStore()
    const described = <T extends ObjectInfo>(info: T): T => {
      const { checksum, ...rest } = info
      const joined = info.key.includes('complete') && checksum ? { checksum: { ...checksum, value: 'AAAAAA==' } } : {}
      return { ...(rest as T), ...joined, etag: `x${info.etag}` }
    }
    const bare = (etag: string | undefined): string | undefined => etag?.slice(1)
    const other: ObjectStore = {
      ...inner,
      head: async (key, call) => described(await inner.head(key, call)),
      async put(key, body, call) {
        if (call.ifMatch !== undefined) call = { ...call, ifMatch: bare(call.ifMatch) }
        const { etag, date } = await inner.put(key, body, call)
        return { etag: `x${etag}`, date }
      },
      async copy(source, key, call = {}) {
        const { headers } = await inner.head(source)
        const kept = call.headers ? { headers: { ...headers, ...call.headers } } : {}
        return inner.copy(source, key, {
          ...call,
          ...kept,
          ifMatch: bare(call.ifMatch),
          sourceIfMatch: bare(call.sourceIfMatch),
        })
      },
    }
    const found = await probe(other)
    expect(found).toMatchObject({ md5Etags: false, checksums: false, uploadChecksums: false, copyReplaces: false })
    expect(found).toMatchObject({ putIfMatch: true, copyIfMatch: true, copySourceIfMatch: true })
  })

  it('finds a gateway onto a file system', async () => {
    const inner = createMemoryStore()
    const refuse = async (key: string): Promise<void> => {
      const parent = key.slice(0, key.lastIndexOf('/'))
      const above = await inner.head(parent).catch(() => undefined)
      if (above || key.includes('//')) throw new StoreError({ kind: 'invalid', operation: 'put', key })
    }
    const gateway: ObjectStore = {
      ...inner,
      put: (key, body, call) => refuse(key).then(() => inner.put(key, body, call)),
    }
    expect(await probe(gateway)).toEqual({ ...fullCapabilities, anyKeys: false })
  })

  it('says read-only for a bucket that denies writes, and fails for one that cannot be read', async () => {
    const denying = (operations: (operation: string) => boolean): ObjectStore =>
      wrapStore(createMemoryStore(), async ({ operation, key }, run) => {
        if (operations(operation)) throw new StoreError({ kind: 'denied', operation, key, status: 403 })
        return run()
      })
    const expected = { ...noCapabilities, readOnly: true }
    expect(await probe(denying((operation) => mutations.has(operation as 'put')))).toEqual(expected)
    expect(await probe(withReadOnly(createMemoryStore()))).toEqual(expected)
    await failure(probe(denying(() => true)), 'denied')
  })

  it('is not fooled by a bad connection', async () => {
    const clock = createManualClock()
    for (const seed of [1, 2, 3]) {
      const dice = createSeededRandom(seed)
      const rules = [{ fault: 'slow-down', probability: 0.02 }] as const
      const store = withFaults(createMemoryStore({ clock, random: dice }), { clock, random: dice, rules })
      const found = await probeCapabilities(store, { random: dice }).catch((error: unknown) => error)
      expect(found).toEqual(fullCapabilities)
    }
    const dead = withFaults(createMemoryStore(), { clock, random, rules: [{ fault: 'lost-reply' }] })
    await failure(probe(dead), 'unavailable')
  })

  it('keeps below the prefix it is given', async () => {
    const seen = new Set<string>()
    const store = wrapStore(createMemoryStore(), async ({ key }, run) => {
      if (key !== undefined) seen.add(key.slice(0, 'disk/.bucketfs/probe/'.length))
      return run()
    })
    await probeCapabilities(store, { random, prefix: 'disk/' })
    expect([...seen]).toEqual(['disk/.bucketfs/probe/'])
  })
})
