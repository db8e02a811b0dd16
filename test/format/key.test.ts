import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keySegmentOfName, longKeyOf, longPrefixOf, nameOfKeySegment } from '../../src/format/key.ts'
import { anyName } from './arbitraries.ts'

const segment = fc.oneof(
  anyName.filter((name) => !/\p{Surrogate}/u.test(name)),
  fc
    .string({ unit: fc.constantFrom('%', '2', '5', 'E', '9', 'a', '.', 'C', '3', 'A') })
    .map((tail) => `.bucketfs%${tail}`),
)

describe('segments of keys', () => {
  it('give back every name but the reserved one', () => {
    fc.assert(
      fc.property(anyName, fc.boolean(), (name, atRoot) => {
        const written = keySegmentOfName(name, atRoot)
        expect(written).not.toMatch(/\p{Surrogate}/u)
        expect(nameOfKeySegment(written, atRoot)).toBe(name)
      }),
      { numRuns: 500 },
    )
  })

  it('are names of their own, or none, but never a second spelling of a name', () => {
    fc.assert(
      fc.property(segment, fc.boolean(), (listed, atRoot) => {
        const name = nameOfKeySegment(listed, atRoot)
        if (name !== null) expect(keySegmentOfName(name, atRoot)).toBe(listed)
      }),
      { numRuns: 500 },
    )
  })

  it('are the name itself wherever it is Unicode and not ours', () => {
    for (const name of ['a b', 'naïve', '100%', '%E9', '.bucketfs2', 'x.bucketfs%', '\x01\x7f', '\ufffe', 'a\\b'])
      expect(keySegmentOfName(name, true)).toBe(name)
  })

  it.each([
    ['caf\udce9', false, '.bucketfs%caf%E9'],
    ['.bucketfs', true, '.bucketfs%.bucketfs'],
    ['.bucketfs', false, '.bucketfs'],
    ['.bucketfs%', false, '.bucketfs%.bucketfs%25'],
    ['50%\udcff', false, '.bucketfs%50%25%FF'],
  ])('of %j (at the root: %j) is %j', (name, atRoot, written) => {
    expect(keySegmentOfName(name, atRoot)).toBe(written)
  })

  it.each([
    ['', false],
    ['.', false],
    ['..', false],
    ['a\0b', false],
    ['x'.repeat(256), false],
    ['é'.repeat(128), false],
    ['.bucketfs', true],
    ['.bucketfs%', false],
    ['.bucketfs%plain', false],
    ['.bucketfs%.bucketfs', false],
    ['.bucketfs%%e9', false],
    ['.bucketfs%%C3%A9', false],
    ['.bucketfs%%2F', false],
    ['.bucketfs%%E', false],
    ['.bucketfs%%00%FF', false],
  ])('that no tree can show: %j (at the root: %j)', (listed, atRoot) => {
    expect(nameOfKeySegment(listed, atRoot)).toBeNull()
  })

  it('show names of up to 255 bytes', () => {
    expect(nameOfKeySegment('x'.repeat(255), false)).toBe('x'.repeat(255))
    expect(nameOfKeySegment(keySegmentOfName('\udcff'.repeat(255), false), false)).toBe('\udcff'.repeat(255))
  })
})

describe('keys too long for the bucket', () => {
  const directory = `${'d'.repeat(200)}/`.repeat(6)

  it('lie below one prefix per directory', () => {
    expect(longPrefixOf(directory)).toMatch(/^\.bucketfs\/data\/paths\/[0-9a-f]{64}\/$/)
    expect(longKeyOf(`${directory}file`)).toBe(`${longPrefixOf(directory)}file`)
    expect(longKeyOf(`${directory}sub/`)).toBe(`${longPrefixOf(directory)}sub/`)
  })

  it('fit the limit whatever the name', () => {
    const name = keySegmentOfName('\udcff'.repeat(255), false)
    expect(longKeyOf(`${directory}${name}/`).length).toBeLessThanOrEqual(1024)
  })

  it('hash the UTF-8 of the prefix', () => {
    expect(longPrefixOf('é/')).toBe(
      '.bucketfs/data/paths/3f8f7c65f974a3b1c3eea3607b7cd49a53bb9e58df914353c6eae350007fe114/',
    )
  })
})
