// Warm calls on what is cached: stat and readFile of 4 and 128 KiB, synchronous and asynchronous.

import { memfs, onVolume, openBuilt, tmpfs, type FsContender } from '../support/contenders.ts'
import { spreadOf, type Row } from '../support/row.ts'
import { startServer } from '../support/server.ts'
import type { Suite, SuiteOptions } from './suite.ts'

const sizes = { '4 KiB': 4096, '128 KiB': 131_072 }
const batches = 30

export const warmCalls: Suite = {
  name: 'warm-calls',
  question: 'What does a call cost whose answer is cached?',
  byDelay: false,
  async run({ delayMs, scale }) {
    const server = await startServer({ delayMs })
    // Trusted for the whole run: what is measured is the call, not the revalidation.
    const ttl = { attributesTtlMs: 3_600_000, listingTtlMs: 3_600_000 }
    const volume = await openBuilt(server, 'warm', { ...ttl, diskCacheBytesMax: 0 })
    const rows: Row[] = []
    try {
      for (const contender of [onVolume(volume, '/'), tmpfs(), memfs()]) {
        rows.push(...(await measureCalls(contender, scale)))
        contender.close()
      }
    } finally {
      await volume.close()
      await server.close()
    }
    return rows
  },
}

async function measureCalls({ name, fs, root }: FsContender, scale: SuiteOptions['scale']): Promise<Row[]> {
  const rows: Row[] = []
  const add = (question: string, samples: number[]): void =>
    void rows.push({ question, contender: name, unit: 'µs', ...spreadOf(samples) })
  for (const [label, size] of Object.entries(sizes)) {
    const path = `${root}/file-${size}`.replace('//', '/')
    fs.writeFileSync(path, Buffer.alloc(size, 'x'))
    const count = Math.max(50, Math.round((size > 10_000 ? 500 : 3000) * scale))
    if (size === sizes['4 KiB']) {
      add(
        'statSync, warm',
        timeSync(count * 3, () => fs.statSync(path)),
      )
      add('promises.stat, warm, one after another', await timeAsync(count, () => fs.promises.stat(path)))
    }
    add(
      `readFileSync of ${label}, warm`,
      timeSync(count, () => fs.readFileSync(path)),
    )
    add(
      `promises.readFile of ${label}, warm, one after another`,
      await timeAsync(count, () => fs.promises.readFile(path)),
    )
  }
  return rows
}

/** µs per call, one sample a batch; the first batches are for the compiler. */
function timeSync(count: number, call: () => unknown): number[] {
  const samples: number[] = []
  for (let batch = -5; batch < batches; batch++) {
    const started = performance.now()
    for (let i = 0; i < count; i++) call()
    if (batch >= 0) samples.push(((performance.now() - started) * 1000) / count)
  }
  return samples
}

async function timeAsync(count: number, call: () => Promise<unknown>): Promise<number[]> {
  const samples: number[] = []
  for (let batch = -3; batch < batches / 2; batch++) {
    const started = performance.now()
    for (let i = 0; i < count / 3; i++) await call()
    if (batch >= 0) samples.push(((performance.now() - started) * 1000) / (count / 3))
  }
  return samples
}
