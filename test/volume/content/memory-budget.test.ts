// One budget for all bytes in memory.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryBudget } from '../../../src/volume/content/memory-budget.ts'
import type { MemoryUse } from '../../../src/volume/content/memory-budget.ts'

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
    expect(budget.tryTake(401, 'dirty')).toBe(false)
    expect(budget.tryTake(400, 'dirty')).toBe(true)
    expect(budget.tryTake(301, 'flight')).toBe(false)
    expect(budget.tryTake(300, 'flight')).toBe(true)
    expect(budget.tryTake(100, 'fill')).toBe(true)
    expect(budget.tryTake(1, 'fill')).toBe(false)
  })

  it('serves waiters of one use in order', async () => {
    const budget = new MemoryBudget(800)
    await budget.take(700, undefined, 'flight')
    const served: string[] = []
    const first = budget.take(500).then(() => served.push('first'))
    const second = budget.take(100).then(() => served.push('second'))
    budget.give(300)
    await turn()
    expect(served).toEqual([])
    expect(budget.tryTake(10)).toBe(false)
    budget.give(200)
    await first
    budget.give(400)
    await second
    expect(served).toEqual(['first', 'second'])
  })

  it('does not let a fill wait for a waiting flight', async () => {
    const budget = new MemoryBudget(800)
    await budget.take(700)
    const flight = budget.take(700)
    await budget.take(100, undefined, 'fill')
    budget.give(700)
    await flight
    expect(budget.used()).toBe(800)
  })

  it('forgets an aborted waiter and serves those behind it', async () => {
    const budget = new MemoryBudget(800)
    await budget.take(600)
    const controller = new AbortController()
    const large = budget.take(700, controller.signal).catch((error: unknown) => error)
    const small = budget.take(100)
    controller.abort(new Error('enough'))
    expect(await large).toMatchObject({ message: 'enough' })
    await small
    expect([budget.used(), budget.waiting]).toEqual([700, 0])
  })

  it('refuses with ENOMEM what could never be given', async () => {
    const budget = new MemoryBudget(800)
    await expect(budget.take(701, undefined, 'flight')).rejects.toMatchObject({ code: 'ENOMEM' })
    await expect(budget.take(401, undefined, 'dirty')).rejects.toMatchObject({ code: 'ENOMEM' })
    await expect(budget.take(801, undefined, 'fill')).rejects.toMatchObject({ code: 'ENOMEM' })
  })

  it('says so when more is given back than was taken', () => {
    const budget = new MemoryBudget(800)
    budget.tryTake(10, 'fill')
    expect(() => budget.give(11, 'fill')).toThrow('fill')
  })

  it('is never exceeded and serves everybody in the end, whatever comes', async () => {
    const uses: readonly Exclude<MemoryUse, 'clean'>[] = ['fill', 'flight', 'dirty']
    const request = fc.record({ use: fc.constantFrom(...uses), bytes: fc.integer({ min: 1, max: 100 }) })
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
