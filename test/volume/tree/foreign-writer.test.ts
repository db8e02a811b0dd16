import { describe, expect, it } from 'vitest'
import { isVolumeError } from '../../../src/base/errors.ts'
import { createSeededRandom } from '../../../src/base/random.ts'
import type { Inode } from '../../../src/volume/inode.ts'
import { createTreeKit, large, posixHeaders } from './tree-kit.ts'
import type { TreeKit } from './tree-kit.ts'

// A writer that knows nothing of us changes the bucket between any two of our requests. Once the TTLs are over the tree
// must show exactly what the keys say, whatever it believed before and whatever its indexes say.

const names = ['a', 'a-', 'a.b', 'b', 'é', '.bucketfs%caf%E9']
const shown: Record<string, string> = { '.bucketfs%caf%E9': 'caf\udce9' }
const steps = 60
const seeds = 120

interface Fact {
  readonly type: string
  readonly uid: number
  readonly size: number
}

/** What the tree should show, by path without a leading slash, from the keys alone. */
async function truth(kit: TreeKit): Promise<Map<string, Fact>> {
  const facts = new Map<string, Fact>()
  const directories = new Map<string, Fact>()
  let token: string | undefined
  do {
    const page = await kit.bucket.list({ token })
    for (const { key } of page.objects) {
      if (key.startsWith('.bucketfs/')) continue
      const { headers, size } = await kit.bucket.head(key)
      const uid = Number(headers.metadata['uid'] ?? 501)
      const path = key.split('/').map((segment) => shown[segment] ?? segment)
      const isMarker = path.at(-1) === ''
      if (isMarker) path.pop()
      const above = isMarker ? path.length : path.length - 1
      for (let i = 1; i <= above; i++) {
        const directory = path.slice(0, i).join('/')
        if (!directories.has(directory)) directories.set(directory, { type: 'directory', uid: 501, size: 0 })
      }
      const isLink = Number(headers.metadata['mode']) === 0o120777 && size <= 4095 && size <= 4095
      if (isMarker) directories.set(path.join('/'), { type: 'directory', uid, size: 0 })
      else facts.set(path.join('/'), { type: isLink ? 'symlink' : 'file', uid, size })
    }
    token = page.token
  } while (token !== undefined)
  for (const [path, fact] of directories) facts.set(path, fact)
  return facts
}

/** What `ls -lR` shows. */
async function seen(
  kit: TreeKit,
  directory: Inode,
  path = '',
  facts = new Map<string, Fact>(),
): Promise<Map<string, Fact>> {
  for (const { name, inode } of await kit.tree.list(directory, { attributes: true })) {
    if (!inode) continue
    facts.set(path + name, { type: inode.type, uid: inode.attributes.uid, size: inode.size })
    if (inode.directory) await seen(kit, inode, `${path}${name}/`, facts)
  }
  return facts
}

async function walked(kit: TreeKit): Promise<[string, string][]> {
  const entries: [string, string][] = []
  let cursor: string | undefined
  do {
    const page = await kit.tree.walk(kit.tree.root, cursor)
    for (const { path, inode } of page.entries) entries.push([path, inode.type])
    cursor = page.cursor
  } while (cursor !== undefined)
  return entries
}

/** Null also below a file. */
async function find(kit: TreeKit, path: string, attributes: boolean): Promise<Inode | null> {
  try {
    const inode = await kit.at(path, { attributes })
    // As stat does: what is known may be older than its TTL.
    if (inode && attributes) await kit.tree.revalidate(inode)
    return inode
  } catch (error) {
    if (isVolumeError(error, 'ENOTDIR')) return null
    throw error
  }
}

const sorted = <T>(facts: Iterable<readonly [string, T]>): [string, T][] =>
  [...facts].map(([path, fact]): [string, T] => [path, fact]).sort(([a], [b]) => (a < b ? -1 : 1))

describe('with a foreign writer', () => {
  it.each(Array.from({ length: seeds / 20 }, (_, i) => i))(
    'the tree shows what the keys say, by every way of asking (seeds from 20 × %i)',
    async (block) => {
      for (let seed = block * 20; seed < (block + 1) * 20; seed++) await run(seed)
    },
  )
})

async function run(seed: number): Promise<void> {
  const random = createSeededRandom(seed)
  const pick = <T>(items: readonly T[]): T => items[random.uint32() % items.length] as T
  const ttlMs = pick([0, 500, 3000])
  const kit = createTreeKit({
    settings: { listingTtlMs: ttlMs, attributesTtlMs: ttlMs, negativeTtlMs: ttlMs, inodeCountMax: pick([200_000, 16]) },
  })
  let reader = kit
  const path = (): string => Array.from({ length: 1 + (random.uint32() % 3) }, () => pick(names)).join('/')
  const headers = (): ReturnType<typeof posixHeaders> =>
    posixHeaders({ uid: random.uint32() % 1000, mode: random.uint32() % 4 === 0 ? 0o120777 : 0o100644 })
  for (let step = 0; step < steps; step++) {
    switch (random.uint32() % 10) {
      case 0:
      case 1:
      case 2:
        await kit.put(path(), random.uint32() % 3 === 0 ? large : 'text', headers())
        break
      case 3:
        await kit.put(`${path()}/`, '', posixHeaders({ mode: 0o040755, uid: random.uint32() % 1000 }))
        break
      case 4:
      case 5: {
        const objects = (await kit.bucket.list({})).objects.filter(({ key }) => !key.startsWith('.bucketfs/'))
        if (objects.length > 0) await kit.bucket.delete(pick(objects).key)
        break
      }
      case 6: {
        const objects = (await kit.bucket.list({})).objects.filter(({ key }) => !/^\.bucketfs\/|\/$/.test(key))
        if (objects.length === 0) break
        const { key } = pick(objects)
        await kit.bucket.copy(key, key, { headers: headers() })
        break
      }
      case 7:
        await find(reader, path(), random.uint32() % 2 === 0)
        break
      case 8:
        await reader.tree.flushIndexes()
        if (random.uint32() % 3 === 0) reader = kit.another()
        break
      default:
        await kit.clock.advance(pick([100, 1000, 5000]))
    }
    if (random.uint32() % 4 === 0) await compare(kit, reader, seed, step)
  }
  await reader.tree.close()
}

/** Whether a key is there for the path, or one above it, although it is a directory. */
async function isBelowFile(kit: TreeKit, path: string): Promise<boolean> {
  const segments = path.split('/').map((name) => (name === 'caf\udce9' ? '.bucketfs%caf%E9' : name))
  for (let i = 1; i <= segments.length; i++) {
    const key = segments.slice(0, i).join('/')
    const { objects } = await kit.bucket.list({ prefix: `${key}/`, maxKeys: 1 })
    if (objects.length > 0 && (await kit.bucket.list({ prefix: key, maxKeys: 1 })).objects[0]?.key === key) return true
  }
  return false
}

async function compare(kit: TreeKit, reader: TreeKit, seed: number, step: number): Promise<void> {
  // Past every TTL and the second that a Date cannot tell apart.
  await kit.clock.advance(4000)
  const facts = await truth(kit)
  const where = `seed ${seed} step ${step}`
  switch ((seed + step) % 3) {
    case 0:
      expect(sorted(await seen(reader, reader.tree.root)), where).toEqual(sorted(facts))
      break
    case 1:
      expect(sorted(await walked(reader)), where).toEqual(
        sorted([...facts].map(([path, { type }]) => [path, type] as const)),
      )
      break
    default:
      for (const [path, fact] of facts) {
        // A known file is proven by one HEAD, which cannot see that keys below its name hide it now.
        if (await isBelowFile(kit, path)) continue
        const inode = await find(reader, path, true)
        expect({ path, type: inode?.type, uid: inode?.attributes.uid, size: inode?.size }, where).toEqual({
          path,
          ...fact,
        })
      }
      for (const name of names) {
        const path = shown[name] ?? name
        if (!facts.has(path)) expect(await find(reader, path, false), where).toBeNull()
      }
  }
}
