// The worked examples of AWS's own documentation ("Signature Calculations: Examples", S3 API reference).

import { describe, expect, it } from 'vitest'
import { RequestHeaders } from '../../../src/s3-endpoint/request-headers.ts'
import { parseTarget } from '../../../src/s3-endpoint/routing.ts'
import { authenticate, type Authenticated } from '../../../src/s3-endpoint/sigv4/authenticate.ts'
import { FrameSignatures } from '../../../src/s3-endpoint/sigv4/frame-signatures.ts'
import { SigningKeys } from '../../../src/s3-endpoint/sigv4/signing-key.ts'
import { createManualClock } from '../../support/store-clock.ts'
import { sha256 } from '../raw.ts'

const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const clock = createManualClock(Date.parse('2013-05-24T00:00:00Z'))

function check(method: string, url: string, headers: Record<string, string>): Promise<Authenticated> {
  const target = parseTarget(url, headers['Host'], 's3.amazonaws.com')
  const request = { method, target, headers: new RequestHeaders(Object.entries(headers).flat()) }
  const credentials = (id: string): string | undefined => (id === 'AKIAIOSFODNN7EXAMPLE' ? secret : undefined)
  return authenticate(request, { credentials, anonymous: false, region: 'us-east-1', clock, keys: new SigningKeys() })
}

const authorization = (signedHeaders: string, signature: string): string =>
  `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`

describe('the examples of the documentation', () => {
  it('GET of a range', async () => {
    const headers = {
      Host: 'examplebucket.s3.amazonaws.com',
      Range: 'bytes=0-9',
      'x-amz-content-sha256': emptyHash,
      'x-amz-date': '20130524T000000Z',
      Authorization: authorization(
        'host;range;x-amz-content-sha256;x-amz-date',
        'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      ),
    }
    expect(await check('GET', '/test.txt', headers)).toMatchObject({
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      payloadHash: emptyHash,
    })
    await expect(check('GET', '/test.txt', { ...headers, Range: 'bytes=0-8' })).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
    })
  })

  it('PUT with a dollar sign in its key', async () => {
    const headers = {
      Host: 'examplebucket.s3.amazonaws.com',
      Date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-date': '20130524T000000Z',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      Authorization: authorization(
        'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
        '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      ),
    }
    expect((await check('PUT', '/test%24file.text', headers)).accessKeyId).toBe('AKIAIOSFODNN7EXAMPLE')
  })

  it('GET of a sub-resource without a value', async () => {
    const headers = {
      Host: 'examplebucket.s3.amazonaws.com',
      'x-amz-date': '20130524T000000Z',
      'x-amz-content-sha256': emptyHash,
      Authorization: authorization(
        'host;x-amz-content-sha256;x-amz-date',
        'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
      ),
    }
    expect((await check('GET', '/?lifecycle', headers)).accessKeyId).toBe('AKIAIOSFODNN7EXAMPLE')
  })

  it('a presigned URL', async () => {
    const url =
      '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'
    expect((await check('GET', url, { Host: 'examplebucket.s3.amazonaws.com' })).payloadHash).toBe('UNSIGNED-PAYLOAD')
  })

  it('a body in signed chunks', async () => {
    const headers = {
      Host: 's3.amazonaws.com',
      'x-amz-date': '20130524T000000Z',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'Content-Encoding': 'aws-chunked',
      'x-amz-decoded-content-length': '66560',
      'Content-Length': '66824',
      Authorization: authorization(
        'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
        '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
      ),
    }
    const { signer } = await check('PUT', '/examplebucket/chunkObject.txt', headers)
    if (!signer) throw new Error('not signed')
    const signatures = new FrameSignatures(signer)
    signatures.checkFrame(
      sha256('a'.repeat(65_536)),
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    )
    signatures.checkFrame(sha256('a'.repeat(1024)), '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497')
    expect(() =>
      signatures.checkFrame(sha256('x'), 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'),
    ).toThrow()
    signatures.checkFrame(sha256(''), 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9')
  })
})
