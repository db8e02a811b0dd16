import { describe, expect, it } from 'vitest'
import { parsePlace } from '../../src/cli/places/place.ts'
import { matchesGlob } from '../../src/cli/glob.ts'
import { flagOf, settingsFromFlags } from '../../src/cli/settings.ts'

describe('a path argument', () => {
  it.each([
    ['s3://bucket', 's3://bucket', '/'],
    ['s3://bucket/a/b', 's3://bucket', '/a/b'],
    ['s3://bucket/prefix//a/b', 's3://bucket/prefix', '/a/b'],
    ['s3://bucket/a?endpoint=http://h:1', 's3://bucket?endpoint=http://h:1', '/a'],
    ['s3://bucket/a?', 's3://bucket?', '/a'],
    ['file:///var/bucket', 'file:///var/bucket', '/'],
    ['file:///var/bucket//a/', 'file:///var/bucket', '/a/'],
    ['memory:', 'memory:', '/'],
    ['s3://bucket/a%b//c', 's3://bucket/a%25b', '/c'],
  ])('%s is on volume %s at %s', (text, url, path) => {
    expect(parsePlace(text)).toMatchObject({ kind: 'volume', url, path })
  })

  it.each(['a/b', '/etc/hosts', './s3:', 'C:file', '..'])('%s is a local path', (text) => {
    expect(parsePlace(text)).toMatchObject({ kind: 'local', path: text })
  })

  it.each(['', 'https://x/y', 's3:bucket', 's3:///key'])('%j is refused with a way out', (text) => {
    expect(() => parsePlace(text)).toThrow(/write/)
  })
})

describe('a glob', () => {
  it.each([
    ['*.txt', 'a.txt', true],
    ['*.txt', 'a.txt.gz', false],
    ['?', 'é', true],
    ['[a-c]*', 'bad', true],
    ['[!a-c]*', 'bad', false],
    ['[]x]', ']', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['(x|y)+', 'x', false],
    ['*', '.hidden', true],
    ['[', '[', true],
  ])('%s against %s is %s', (pattern, text, matches) => {
    expect(matchesGlob(pattern, text)).toBe(matches)
  })
})

describe('settings on the command line', () => {
  it('are flags of their names', () => {
    expect(flagOf('memoryBytesMax')).toBe('--memory-bytes-max')
  })

  it('take sizes with units', () => {
    expect(settingsFromFlags({ memoryBytesMax: '64MiB', readOnly: true })).toEqual({
      memoryBytesMax: 64 * 1024 * 1024,
      readOnly: true,
    })
  })

  it('are named when they cannot be', () => {
    expect(() => settingsFromFlags({ durability: 'never' })).toThrow(/--durability must be one of/)
  })
})
