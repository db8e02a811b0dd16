// One budget for all bytes in memory.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keepBytesMax } from '../../../src/volume/content/dirty-store.ts'
import { MemoryBudget } from '../../../src/volume/content/memory-budget.ts'
import type { MemoryUse } from '../../../src/volume/content/memory-budget.ts'
import { MiB } from './content-kit.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('MemoryBudget', () => {
  it('gives what is free and no more, and evicts clean bytes for everybody else', () => {
    const budget = new MemoryBudget(800)
    let clean = 0
    budget.addReclaimer((bytes) => {
      const freed = Math.min(clean, bytes)
      clean -= freed
      if (freed > 0) budget.give(freed, 'clean')
    })
    expect(budget.tryTake(800, 'clean')).toBe(true)
    clean = 800
    expect(budget.tryTake(1, 'clean')).toBe(false)
    expect(budget.tryTake(300, 'flight')).toBe(true)
    expect([budget.used('clean'), budget.used('flight'), budget.free]).toEqual([500, 300, 0])
  })

  it('leaves room for fills beside flights and dirty bytes, and for flights beside dirty bytes', () => {
    const budget = new MemoryBudget(800)
    expect([budget.fillBytesMax, budget.flightBytesMax, budget.dirtyBytesMax]).toEqual([400, 400, 200])
    expect(budget.tryTake(201, 'dirty')).toBe(false)
    expect(budget.tryTake(200, 'dirty')).toBe(true)
    expect(budget.tryTake(201, 'flight')).toBe(false)
    expect(budget.tryTake(200, 'flight')).toBe(true)
    expect(budget.tryTake(400, 'fill')).toBe(true)
    expect(budget.tryTake(1, 'fill')).toBe(false)
  })

  it('has room for the largest fill, a part in flight and a write, in the least memory that is allowed', () => {
    const least = 4 * 5 * MiB
    const budget = new MemoryBudget(least)
    expect(budget.fillBytesMax).toBe(8 * MiB)
    expect(budget.flightBytesMax / 2).toBeGreaterThanOrEqual(5 * MiB)
    expect(budget.dirtyBytesMax).toBeGreaterThanOrEqual(keepBytesMax)
  })

  it('serves waiters of one use in order', async () => {
    const budget = new MemoryBudget(800)
    expect(budget.tryTake(400, 'flight')).toBe(true)
    const served: string[] = []
    const first = budget.take(200).then(() => served.push('first'))
    const second = budget.take(50).then(() => served.push('second'))
    budget.give(100)
    await turn()
    expect(served).toEqual([])
    expect(budget.tryTake(10)).toBe(false)
    budget.give(100)
    await first
    budget.give(200)
    await second
    expect(served).toEqual(['first', 'second'])
  })

  it('does not let a fill wait for a waiting flight', async () => {
    const budget = new MemoryBudget(800)
    expect(budget.tryTake(400, 'flight')).toBe(true)
    const flight = budget.take(200)
    await budget.take(400, undefined, 'fill')
    budget.give(400)
    await flight
    expect(budget.used()).toBe(600)
  })

  it('forgets an aborted waiter and serves those behind it', async () => {
    const budget = new MemoryBudget(800)
    expect(budget.tryTake(300, 'flight')).toBe(true)
    const controller = new AbortController()
    const large = budget.take(200, controller.signal).catch((error: unknown) => error)
    const small = budget.take(100)
    controller.abort(new Error('enough'))
    expect(await large).toMatchObject({ message: 'enough' })
    await small
    expect([budget.used(), budget.waiting]).toEqual([400, 0])
  })

  it('refuses with ENOMEM what might never be given', async () => {
    const budget = new MemoryBudget(800)
    await expect(budget.take(201, undefined, 'flight')).rejects.toMatchObject({ code: 'ENOMEM' })
    await expect(budget.take(201, undefined, 'dirty')).rejects.toMatchObject({ code: 'ENOMEM' })
    await expect(budget.take(401, undefined, 'fill')).rejects.toMatchObject({ code: 'ENOMEM' })
  })

  it('says so when more is given back than was taken', () => {
    const budget = new MemoryBudget(800)
    budget.tryTake(10, 'fill')
    expect(() => budget.give(11, 'fill')).toThrow('fill')
  })

  it('is never exceeded and serves everybody in the end, whatever comes', async () => {
    const uses: readonly Exclude<MemoryUse, 'clean'>[] = ['fill', 'flight', 'dirty']
    const request = fc.record({ use: fc.constantFrom(...uses), bytes: fc.integer({ min: 1, max: 60 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 60 }), async (requests) => {
        const budget = new MemoryBudget(240)
        const held: number[] = []
        budget.addReclaimer((bytes) => {
          for (let freed = 0; freed < bytes && held.length > 0;) {
            const block = held.shift() as number
            freed += block
            budget.give(block, 'clean')
          }
        })
        await Promise.all(
          requests.map(async ({ use, bytes }) => {
            await budget.take(bytes, undefined, use)
            expect(budget.used()).toBeLessThanOrEqual(240)
            await turn()
            if (use !== 'fill') return budget.give(bytes, use)
            held.push(bytes)
            budget.move(bytes, 'fill', 'clean')
          }),
        )
        expect(budget.peak).toBeLessThanOrEqual(240)
        expect([budget.used(), budget.waiting]).toEqual([held.reduce((sum, bytes) => sum + bytes, 0), 0])
      }),
      { numRuns: 100 },
    )
  })
})
