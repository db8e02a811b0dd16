import { describe, expect, it } from 'vitest'
import { createSeededRandom } from '../../../src/base/random.ts'
import type { Inode } from '../../../src/volume/inode.ts'
import { createManualClock } from '../../support/store-clock.ts'
import type { ManualClock } from '../../support/store-clock.ts'
import { createTreeKit, large, posixHeaders } from './tree-kit.ts'
import type { TreeKit } from './tree-kit.ts'

// Readers ask the slow bucket all the time while names are made and removed here and written back later. Whatever a
// listing, a walk or a lookup answers must be true of some instant between its question and its answer: a name that was
// there all the while is shown, one that was missing all the while is not.

const names = ['a', 'b', 'c', 'd', 'e', 'f']
const seeds = 60

/** Since when each name is there, or not, in steps of one counter. */
class Truth {
  #now = 0
  readonly #changes = new Map<string, { readonly at: number; readonly there: boolean }[]>()

  now(): number {
    return ++this.#now
  }

  set(name: string, there: boolean): void {
    const changes = this.#changes.get(name) ?? [{ at: 0, there: false }]
    changes.push({ at: this.now(), there })
    this.#changes.set(name, changes)
  }

  /** True or false when it was so from `since` until now; undefined when it changed. */
  throughout(name: string, since: number): boolean | undefined {
    const changes = this.#changes.get(name) ?? [{ at: 0, there: false }]
    const last = changes.at(-1)
    return last && last.at <= since ? last.there : undefined
  }

  is(name: string): boolean {
    return this.#changes.get(name)?.at(-1)?.there ?? false
  }
}

describe('while names are changed here', () => {
  it.each(Array.from({ length: seeds / 10 }, (_, i) => i))(
    'every answer is true of an instant between question and answer (seeds from 10 × %i)',
    async (block) => {
      for (let seed = block * 10; seed < (block + 1) * 10; seed++) await run(seed)
    },
  )
})

async function run(seed: number): Promise<void> {
  const random = createSeededRandom(seed)
  const pick = <T>(items: readonly T[]): T => items[random.uint32() % items.length] as T
  const clock = createManualClock()
  const pause = (msMax: number): Promise<void> => clock.sleep(random.uint32() % msMax)
  const ttlMs = pick([0, 20, 10_000])
  const kit = createTreeKit({
    clock,
    settings: { listingTtlMs: ttlMs, attributesTtlMs: ttlMs, negativeTtlMs: ttlMs },
    around: (store) => ({
      ...store,
      // The bucket is seen somewhere between the request and its reply.
      head: async (key, options) => {
        await pause(20)
        const reply = await store.head(key, options).catch((error: unknown) => ({ error }))
        await pause(20)
        if ('error' in reply) throw reply.error
        return reply
      },
      list: async (options) => {
        await pause(20)
        const reply = await store.list(options)
        await pause(20)
        return reply
      },
    }),
  })
  await kit.put('dir/keep', large)
  const truth = new Truth()
  truth.set('keep', true)
  const finding = kit.tree.lookup(kit.tree.root, 'dir')
  await clock.advance(100)
  const directory = await finding
  let running = true
  const actors = [
    ...names.slice(0, 4).map((name) => change(kit, directory, name, truth, pause, () => running)),
    ...[0, 1, 2].map(() => read(kit, directory, truth, seed, random.uint32() % 3, pause, () => running)),
  ]
  await spin(clock, 600)
  running = false
  await spin(clock, 400)
  await Promise.all(actors)
  const listing = kit.tree.list(directory)
  await spin(clock, 100)
  expect(
    (await listing).map(({ name }) => name),
    `seed ${seed}`,
  ).toEqual([...names, 'keep'].filter((name) => truth.is(name)).sort())
}

async function spin(clock: ManualClock, ms: number): Promise<void> {
  for (let i = 0; i < ms; i += 5) await clock.advance(5)
}

/** Makes and removes one name by turns, and writes it back a little later. */
async function change(
  kit: TreeKit,
  directory: Inode,
  name: string,
  truth: Truth,
  pause: (msMax: number) => Promise<void>,
  isRunning: () => boolean,
): Promise<void> {
  while (isRunning()) {
    await pause(40)
    const attributes = { ...directory.attributes, mode: 0o100644, size: large.length }
    const inode = kit.tree.createInode('file', attributes, { directory, name })
    kit.tree.attach(directory, name, inode)
    truth.set(name, true)
    await pause(40)
    const headers = posixHeaders()
    const key = kit.tree.keyOf(inode)
    const { etag, date } = await kit.put(key, large, headers)
    await pause(10)
    const version = { key, etag, size: large.length, lastModified: date, headers, ours: true, headersDate: date }
    kit.tree.learned(inode, version)
    kit.tree.settle(directory, name)
    await pause(40)
    kit.tree.detach(directory, name)
    truth.set(name, false)
    await pause(40)
    await kit.bucket.delete(key)
    await pause(10)
    kit.tree.settle(directory, name)
  }
}

async function read(
  kit: TreeKit,
  directory: Inode,
  truth: Truth,
  seed: number,
  how: number,
  pause: (msMax: number) => Promise<void>,
  isRunning: () => boolean,
): Promise<void> {
  while (isRunning()) {
    await pause(10)
    const since = truth.now()
    const shown =
      how === 2 ? await lookAll(kit, directory) : await (how === 0 ? list(kit, directory) : walk(kit, directory))
    for (const name of [...names, 'keep']) {
      const there = truth.throughout(name, since)
      if (there !== undefined) expect(shown.has(name), `seed ${seed}: ${name} by way ${how}`).toBe(there)
    }
  }
}

async function list(kit: TreeKit, directory: Inode): Promise<Set<string>> {
  return new Set((await kit.tree.list(directory, { types: true })).map(({ name }) => name))
}

async function walk(kit: TreeKit, directory: Inode): Promise<Set<string>> {
  return new Set((await kit.tree.walk(directory)).entries.map(({ path }) => path))
}

async function lookAll(kit: TreeKit, directory: Inode): Promise<Set<string>> {
  const found = await Promise.all(
    [...names, 'keep'].map(async (name) => ((await kit.tree.lookupMaybe(directory, name)) ? [name] : [])),
  )
  return new Set(found.flat())
}
