// Volumes for the tests of promises: over a bucket in memory, closed after each test.

import { afterEach } from 'vitest'
import { StoreError } from '../../src/base/errors.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { wrapStore, type StoreCall } from '../../src/store/wrap.ts'
import { openKit, root, type KitOptions, type VolumeKit } from '../support/volume-kit.ts'
import { O_RDWR } from '../../src/volume/types.ts'

const opened: VolumeKit[] = []

afterEach(async () => {
  // A test may leave a volume that cannot be drained; what closing then says is that test's business.
  await Promise.allSettled(opened.splice(0).map((kit) => kit.close()))
})

export async function kitOf(options: KitOptions = {}): Promise<VolumeKit> {
  const kit = await openKit(options)
  opened.push(kit)
  return kit
}

/** Another volume on the bucket of `kit`, which stays open. */
export async function otherKit(kit: VolumeKit, options: KitOptions = {}): Promise<VolumeKit> {
  const other = await kit.again(options)
  opened.push(other)
  return other
}

export async function openHandle(kit: VolumeKit, path: string, flags: number = O_RDWR): Promise<number> {
  return (await kit.calls.open(root, path, flags, 0o666)).handle
}

export async function readText(kit: VolumeKit, handle: number, length = 1000): Promise<string> {
  return Buffer.from(await kit.calls.read(handle, 0, length)).toString()
}

/** The error of a call that must fail. */
export async function errorOf(
  call: Promise<unknown>,
): Promise<{ code?: string; message: string; conflictPath?: string }> {
  const error = await call.then(
    (value) => Promise.reject(new Error(`expected a failure, got ${String(value).slice(0, 100)}`)),
    (thrown: unknown) => thrown,
  )
  return error as { code?: string; message: string; conflictPath?: string }
}

/** Lets a test hold requests back: `hold(matches)` gives a function that lets them go. */
export interface Gate {
  readonly store: ObjectStore
  /** Matching calls wait before they reach the bucket, or (`'reply'`) before they return. */
  hold(matches: (call: StoreCall) => boolean, what?: 'request' | 'reply'): () => void
  readonly heldCount: number
}

export function gate(bucket: ObjectStore): Gate {
  let matches: (call: StoreCall) => boolean = () => false
  let where: 'request' | 'reply' = 'request'
  let released: Promise<void> = Promise.resolve()
  let heldCount = 0
  const store = wrapStore(bucket, async (call, run) => {
    const waits = matches(call)
    const wait = released
    if (waits) heldCount++
    if (waits && where === 'request') await wait
    const reply = await run()
    if (waits && where === 'reply') await wait
    return reply
  })
  return {
    store,
    get heldCount() {
      return heldCount
    },
    hold(which, what = 'request') {
      let release = (): void => {}
      matches = which
      where = what
      released = new Promise((resolve) => (release = resolve))
      return () => {
        matches = () => false
        release()
      }
    },
  }
}

/** A bucket whose replies to matching calls are lost: the effect happened, nobody was told. */
export function losingReplies(bucket: ObjectStore, matches: (call: StoreCall) => boolean): ObjectStore {
  return wrapStore(bucket, async (call, run) => {
    const reply = await run()
    if (!matches(call)) return reply
    const { operation, key } = call
    throw new StoreError({ kind: 'unavailable', operation, key, code: 'ECONNRESET', ambiguous: true })
  })
}
