// Conditions: checked and published as one step, on every call that takes them.

import { describe, expect, it } from 'vitest'
import { failure, getText, plain, putText } from '../support/store-kit.ts'
import type { Contract } from './store-suite.ts'

const racers = 16

async function winners(calls: readonly Promise<unknown>[]): Promise<number[]> {
  const settled = await Promise.allSettled(calls)
  for (const outcome of settled) {
    if (outcome.status === 'rejected') await failure(Promise.reject(outcome.reason), 'precondition', 'conflict')
  }
  return settled.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []))
}

export function describeConditions(contract: Contract): void {
  describe('conditions', () => {
    it('of 16 racing creators exactly one wins', async () => {
      if (!contract.has('putIfNoneMatch') || !contract.has('atomicConditions')) return
      const { store } = contract
      const key = `${contract.prefix()}created`
      const calls = Array.from({ length: racers }, (_, i) => putText(store, key, `racer ${i}`, { ifNoneMatch: '*' }))
      const won = await winners(calls)
      expect(won).toHaveLength(1)
      expect(await getText(store, key)).toBe(`racer ${won[0]}`)
      await failure(putText(store, key, 'late', { ifNoneMatch: '*' }), 'precondition')
    })

    it('of 16 replacers with one ETag exactly one wins', async () => {
      if (!contract.has('putIfMatch') || !contract.has('atomicConditions')) return
      const { store } = contract
      const key = `${contract.prefix()}replaced`
      const { etag } = await putText(store, key, 'base')
      const calls = Array.from({ length: racers }, (_, i) => putText(store, key, `racer ${i}`, { ifMatch: etag }))
      const won = await winners(calls)
      expect(won).toHaveLength(1)
      expect(await getText(store, key)).toBe(`racer ${won[0]}`)
      await failure(putText(store, key, 'late', { ifMatch: etag }), 'precondition')
      await failure(putText(store, `${key}-absent`, 'x', { ifMatch: etag }), 'precondition', 'not-found')
      await failure(store.head(`${key}-absent`), 'not-found')
    })

    it('reads answer If-Match and If-None-Match', async () => {
      const { store } = contract
      const key = `${contract.prefix()}read`
      const { etag } = await putText(store, key, 'text')
      expect((await store.get(key, { ifMatch: etag })).size).toBe(4)
      await failure(store.get(key, { ifMatch: '0123456789abcdef0123456789abcdef' }), 'precondition')
      await failure(store.get(key, { ifNoneMatch: etag }), 'precondition')
      expect((await store.get(key, { ifNoneMatch: 'other' })).size).toBe(4)
    })

    it('copies hold the source to its ETag', async () => {
      if (!contract.has('copySourceIfMatch')) return
      const { store } = contract
      const prefix = contract.prefix()
      const { etag } = await putText(store, `${prefix}a`, 'one')
      await store.copy(`${prefix}a`, `${prefix}b`, { sourceIfMatch: etag })
      await putText(store, `${prefix}a`, 'two')
      await failure(store.copy(`${prefix}a`, `${prefix}b`, { sourceIfMatch: etag }), 'precondition')
      expect(await getText(store, `${prefix}b`)).toBe('one')
    })

    it('copies do not overwrite what they were told is absent', async () => {
      if (!contract.has('copyIfNoneMatch')) return
      const { store } = contract
      const prefix = contract.prefix()
      await putText(store, `${prefix}a`, 'source')
      if (contract.has('atomicConditions')) {
        const calls = Array.from({ length: racers }, () => store.copy(`${prefix}a`, `${prefix}b`, { ifNoneMatch: '*' }))
        expect(await winners(calls)).toHaveLength(1)
      }
      await putText(store, `${prefix}c`, 'there')
      await failure(store.copy(`${prefix}a`, `${prefix}c`, { ifNoneMatch: '*' }), 'precondition')
      expect(await getText(store, `${prefix}c`)).toBe('there')
    })

    it('copies replace only the version they were told of', async () => {
      if (!contract.has('copyIfMatch')) return
      const { store } = contract
      const prefix = contract.prefix()
      const source = await putText(store, `${prefix}a`, 'source')
      const { etag } = await putText(store, `${prefix}b`, 'old')
      await failure(store.copy(`${prefix}a`, `${prefix}b`, { ifMatch: source.etag }), 'precondition')
      expect(await getText(store, `${prefix}b`)).toBe('old')
      await store.copy(`${prefix}a`, `${prefix}b`, { ifMatch: etag })
      expect(await getText(store, `${prefix}b`)).toBe('source')
      await failure(store.copy(`${prefix}a`, `${prefix}d`, { ifMatch: etag }), 'precondition', 'not-found')
      const self = { headers: { metadata: { n: '1' } } }
      await failure(store.copy(`${prefix}b`, `${prefix}b`, { ...self, ifMatch: etag }), 'precondition')
      await store.copy(`${prefix}b`, `${prefix}b`, { ...self, ifMatch: source.etag })
    })

    it('deletes remove only the version they were told of', async () => {
      if (!contract.has('deleteIfMatch')) return
      const { store } = contract
      const key = `${contract.prefix()}deleted`
      const first = await putText(store, key, 'one')
      const second = await putText(store, key, 'two')
      await failure(store.delete(key, { ifMatch: first.etag }), 'precondition')
      expect(await getText(store, key)).toBe('two')
      await store.delete(key, { ifMatch: second.etag })
      await failure(store.head(key), 'not-found')
      await store
        .delete(key, { ifMatch: second.etag })
        .catch((error: unknown) => failure(Promise.reject(error), 'not-found', 'precondition'))
    })

    it('deleteMany takes keys of all kinds and absent ones', async () => {
      if (!contract.has('deleteMany')) return
      const { store } = contract
      const prefix = contract.prefix()
      const keys = [`${prefix}a`, `${prefix}b<&>"'`, `${prefix}ü🎉`, `${prefix}dir/`]
      for (const key of keys) await putText(store, key, key.endsWith('/') ? '' : 'x')
      const failures = await store.deleteMany([...keys, `${prefix}absent`].map((key) => ({ key })))
      expect(failures).toEqual([])
      expect((await store.list({ prefix })).objects).toEqual([])
      expect(await store.deleteMany([])).toEqual([])
    })

    it('deleteMany holds each entry to its own ETag', async () => {
      if (!contract.has('deleteManyIfMatch')) return
      const { store } = contract
      const prefix = contract.prefix()
      const a = await putText(store, `${prefix}a`, 'a')
      await putText(store, `${prefix}b`, 'b')
      await putText(store, `${prefix}c`, 'c')
      const failures = await store.deleteMany([
        { key: `${prefix}a`, ifMatch: a.etag },
        { key: `${prefix}b`, ifMatch: a.etag },
        { key: `${prefix}c` },
      ])
      expect(failures.map(({ key }) => key)).toEqual([`${prefix}b`])
      await failure(Promise.reject(failures[0]?.error), 'precondition', 'conflict')
      expect((await store.list({ prefix })).objects.map(({ key }) => key)).toEqual([`${prefix}b`])
    })

    it('a create after a delete succeeds', async () => {
      if (!contract.has('putIfNoneMatch')) return
      const { store } = contract
      const key = `${contract.prefix()}again`
      await putText(store, key, 'one', { ifNoneMatch: '*' })
      await store.delete(key)
      await store.put(key, new Uint8Array(0), { headers: plain, ifNoneMatch: '*' })
      expect((await store.head(key)).size).toBe(0)
    })
  })
}
