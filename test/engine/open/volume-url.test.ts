import { expect, it } from 'vitest'
import { normalizeEndpoint, parseVolumeUrl, volumeLabel, VolumeUrlError } from '../../../src/engine/open/volume-url.ts'

it.each([
  ['s3://bucket', { bucket: 'bucket', prefix: '' }],
  ['s3://bucket/', { bucket: 'bucket', prefix: '' }],
  ['s3://bucket/a/b', { bucket: 'bucket', prefix: 'a/b/' }],
  ['s3://bucket/a/b/', { bucket: 'bucket', prefix: 'a/b/' }],
  ['s3://My_Bucket.x/a%20b%23', { bucket: 'My_Bucket.x', prefix: 'a b#/' }],
  ['s3://b/caf%C3%A9', { bucket: 'b', prefix: 'café/' }],
  [
    's3://b?endpoint=http://h:9000/&region=eu-west-1',
    { bucket: 'b', prefix: '', endpoint: 'http://h:9000', region: 'eu-west-1' },
  ],
])('reads %s', (url, expected) => {
  expect(parseVolumeUrl(url)).toEqual({ kind: 's3', endpoint: undefined, region: undefined, ...expected })
})

it('reads the other schemes, and URL objects', () => {
  expect(parseVolumeUrl('file:///var/data/')).toEqual({ kind: 'file', root: '/var/data' })
  expect(parseVolumeUrl(new URL('file:///a%20b'))).toEqual({ kind: 'file', root: '/a b' })
  expect(parseVolumeUrl('memory:')).toEqual({ kind: 'memory' })
  expect(parseVolumeUrl('disk:mine')).toEqual({ kind: 'disk', name: 'mine' })
})

it.each([
  ['', 'it must be'],
  ['/data', 'it must be'],
  ['bucket/prefix', 'it must be'],
  ['http://bucket', 'unknown scheme http:'],
  ['s3://', 'names no bucket'],
  ['s3:///prefix', 'names no bucket'],
  ['s3://bucket:9000/x', '?endpoint='],
  ['s3://bucket/x#y', 'fragment'],
  ['s3://bucket?endpont=x', 'unknown parameter endpont'],
  ['s3://bucket/%ff', 'escape'],
  ['file://host/dir', 'host'],
  ['memory:name', 'no name'],
  ['disk:', 'no disk'],
])('refuses %j as Node refuses URLs', (url, reason) => {
  expect(() => parseVolumeUrl(url)).toThrow(VolumeUrlError)
  expect(() => parseVolumeUrl(url)).toThrow(
    expect.objectContaining({
      name: 'TypeError',
      code: 'ERR_INVALID_URL',
      input: url,
      message: expect.stringContaining(reason),
    }),
  )
})

it('refuses credentials in the URL without repeating them', () => {
  try {
    parseVolumeUrl('s3://key:secret@bucket')
    expect.unreachable()
  } catch (error) {
    expect(JSON.stringify([String(error), error])).not.toMatch(/secret|key:/)
  }
})

it('names one volume one way, however its URL is written', () => {
  const labels = ['s3://b/p', 's3://b/p/', 's3://b/%70'].map((url) => volumeLabel(parseVolumeUrl(url)))
  expect(new Set(labels)).toEqual(new Set(['s3://b/p/']))
  expect(volumeLabel(parseVolumeUrl('s3://b?endpoint=http://h/'))).not.toBe(volumeLabel(parseVolumeUrl('s3://b')))
})

it.each(['localhost:9000', 'ftp://h', 'http://h?x=1', ''])(
  'refuses the endpoint %j by the name of where it came from',
  (endpoint) => {
    expect(() => normalizeEndpoint(endpoint, 'BUCKETFS_ENDPOINT')).toThrow(/^BUCKETFS_ENDPOINT must be http/)
  },
)
