// Directory renames that a crash left unfinished, met when a volume is opened.

import { expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { encodeRenameIntent } from '../../../src/format/rename-intent.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import type { GetReply, ObjectStore } from '../../../src/store/store.ts'
import { wrapStore } from '../../../src/store/wrap.ts'
import { createManualClock } from '../../support/store-clock.ts'
import { openKit, type KitOptions } from '../../support/volume-kit.ts'

const headers = { metadata: {} }
const intent = encodeRenameIntent({ id: 'a'.repeat(32), from: 'old/', to: 'new/', renewedMs: 0, owner: 'b' })

/** A bucket in which nobody has worked on the rename for long; `arrives`: what the nth GET of its intent brings. */
async function abandoned(
  arrives: (body: Uint8Array, nth: number) => Uint8Array,
): Promise<KitOptions & { readonly bucket: ObjectStore; gets(): number }> {
  const clock = createManualClock()
  const plain = createMemoryStore({ clock })
  await plain.put('old/file', utf8('content'), { headers })
  await plain.put(intent.key, intent.body, { headers })
  await clock.advance(11 * 60_000)
  let gets = 0
  const bucket = wrapStore(plain, async (call, run) => {
    const reply = await run()
    if (call.operation !== 'get' || call.key !== intent.key) return reply
    const { body } = reply as GetReply
    return { ...reply, body: arrives(body, gets++) }
  })
  return { bucket, clock, gets: () => gets }
}

/** With the byte at `at` flipped. */
function flipped(body: Uint8Array, at: number): Uint8Array {
  return body.map((byte, index) => (index === at ? byte ^ 2 : byte))
}

it('one whose intent arrives damaged several times is finished', async () => {
  const kit = await openKit(await abandoned((body, nth) => (nth < 5 ? flipped(body, nth) : body)))
  expect(await kit.read('/new/file')).toBe('content')
  await kit.volume.sync()
  expect(await kit.keys()).toEqual(['new/file'])
  await kit.close()
})

it('one whose intent arrives with another version number once is finished', async () => {
  const at = Buffer.from(intent.body).indexOf('"version":1') + '"version":'.length
  const kit = await openKit(await abandoned((body, nth) => (nth === 0 ? flipped(body, at) : body)))
  expect(await kit.read('/new/file')).toBe('content')
  await kit.close()
})

it('one whose intent is damaged where it lies is left alone', async () => {
  const options = await abandoned((body) => flipped(body, 9))
  const kit = await openKit(options)
  expect(options.gets()).toBe(2)
  expect(await kit.read('/old/file')).toBe('content')
  expect(await kit.keys()).toContain(intent.key)
  await kit.close()
})

it('a volume whose intents cannot be told does not open', async () => {
  const options = await abandoned(flipped)
  await expect(openKit(options)).rejects.toMatchObject({ code: 'EIO' })
})
