// Engines for tests: over the fake volume, in a real worker or inline, closed after each test.

import { afterEach } from 'vitest'
import { runOpener } from '../../src/engine/composed.ts'
import type { OpenerModule } from '../../src/engine/composed.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { startInlineEngine } from '../../src/engine/thread/inline-engine.ts'
import { startWorkerEngine } from '../../src/engine/thread/worker-engine.ts'

export interface FakeVolumeOptions {
  readonly saveTo?: string
  readonly saveDelayMs?: number
  readonly failSave?: boolean
  readonly failOpen?: boolean
  readonly untrusted?: boolean
  readonly ttlMs?: number
  readonly settingsTtlMs?: number
}

const opened: Engine[] = []

afterEach(async () => {
  // A test may have crashed or closed its engine; what closing then says is that test's business.
  await Promise.allSettled(opened.splice(0).map((engine) => engine.close()))
})

export function fakeOpener(options: FakeVolumeOptions = {}): OpenerModule {
  return { module: new URL('./fake-volume.mjs', import.meta.url).href, data: options }
}

export async function openFakeWorker(options?: FakeVolumeOptions): Promise<Engine> {
  const engine = await startWorkerEngine({ opener: fakeOpener(options), label: 'fake:' })
  opened.push(engine)
  return engine
}

export async function openFakeInline(options?: FakeVolumeOptions): Promise<Engine> {
  const engine = await startInlineEngine({ composed: runOpener(fakeOpener(options)) })
  opened.push(engine)
  return engine
}

/** The same bytes as the fake volume's '/big/N'. */
export function pattern(size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 12)) & 0xff
  return bytes
}
