// Plans of parts: whatever the table of pieces, the parts say the same bytes within S3's limits.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MiB, GiB } from '../../../../src/base/bytes.ts'
import { s3Limits, type StoreLimits } from '../../../../src/store/store.ts'
import {
  planParts,
  type PieceShape,
  type PlannedPart,
  type PlanOptions,
} from '../../../../src/volume/objects/parts/part-plan.ts'

const options: PlanOptions = { limits: s3Limits, partBytes: 8 * MiB, zeroPartBytesMax: 10 * MiB, uniform: false }

function pieces(...runs: readonly (readonly [PieceShape['kind'], number])[]): PieceShape[] {
  let offset = 0
  return runs.map(([kind, length]) => {
    const piece = { kind, offset, length }
    offset += length
    return piece
  })
}

function plan(table: readonly PieceShape[], changes: Partial<PlanOptions> = {}): readonly PlannedPart[] {
  const parts = planParts(table, { ...options, ...changes })
  if (!parts) return expect.fail('no plan')
  return parts
}

/** Every byte as the table has it, or sent as bytes; no part outside the limits. */
function check(
  table: readonly PieceShape[],
  parts: readonly PlannedPart[],
  limits: StoreLimits,
  zeroMax: number,
): void {
  let at = table[0]?.offset ?? 0
  let i = 0
  for (const [index, { kind, offset, length }] of parts.entries()) {
    expect(offset).toBe(at)
    at += length
    expect(length).toBeGreaterThanOrEqual(index === parts.length - 1 ? 1 : limits.partBytesMin)
    expect(length).toBeLessThanOrEqual(limits.partBytesMax)
    if (kind === 'copy') expect(length).toBeLessThanOrEqual(limits.copyBytesMax)
    if (kind === 'zero') expect(length).toBeLessThanOrEqual(zeroMax)
    for (; i < table.length; i++) {
      const piece = table[i] as PieceShape
      if (kind === 'copy') expect(piece.kind).toBe('base')
      if (kind === 'zero') expect(piece.kind).toBe('zero')
      if (piece.offset + piece.length > at) break
      if (piece.offset + piece.length === at) {
        i++
        break
      }
    }
  }
  const last = table[table.length - 1]
  expect(at).toBe(last ? last.offset + last.length : at)
  expect(parts.length).toBeLessThanOrEqual(limits.partCountMax)
}

function bytesSent(parts: readonly PlannedPart[]): number {
  return parts.reduce((sum, { kind, length }) => sum + (kind === 'bytes' ? length : 0), 0)
}

const lengths = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 1, max: 400 }),
  fc.integer({ min: 1, max: 9000 }),
)
const tables = fc
  .array(fc.tuple(fc.constantFrom<PieceShape['kind']>('base', 'dirty', 'zero'), lengths), {
    minLength: 1,
    maxLength: 120,
  })
  .map((runs) => pieces(...runs))
const smallLimits: StoreLimits = { ...s3Limits, partBytesMin: 50, partBytesMax: 1_000_000, copyBytesMax: 1000 }

describe('a plan of parts', () => {
  it('says the same bytes within the limits, for any table', () => {
    fc.assert(
      fc.property(
        tables,
        fc.constantFrom(50, 64, 80, 500),
        fc.constantFrom(12, 40, 10_000),
        (table, partBytes, partCountMax) => {
          const copyBytesMax = partCountMax === 10_000 ? 1000 : 1_000_000
          const limits = { ...smallLimits, partCountMax, copyBytesMax }
          const parts = planParts(table, { limits, partBytes, zeroPartBytesMax: 100, uniform: false })
          if (parts) check(table, parts, limits, 100)
          // Zeros are copied 100 at a time, so only they can make a plan impossible.
          else expect(table.some(({ kind }) => kind === 'zero')).toBe(true)
        },
      ),
      { numRuns: 1500 },
    )
  })

  it('says the same bytes in parts of one size, where the store wants that', () => {
    fc.assert(
      fc.property(tables, fc.constantFrom(50, 64, 500), (table, partBytes) => {
        const parts = plan(table, { limits: smallLimits, partBytes, zeroPartBytesMax: 100, uniform: true })
        check(table, parts, smallLimits, 100)
        const sizes = new Set(parts.slice(0, -1).map(({ length }) => length))
        expect(sizes.size).toBeLessThanOrEqual(1)
      }),
      { numRuns: 500 },
    )
  })

  it('sends only what is dirty and what a part is too short without', () => {
    fc.assert(
      fc.property(tables, (table) => {
        const parts = plan(table, { limits: smallLimits, partBytes: 80, zeroPartBytesMax: 100 })
        let allowed = 0
        for (const { kind, length } of table) {
          if (kind === 'dirty') allowed += length + smallLimits.partBytesMin
          else if (length < 2 * smallLimits.partBytesMin) allowed += length
          else allowed += smallLimits.partBytesMin
        }
        expect(bytesSent(parts)).toBeLessThanOrEqual(allowed)
      }),
    )
  })

  it('appends a byte to 1 GiB with one copy and one byte', () => {
    expect(plan(pieces(['base', GiB], ['dirty', 1]))).toEqual([
      { kind: 'copy', offset: 0, length: GiB },
      { kind: 'bytes', offset: GiB, length: 1 },
    ])
  })

  it('changes a byte in the middle of 1 GiB with two copies and one shortest part', () => {
    const parts = plan(pieces(['base', 512 * MiB], ['dirty', 1], ['base', 512 * MiB - 1]))
    expect(parts.map(({ kind }) => kind)).toEqual(['copy', 'bytes', 'copy'])
    expect(bytesSent(parts)).toBe(5 * MiB)
  })

  it('copies a clean tail that is shorter than a part', () => {
    const parts = plan(pieces(['dirty', 20 * MiB], ['base', 100]))
    expect(parts[parts.length - 1]).toEqual({ kind: 'copy', offset: 20 * MiB, length: 100 })
  })

  it('cuts what is too long for one copy into parts of nearly one size', () => {
    const parts = plan(pieces(['base', 5 * GiB + 1], ['dirty', 10]))
    expect(parts.map(({ kind }) => kind)).toEqual(['copy', 'copy', 'bytes'])
    expect(parts[1]?.length).toBeGreaterThan(GiB)
  })

  it('sends no hole', () => {
    expect(bytesSent(plan(pieces(['dirty', 8 * MiB], ['zero', 40 * GiB], ['dirty', 1])))).toBe(8 * MiB + 1)
  })

  it('takes larger parts where the number of parts would not do', () => {
    const parts = plan(pieces(['dirty', 200 * GiB]))
    expect(parts.length).toBeLessThanOrEqual(10_000)
    expect(parts[0]?.length).toBe(32 * MiB)
  })

  it('gives up short copies where the number of parts would not do', () => {
    const runs = Array.from({ length: 12_000 }, (_, i) => [i % 2 ? 'base' : 'dirty', 6 * MiB] as const)
    const parts = plan(pieces(...runs))
    check(pieces(...runs), parts, s3Limits, 10 * MiB)
  })

  it('knows parts of 1 byte less than the limit cannot stand before others', () => {
    const parts = plan(pieces(['dirty', 8 * MiB + 5 * MiB - 1], ['base', 20 * MiB], ['dirty', 1]))
    expect(parts.map(({ kind, length }) => [kind, length])).toEqual([
      ['bytes', 13 * MiB - 1],
      ['copy', 20 * MiB],
      ['bytes', 1],
    ])
  })

  it('sends clean runs as bytes when they may not be copied', () => {
    expect(plan(pieces(['base', 20 * MiB]), { withoutCopies: true }).every(({ kind }) => kind === 'bytes')).toBe(true)
  })

  it('says when no plan has few enough parts', () => {
    expect(planParts(pieces(['zero', 60_000 * 10 * MiB]), { ...options })).toBeUndefined()
  })
})
