// Signatures: the examples of AWS's "Signature Calculations for the Authorization Header" page, and agreement with the
// AWS SDK's own signer on requests with awkward keys, queries and headers.

import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import {
  emptyPayloadHash,
  encodePath,
  encodeQuery,
  encodeRfc3986,
  type HeaderPairs,
} from '../../../../src/store/s3/wire/canonical.ts'
import { Signer } from '../../../../src/store/s3/wire/signer.ts'

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const nowMs = Date.parse('2013-05-24T00:00:00Z')

function authorizationOf(input: Partial<Parameters<Signer['sign']>[0]>): string {
  const flat = new Signer().sign({
    method: 'GET',
    path: '/',
    query: '',
    host: 'examplebucket.s3.amazonaws.com',
    headers: [],
    payloadHash: emptyPayloadHash,
    credentials,
    region: 'us-east-1',
    nowMs,
    ...input,
  })
  expect(flat.at(-2)).toBe('authorization')
  return flat.at(-1) as string
}

describe('Signer on the examples of AWS', () => {
  it('signs GET with a range', () => {
    expect(authorizationOf({ path: '/test.txt', headers: [['range', 'bytes=0-9']] })).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    )
  })

  it('signs PUT with a body, an encoded key and a storage class', () => {
    const headers: HeaderPairs = [
      ['date', 'Fri, 24 May 2013 00:00:00 GMT'],
      ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
    ]
    const payloadHash = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072'
    const path = encodePath('/test$file.text')
    expect(path).toBe('/test%24file.text')
    expect(authorizationOf({ method: 'PUT', path, headers, payloadHash })).toMatch(
      /SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd$/,
    )
  })

  it('signs a sub-resource', () => {
    expect(authorizationOf({ query: encodeQuery([['lifecycle', '']]) })).toMatch(
      /Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543$/,
    )
  })

  it('signs a listing', () => {
    expect(
      authorizationOf({
        query: encodeQuery([
          ['prefix', 'J'],
          ['max-keys', '2'],
        ]),
      }),
    ).toMatch(/Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7$/)
  })
})

interface CapturedRequest {
  readonly method: string
  readonly path: string
  readonly query: Record<string, string | string[] | null>
  readonly headers: Record<string, string>
}

/** What the SDK would have sent for `send`. */
async function captured(send: (client: S3Client) => Promise<unknown>): Promise<CapturedRequest> {
  let request: CapturedRequest | undefined
  const requestHandler = {
    handle: async (sent: CapturedRequest) => {
      request = sent
      throw Object.assign(new Error('captured'), { name: 'Captured' })
    },
    httpHandlerConfigs: () => ({}),
    updateHttpClientConfig: () => {},
  } as unknown as NonNullable<S3ClientConfig['requestHandler']>
  const client = new S3Client({
    region: 'eu-central-1',
    endpoint: 'http://127.0.0.1:9000',
    forcePathStyle: true,
    credentials: { ...credentials, sessionToken: 'token/+=' },
    maxAttempts: 1,
    requestHandler,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  await expect(send(client)).rejects.toThrow('captured')
  client.destroy()
  return request as CapturedRequest
}

/** Signs the SDK's request anew and compares. */
function expectSame(request: CapturedRequest, path: string): void {
  const { authorization, ...sent } = request.headers
  const signed = /SignedHeaders=([^,]+),/.exec(authorization as string)?.[1]?.split(';') as string[]
  const ours = new Set(['host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token'])
  const headers = signed.filter((name) => !ours.has(name)).map((name) => [name, sent[name] as string] as const)
  const query = encodeQuery(Object.entries(request.query).map(([name, value]) => [name, String(value ?? '')]))
  const stamp = (sent['x-amz-date'] as string).replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
    '$1-$2-$3T$4:$5:$6Z',
  )
  const mine = authorizationOf({
    method: request.method,
    path,
    query,
    host: sent['host'] as string,
    headers,
    payloadHash: sent['x-amz-content-sha256'] as string,
    credentials: { ...credentials, sessionToken: 'token/+=' },
    region: 'eu-central-1',
    nowMs: Date.parse(stamp),
  })
  expect(mine).toBe(authorization)
}

describe('Signer beside the SDK', () => {
  const keys = ['plain.txt', "a b/ü🎉/(!)*'~.txt", 'a+b%20c?d#e&f=g', 'dots/../and/./more']
  for (const key of keys) {
    it(`agrees on GET and PUT of ${JSON.stringify(key)}`, async () => {
      const path = `/bucket/${encodePath(key)}`
      const get = await captured((client) =>
        client.send(new GetObjectCommand({ Bucket: 'bucket', Key: key, Range: 'bytes=0-9', IfMatch: '"e"' })),
      )
      expect(get.path).toBe(path)
      expectSame(get, path)
      const input = {
        Bucket: 'bucket',
        Key: key,
        Body: 'text',
        ContentType: 'text/plain',
        Metadata: { 'two-words': 'one  two', z: '' },
      }
      expectSame(await captured((client) => client.send(new PutObjectCommand(input))), path)
    })
  }

  it('agrees on a listing with everything', async () => {
    const input = {
      Bucket: 'bucket',
      Prefix: 'a b/ü+',
      Delimiter: '/',
      StartAfter: "x*'()!",
      ContinuationToken: 'a/b+c==',
      MaxKeys: 7,
      EncodingType: 'url' as const,
    }
    const list = await captured((client) => client.send(new ListObjectsV2Command(input)))
    expectSame(list, list.path)
  })
})

describe('encoding', () => {
  it('encodes all but the unreserved characters, keys keep their slashes', () => {
    expect(encodeRfc3986("AZaz09-._~ !'()*/+ü")).toBe('AZaz09-._~%20%21%27%28%29%2A%2F%2B%C3%BC')
    expect(encodePath("a/b c/!'()*")).toBe('a/b%20c/%21%27%28%29%2A')
    expect(
      encodeQuery([
        ['b', '2'],
        ['a', ''],
        ['a-b', '1'],
      ]),
    ).toBe('a=&a-b=1&b=2')
  })
})
