// P4: with a journal, what was acknowledged survives the death of the process at any instant. The many instants are swept
// in test/sim (seeded crashes of process and disk), test/volume/journal (each step) and test/proof (SIGKILL by the clock).

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/base/errors.ts'
import { createSeededRandom } from '../../src/base/random.ts'
import { openVolume } from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { useTestHome } from '../support/engine-home.ts'
import { SimDisk } from '../support/sim-disk.ts'
import { createManualClock } from '../support/store-clock.ts'
import { getText } from '../support/store-kit.ts'
import { openKit, root, type VolumeKit } from '../support/volume-kit.ts'
import { losingReplies } from './kit.ts'

const home = useTestHome()
const program = fileURLToPath(new URL('../support/volume-victim.mjs', import.meta.url))

/** A machine whose process dies without a word and whose disk forgets what was not synced. */
function machine(bucket?: ObjectStore): { start(): Promise<VolumeKit>; crash(): void; readonly bucket: ObjectStore } {
  const clock = createManualClock()
  const random = createSeededRandom(5)
  const store = bucket ?? createMemoryStore({ clock, random })
  const disk = new SimDisk()
  let life = 0
  return {
    bucket: store,
    start() {
      const own = life
      return openKit({
        bucket: store,
        clock,
        durability: 'journal',
        before(call) {
          if (own !== life) throw new StoreError({ kind: 'aborted', operation: call.operation })
        },
        components: { journalFiles: disk },
      })
    },
    crash() {
      life++
      disk.crash(random)
    },
  }
}

it('P4.1 acknowledged data survive SIGKILL of a real process', async () => {
  const bucket = `file://${join(home.current.path, 'bucket')}`
  const acknowledged = new Map<string, string>()
  for (const killAfter of [1, 7, 23]) {
    const child = spawn(process.execPath, [program, bucket], { env: process.env, stdio: ['ignore', 'pipe', 'inherit'] })
    let count = 0
    for await (const line of createInterface({ input: child.stdout })) {
      const [path, text] = JSON.parse(line) as [string, string]
      acknowledged.set(path, text)
      if (++count === killAfter) {
        child.kill('SIGKILL')
        break
      }
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  const volume = await openVolume(bucket, { engine: 'inline', durability: 'journal' })
  for (const [path, text] of acknowledged) expect(await volume.fs.promises.readFile(path, 'utf8')).toBe(text)
  await volume.sync()
  await volume.close()
}, 60_000)

it('P4.2 acknowledged name operations survive: mkdir, rename, unlink, symlink, chmod, rename of a directory', async () => {
  const m = machine()
  const first = await m.start()
  await first.write('/gone', '1')
  await first.write('/old', '2')
  await first.calls.mkdir(root, '/d', 0o755, false)
  await first.write('/d/x', '3')
  await first.volume.sync()
  await first.calls.unlink(root, '/gone')
  await first.calls.rename(root, '/old', '/new')
  await first.calls.mkdir(root, '/made', 0o700, false)
  await first.calls.symlink(root, 'new', '/l')
  await first.calls.setAttributes(root, '/new', { mode: 0o640 }, true)
  await first.calls.rename(root, '/d', '/e')
  m.crash()
  const second = await m.start()
  expect((await second.calls.readdir(root, '/')).map(({ name }) => name)).toEqual(['e', 'l', 'made', 'new'])
  expect([await second.read('/l'), await second.read('/e/x')]).toEqual(['2', '3'])
  expect((await second.calls.stat(root, '/new', true)).mode & 0o777).toBe(0o640)
  await second.volume.sync()
  expect(await second.keys()).toEqual(['e/', 'e/x', 'l', 'made/', 'new'])
  await second.close()
})

it('P4.3 replay can be interrupted and repeated: the effect is the same once', async () => {
  const m = machine()
  const first = await m.start()
  await first.write('/f', 'text')
  await first.calls.rename(root, '/f', '/g')
  for (let crashes = 0; crashes < 4; crashes++) {
    m.crash()
    const again = await m.start()
    expect(await again.read('/g')).toBe('text')
  }
  m.crash()
  const last = await m.start()
  await last.volume.sync()
  expect(await last.keys()).toEqual(['g'])
  expect(await getText(m.bucket, 'g')).toBe('text')
  expect(last.volume.metrics()['conflicts'] ?? 0).toBe(0)
  await last.close()
})

it('P4.4 a write that reached the bucket before the crash, unknown to the process, is recognised by its id', async () => {
  const clock = createManualClock()
  const inner = createMemoryStore({ clock })
  let crash = (): void => {}
  let lost = 0
  const m = machine(
    losingReplies(inner, ({ operation, key }) => {
      if (operation !== 'put' || key !== 'f' || lost > 0) return false
      lost++
      // Done, and dead before the reply.
      crash()
      return true
    }),
  )
  crash = () => m.crash()
  const first = await m.start()
  await first.write('/f', 'text')
  await first.volume.sync().catch(() => undefined)
  expect(lost).toBe(1)
  expect(await getText(inner, 'f')).toBe('text')
  const second = await m.start()
  await second.volume.sync()
  expect(await getText(inner, 'f')).toBe('text')
  expect(second.volume.metrics()['conflicts'] ?? 0).toBe(0)
  expect((await second.keys()).filter((key) => key.includes('conflicts/'))).toEqual([])
  await second.close()
})

describe('a foreign change between crash and replay', () => {
  it('P4.5 is not overwritten: the remote version stays, and the journaled bytes are kept as a conflict copy', async () => {
    const m = machine()
    const first = await m.start()
    await first.write('/f', 'one')
    await first.volume.sync()
    await first.write('/f', 'mine')
    m.crash()
    await m.bucket.put('f', Buffer.from('theirs'), { headers: { metadata: {} } })
    const second = await m.start()
    await second.volume.sync().catch(() => undefined)
    expect(await getText(m.bucket, 'f')).toBe('theirs')
    const texts = await Promise.all((await second.keys()).map((key) => getText(m.bucket, key)))
    expect(texts).toContain('mine')
    await second.close().catch(() => undefined)
  })
})
