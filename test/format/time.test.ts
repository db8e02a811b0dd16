import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatCompactUtc,
  formatRfc3339,
  formatTime,
  parseRfc3339,
  parseTime,
  timeNsMax,
  timeNsMin,
} from '../../src/format/time.ts'

const anyTime = fc.bigInt(timeNsMin, timeNsMax)

describe('times', () => {
  it('come back from both forms', () => {
    fc.assert(
      fc.property(anyTime, (ns) => {
        expect(parseTime(formatTime(ns))).toBe(ns)
        expect(parseTime(formatRfc3339(ns))).toBe(ns)
      }),
      { numRuns: 1000 },
    )
  })

  it('have nine digits of a fraction, or none', () => {
    fc.assert(
      fc.property(anyTime, (ns) => {
        expect(formatTime(ns)).toMatch(/^-?\d+(\.\d{9})?$/)
      }),
    )
  })

  it('agree with the calendar of JavaScript', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2_000_000_000_000, max: 15_000_000_000_000 }), (ms) => {
        const text = new Date(ms).toISOString()
        expect(parseRfc3339(text)).toBe(BigInt(ms) * 1_000_000n)
        expect(Date.parse(formatRfc3339(BigInt(ms) * 1_000_000n))).toBe(ms)
      }),
      { numRuns: 1000 },
    )
  })

  it('reach from 1901 to 2446', () => {
    expect(formatRfc3339(timeNsMin)).toBe('1901-12-13T20:45:52Z')
    expect(formatRfc3339(timeNsMax)).toBe('2446-05-10T22:38:55.999999999Z')
  })

  it('in names of files are compact UTC', () => {
    expect(formatCompactUtc(1_700_000_000_999)).toBe('20231114T221320Z')
  })
})
