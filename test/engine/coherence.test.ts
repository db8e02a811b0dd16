// The shared cache against the volume itself: whatever is done, by whatever name, a cached answer is the one the volume
// gives. The uncached side asks as a caller in one more group, whose results are neither published nor peeked.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isVolumeError } from '../../src/base/errors.ts'
import type { SyncVolumeCalls } from '../../src/engine/engine-client.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { openEngine } from '../../src/engine/open.ts'
import { O_CREAT, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/volume/types.ts'
import type { Caller } from '../../src/volume/types.ts'

/** One file by many names: through a symlink to its directory, through '..', through a symlink to itself. */
const paths = [
  '/a',
  '/b',
  '/a/f',
  '/b/f',
  '/a/../b/f',
  '/a/g',
  '/b/g',
  '/link',
  '/link/f',
  '/link/g',
  '/a/l',
  '/a/l/f',
  '/f',
  '/a/f/',
]

interface Step {
  readonly says: string
  readonly run: (sync: SyncVolumeCalls, me: Caller) => unknown
}

const named = (says: string, run: Step['run']): Step => ({ says, run })

const path = fc.constantFrom(...paths)
const bytes = fc.string({ maxLength: 12 }).map((text) => Buffer.from(text))

const step: fc.Arbitrary<Step> = fc.oneof(
  path.map((p) => named(`mkdir ${p}`, (sync, me) => sync.mkdir(me, p, 0o755, false))),
  fc
    .tuple(path, bytes)
    .map(([p, data]) =>
      named(`writeFile ${p} ${data.length}`, (sync, me) =>
        sync.writeFile(me, p, data, { flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644 }),
      ),
    ),
  fc.tuple(path, bytes).map(([p, data]) =>
    named(`open, write, truncate ${p} ${data.length}`, (sync, me) => {
      const { handle } = sync.open(me, p, O_RDWR, 0)
      sync.write(handle, 3, data)
      sync.setHandleAttributes(me, handle, { size: 5, mode: 0o600 })
      sync.close(handle)
    }),
  ),
  path.map((p) => named(`unlink ${p}`, (sync, me) => sync.unlink(me, p))),
  path.map((p) => named(`rmdir ${p}`, (sync, me) => sync.rmdir(me, p))),
  path.map((p) => named(`remove ${p}`, (sync, me) => sync.remove(me, p, { recursive: true, force: true }))),
  fc.tuple(path, path).map(([from, to]) => named(`rename ${from} ${to}`, (sync, me) => sync.rename(me, from, to))),
  fc
    .tuple(path, path)
    .map(([from, to]) => named(`copy ${from} ${to}`, (sync, me) => sync.copyFile(me, from, to, false))),
  fc
    .tuple(fc.constantFrom('/a', '/b', 'f', '../b'), path)
    .map(([target, p]) => named(`symlink ${target} ${p}`, (sync, me) => sync.symlink(me, target, p))),
  fc
    .tuple(path, fc.constantFrom(0o700, 0o644))
    .map(([p, mode]) =>
      named(`chmod ${p} ${mode}`, (sync, me) => sync.setAttributes(me, p, { mode, mtimeNs: 1_000_000_000n }, true)),
    ),
)

function outcome(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    if (isVolumeError(error)) return error.code
    throw error
  }
}

/** Everything that can be cached, as `caller` sees it. */
function view({ client }: Engine, caller: Caller): unknown {
  return paths.map((p) => [
    p,
    outcome(() => client.sync.stat(caller, p, true)),
    outcome(() => client.sync.stat(caller, p, false)),
    outcome(() => Buffer.from(client.sync.readFile(caller, p)).toString()),
    outcome(() => client.sync.readdir(caller, p)),
  ])
}

/** Reading moves atime on some volumes; it is no part of what is compared. */
const timeless = (seen: unknown): unknown =>
  JSON.parse(
    JSON.stringify(seen, (key, value: unknown) =>
      key === 'atimeNs' ? undefined : typeof value === 'bigint' ? String(value) : value,
    ),
  )

it('answers as the volume does after every step of any sequence', async () => {
  const engine = await openEngine('memory:', {
    attributesTtlMs: 600_000,
    listingTtlMs: 600_000,
    negativeTtlMs: 600_000,
  })
  const { sync, peek } = engine.client
  const me = engine.client.caller()
  const uncached = { ...me, groups: [...me.groups, 987_654] }
  let hits = 0
  const property = fc.property(fc.array(step, { minLength: 5, maxLength: 20 }), (steps) => {
    for (const { name } of sync.readdir(me, '/')) sync.remove(me, `/${name}`, { recursive: true, force: true })
    for (const { says, run } of steps) {
      outcome(() => run(sync, me))
      const seen = timeless(view(engine, me))
      expect(seen, `after ${says}`).toEqual(timeless(view(engine, uncached)))
      // A second look comes from the cache, as far as it answers at all.
      expect(timeless(view(engine, me)), `again after ${says}`).toEqual(seen)
      hits += paths.filter((p) => peek.stat(me, p, true) !== undefined).length
    }
  })
  try {
    fc.assert(property, { numRuns: 40 })
    // Else nothing was cached and nothing was tried.
    expect(hits).toBeGreaterThan(500)
  } finally {
    await engine.close()
  }
})
