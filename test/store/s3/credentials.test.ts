// When keys are fetched, on a clock that is told.

import { describe, expect, it } from 'vitest'
import { wallMs } from '../../../src/base/clock.ts'
import { CredentialSource, type S3Credentials } from '../../../src/store/s3/credentials.ts'
import { createManualClock, type ManualClock } from '../../support/store-clock.ts'
import { failure } from '../../support/store-kit.ts'

const minuteMs = 60_000

/** Keys that last `lastsMs`, numbered. */
function provider(
  clock: ManualClock,
  lastsMs: number | undefined,
): { fetch: () => Promise<S3Credentials>; count: () => number; fail: (how: boolean) => void } {
  let count = 0
  let failing = false
  return {
    count: () => count,
    fail: (how) => (failing = how),
    fetch: async () => {
      if (failing) throw new Error('provider is down')
      const keys = { accessKeyId: `id${++count}`, secretAccessKey: 'secret' }
      return lastsMs === undefined ? keys : { ...keys, expiration: new Date(wallMs(clock) + lastsMs) }
    },
  }
}

describe('CredentialSource', () => {
  it('keeps keys until five minutes before they end', async () => {
    const clock = createManualClock()
    const { count, fetch } = provider(clock, 60 * minuteMs)
    const source = new CredentialSource(fetch, clock)
    expect(source.current()).toBeUndefined()
    expect((await source.get()).accessKeyId).toBe('id1')
    await clock.advance(54 * minuteMs)
    expect(source.current()?.accessKeyId).toBe('id1')
    await clock.advance(2 * minuteMs)
    expect(source.current()).toBeUndefined()
    expect((await source.get()).accessKeyId).toBe('id2')
    expect(count()).toBe(2)
  })

  it('keeps keys without an end until they are refused', async () => {
    const clock = createManualClock()
    const { count, fetch } = provider(clock, undefined)
    const source = new CredentialSource(fetch, clock)
    const first = await source.get()
    await clock.advance(10_000 * minuteMs)
    expect(await source.get()).toBe(first)
    const [a, b] = await Promise.all([source.get(first), source.get(first)])
    expect([a.accessKeyId, b.accessKeyId, count()]).toEqual(['id2', 'id2', 2])
    expect((await source.get(first)).accessKeyId).toBe('id2')
  })

  it('uses the old ones while a provider is down, as long as they last', async () => {
    const clock = createManualClock()
    const { fail, fetch } = provider(clock, 60 * minuteMs)
    const source = new CredentialSource(fetch, clock)
    await source.get()
    fail(true)
    await clock.advance(56 * minuteMs)
    expect((await source.get()).accessKeyId).toBe('id1')
    expect(source.current()?.accessKeyId).toBe('id1')
    await clock.advance(5 * minuteMs)
    expect((await failure(source.get(), 'credentials')).message).toContain('provider is down')
    fail(false)
    expect((await source.get()).accessKeyId).toBe('id2')
  })

  it('does not fetch for every request keys that are born old', async () => {
    const clock = createManualClock()
    const { count, fetch } = provider(clock, 2 * minuteMs)
    const source = new CredentialSource(fetch, clock)
    await source.get()
    await source.get()
    expect(count()).toBe(1)
  })

  it('refuses keys with what no header can carry', () => {
    const clock = createManualClock()
    for (const secretAccessKey of ['', 'a b', 'a\n']) {
      expect(() => new CredentialSource({ accessKeyId: 'id', secretAccessKey }, clock)).toThrow(/secretAccessKey/)
    }
  })
})
