// P1: every rewrite keeps what others put on an object, each header by name through every kind of rewrite.

import { describe, expect, it } from 'vitest'
import { MiB, utf8 } from '../../src/base/bytes.ts'
import type { ObjectHeaders } from '../../src/store/store.ts'
import { O_APPEND, O_WRONLY } from '../../src/volume/types.ts'
import { patterned } from '../support/store-kit.ts'
import { root, type VolumeKit } from '../support/volume-kit.ts'
import { kitOf, openHandle } from './kit.ts'

interface Kept {
  readonly promise: string
  readonly name: string
  readonly headers?: Partial<ObjectHeaders>
  readonly tags?: string
}

const kept: readonly Kept[] = [
  { promise: 'P1.9', name: 'Content-Type', headers: { contentType: 'text/x-strange; charset=koi8-r' } },
  { promise: 'P1.10', name: 'Content-Encoding', headers: { contentEncoding: 'br' } },
  { promise: 'P1.11', name: 'Content-Disposition', headers: { contentDisposition: 'attachment; filename="x.txt"' } },
  { promise: 'P1.12', name: 'Content-Language', headers: { contentLanguage: 'de-CH, en' } },
  { promise: 'P1.13', name: 'Cache-Control', headers: { cacheControl: 'max-age=3600, immutable' } },
  { promise: 'P1.14', name: 'Expires', headers: { expires: 'Wed, 01 Jan 2031 00:00:00 GMT' } },
  { promise: 'P1.15', name: 'tags', tags: 'cost%20centre=4%2B2&team=a' },
  { promise: 'P1.16', name: 'storage class', headers: { storageClass: 'STANDARD_IA' } },
  { promise: 'P1.17', name: 'SSE settings', headers: { sse: 'aws:kms', sseKmsKeyId: 'arn:key/1', sseBucketKey: true } },
  {
    promise: 'P1.18',
    name: 'object-lock headers',
    headers: {
      objectLockMode: 'GOVERNANCE',
      objectLockRetainUntil: '2031-01-01T00:00:00.000Z',
      objectLockLegalHold: 'ON',
    },
  },
  {
    promise: 'P1.19',
    name: 'unknown user metadata',
    headers: { metadata: { colour: 'red', 'x-other-tool': 'v=1', 'sha256-sum': 'abc' } },
  },
]

interface Rewrite {
  readonly name: string
  readonly bytes: number
  /** The key it lies under afterwards. */
  readonly key: string
  run(kit: VolumeKit): Promise<unknown>
}

async function append(kit: VolumeKit): Promise<void> {
  const handle = await openHandle(kit, '/d/f', O_WRONLY | O_APPEND)
  await kit.calls.write(handle, 0, utf8('x'))
  await kit.calls.close(handle)
}

const small = 5000
const rewrites: readonly Rewrite[] = [
  { name: 'an overwrite', bytes: small, key: 'd/f', run: (kit) => kit.write('/d/f', 'other contents') },
  { name: 'an append', bytes: small, key: 'd/f', run: append },
  {
    name: 'a truncation',
    bytes: small,
    key: 'd/f',
    run: (kit) => kit.calls.setAttributes(root, '/d/f', { size: 10 }, true),
  },
  {
    name: 'chmod',
    bytes: small,
    key: 'd/f',
    run: (kit) => kit.calls.setAttributes(root, '/d/f', { mode: 0o600 }, true),
  },
  {
    name: 'setxattr',
    bytes: small,
    key: 'd/f',
    run: (kit) => kit.calls.setXattr(root, '/d/f', 'user.k', utf8('v'), 'either', true),
  },
  { name: 'rename', bytes: small, key: 'd/g', run: (kit) => kit.calls.rename(root, '/d/f', '/d/g') },
  {
    name: 'rename of its directory',
    bytes: small,
    key: 'e/f',
    async run(kit) {
      await kit.calls.rename(root, '/d', '/e')
      await kit.volume.sync()
    },
  },
  { name: 'a part-copy update', bytes: 12 * MiB, key: 'd/f', run: append },
]

describe.each(rewrites)('$name', (rewrite) => {
  it.each(kept)('$promise keeps $name', async ({ headers, tags }) => {
    const kit = await kitOf({ putBytesMax: 8 * MiB, partBytes: 5 * MiB })
    const given: ObjectHeaders = { metadata: {}, ...headers }
    const before = await kit.bucket.put('d/f', patterned(rewrite.bytes), { headers: given, tags })
    await rewrite.run(kit)
    const after = await kit.bucket.head(rewrite.key)
    const { metadata, ...others } = given
    expect(after.headers).toMatchObject(others)
    expect(after.headers.metadata).toMatchObject(metadata)
    expect(await kit.bucket.getTags(rewrite.key)).toBe(tags ?? '')
    // It was rewritten indeed.
    expect([after.etag, after.headers.metadata['bucketfs-id']]).not.toEqual([before.etag, undefined])
  })
})

it('P1.9 counts as a part-copy update what sends only the new bytes', async () => {
  const kit = await kitOf({ putBytesMax: 8 * MiB, partBytes: 5 * MiB })
  await kit.bucket.put('d/f', patterned(12 * MiB), { headers: { metadata: {} } })
  await append(kit)
  expect(kit.metrics.count('copyPart')).toBeGreaterThan(0)
})
