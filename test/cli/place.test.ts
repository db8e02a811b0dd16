import { describe, expect, it } from 'vitest'
import { parsePlace } from '../../src/cli/places/place.ts'
import { matchesGlob } from '../../src/cli/glob.ts'
import { environmentNameOf, flagOf, settingsFrom } from '../../src/cli/settings.ts'

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
  it('turns names into flags and environment names', () => {
    expect(flagOf('memoryBytesMax')).toBe('--memory-bytes-max')
    expect(environmentNameOf('memoryBytesMax')).toBe('BUCKETFS_MEMORY_BYTES_MAX')
  })

  it('reads sizes with units', () => {
    expect(settingsFrom({ memoryBytesMax: '64MiB', partBytes: '8388608' }, {})).toEqual({
      memoryBytesMax: 64 * 1024 * 1024,
      partBytes: 8_388_608,
    })
  })

  it('lets a flag win over the environment', () => {
    const environment = { BUCKETFS_DURABILITY: 'memory', BUCKETFS_READ_ONLY: 'yes' }
    expect(settingsFrom({ durability: 'journal' }, environment)).toEqual({ durability: 'journal', readOnly: true })
  })
})
