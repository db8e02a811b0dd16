// Streams of files that are written in any way, from a seed: what is in the bucket after each fsync is what a plain
// array says.

import { describe, expect, it } from 'vitest'
import { createSeededRandom } from '../../../src/base/random.ts'
import type { Version } from '../../../src/volume/inode.ts'
import { patterned } from '../../support/store-kit.ts'
import { smallLimits, smallSettings, type RigOptions } from './rig.ts'
import { expectBytes, expectTidy, open, type Stream } from './stream-rig.ts'

const seeds = 10
const stepCount = 60

class Model {
  bytes: Uint8Array = new Uint8Array(0)

  write(offset: number, bytes: Uint8Array): void {
    this.resize(Math.max(this.bytes.byteLength, offset + bytes.byteLength))
    this.bytes.set(bytes, offset)
  }

  resize(size: number): void {
    const resized = new Uint8Array(size)
    resized.set(this.bytes.subarray(0, size))
    this.bytes = resized
  }
}

async function play(seed: number, stream: Stream): Promise<void> {
  const random = createSeededRandom(seed)
  const below = (limit: number): number => Math.floor(random.float() * limit)
  const model = new Model()
  const { content, upload, rig } = stream
  let last: Version | undefined
  const fsync = async (): Promise<void> => {
    last = await stream.close({ condition: last ? { ifMatch: last.etag } : { ifNoneMatch: '*' } })
    await expectBytes(rig, model.bytes)
    expect(last.size).toBe(model.bytes.byteLength)
  }
  for (let i = 0; i < stepCount; i++) {
    const dice = random.float()
    const { size } = content
    if (dice < 0.7) {
      const offset = dice < 0.55 ? size : dice < 0.65 ? below(size + 1) : size + below(60_000)
      const bytes = patterned(1 + below(dice < 0.6 ? 30_000 : 200), i + 1)
      model.write(offset, bytes)
      await stream.write(offset, bytes)
    } else if (dice < 0.76) {
      const resized = below(size + 20_000)
      model.resize(resized)
      content.truncate(resized)
    } else if (dice < 0.82 && size > 0) {
      const offset = below(size)
      const length = 1 + below(size - offset)
      model.bytes.fill(0, offset, offset + length)
      content.punch(offset, length)
    } else if (dice < 0.88) {
      await upload.settled()
    } else if (dice < 0.94) {
      await upload.putAside(content)
    } else if (content.base !== null || size > 0) await fsync()
    if (upload.wantsAside) await upload.putAside(content)
  }
  await fsync()
  content.release()
  await upload.abort()
  await expectTidy(rig)
  expect(rig.budget.used('dirty')).toBe(0)
}

const kinds: readonly (readonly [string, RigOptions & { readonly aside?: boolean }])[] = [
  ['with a spool', {}],
  ['without a spool', { aside: true }],
  ['in parts of one size', { capabilities: { uniformParts: true } }],
  ['with few part numbers', { limits: { ...smallLimits, partCountMax: 24 } }],
  ['past what one COPY takes', { limits: { ...smallLimits, copyBytesMax: 30_000 }, aside: true }],
  ['with a late part size', { settings: { ...smallSettings, partBytes: 8192 } }],
]

describe(`${seeds} seeds of a streamed file`, () => {
  for (const [name, options] of kinds) {
    it(`are what was written, ${name}`, async () => {
      let streamed = 0
      for (let seed = 0; seed < seeds; seed++) {
        const stream = open(options)
        await play(seed, stream).catch((error: unknown) => {
          throw new Error(`seed ${seed}`, { cause: error })
        })
        streamed += stream.rig.deps.metrics.get('streamedFiles')
      }
      expect(streamed).toBeGreaterThan(0)
    }, 120_000)
  }
})
