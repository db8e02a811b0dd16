// Where a bucket is, and where a reply may send us.

import { describe, expect, it } from 'vitest'
import { addressOf, redirected, type AddressInput } from '../../../../src/store/s3/wire/address.ts'

const at = (input: Partial<AddressInput>): string => {
  const { basePath, host, protocol } = addressOf({ bucket: 'my-bucket', region: 'eu-west-1', ...input })
  return `${protocol}//${host}${basePath}`
}

describe('addressOf', () => {
  it('is the host of the bucket on AWS, its path for a name with dots', () => {
    expect(at({})).toBe('https://my-bucket.s3.eu-west-1.amazonaws.com')
    expect(at({ region: 'cn-north-1' })).toBe('https://my-bucket.s3.cn-north-1.amazonaws.com.cn')
    expect(at({ bucket: 'my.bucket' })).toBe('https://s3.eu-west-1.amazonaws.com/my.bucket')
    expect(at({ forcePathStyle: true })).toBe('https://s3.eu-west-1.amazonaws.com/my-bucket')
  })

  it('is a path on an endpoint of its own, unless told otherwise', () => {
    expect(at({ endpoint: 'http://127.0.0.1:9000/' })).toBe('http://127.0.0.1:9000/my-bucket')
    expect(at({ endpoint: 'https://s3.example.org:443' })).toBe('https://s3.example.org/my-bucket')
    expect(at({ endpoint: 'https://example.org/s3/', forcePathStyle: false })).toBe('https://my-bucket.example.org/s3')
    expect(at({ endpoint: 'http://[::1]:9000' })).toBe('http://[::1]:9000/my-bucket')
    expect(addressOf({ bucket: 'my-bucket', region: 'x', endpoint: 'http://[::1]:9000' }).hostname).toBe('::1')
  })
})

describe('redirected', () => {
  const aws = addressOf({ bucket: 'my-bucket', region: 'us-east-1' })
  const own = addressOf({ bucket: 'my-bucket', region: 'us-east-1', endpoint: 'https://s3.example.org' })

  it('stays within AWS, and within the domain of an endpoint', () => {
    expect(redirected(aws, 'my-bucket.s3.eu-west-1.amazonaws.com')?.host).toBe('my-bucket.s3.eu-west-1.amazonaws.com')
    expect(redirected(aws, 'https://my-bucket.s3-us-west-2.amazonaws.com/key')?.host).toBe(
      'my-bucket.s3-us-west-2.amazonaws.com',
    )
    expect(redirected(own, 'https://node2.s3.example.org:8443/my-bucket/key')).toMatchObject({
      port: 8443,
      basePath: '/my-bucket',
    })
  })

  it('leads nowhere else, and never out of TLS', () => {
    for (const location of [
      'https://evil.org/',
      'https://amazonaws.com.evil.org/',
      'https://evilamazonaws.com/',
      'nonsense://x',
      '::',
    ]) {
      expect(redirected(aws, location)).toBeUndefined()
    }
    expect(redirected(aws, 'http://my-bucket.s3.amazonaws.com/')).toBeUndefined()
    for (const location of ['http://s3.example.org/', 'https://s3.example.org.evil.org/', 'https://example.org/']) {
      expect(redirected(own, location)).toBeUndefined()
    }
  })
})
