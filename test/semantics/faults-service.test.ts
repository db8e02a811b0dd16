// Rows B1–B5 and B9–B12 of the fault matrix over real HTTP: a service that lies, repeats itself, or lacks what it should
// have. What is acknowledged is there; what is wrong is never handed out.

import { describe, expect, it } from 'vitest'
import { MiB } from '../../src/base/bytes.ts'
import { patterned } from '../support/store-kit.ts'
import { httpKit, type HttpKit } from './http-kit.ts'

const small = patterned(100_000)

async function conflicts(kit: HttpKit): Promise<string[]> {
  const { objects } = await kit.bucket.list({ prefix: 'disk/.bucketfs/data/conflicts/' })
  return objects.map(({ key }) => key)
}

describe('B1 a 200 with an error inside', () => {
  it.each([true, false])('P3.17 is a failure: COPY is done again or recognised (carried out: %s)', async (applied) => {
    const kit = await httpKit()
    await kit.plant('f', 'text')
    kit.proxy.rules({
      fault: { error200: 'InternalError', applied },
      method: 'PUT',
      header: 'x-amz-copy-source',
      times: 1,
    })
    await kit.fs.rename('/f', '/g')
    expect(await kit.text('g')).toBe('text')
    await expect(kit.text('f')).rejects.toMatchObject({ kind: 'not-found' })
  })

  it.each([true, false])(
    'P3.17 is a failure: Complete is done again or recognised (carried out: %s)',
    async (applied) => {
      const kit = await httpKit({ putBytesMax: 5 * MiB, partBytes: 5 * MiB })
      const large = patterned(11 * MiB)
      kit.proxy.rules({ fault: { error200: 'InternalError', applied }, method: 'POST', url: /uploadId/, times: 1 })
      await kit.fs.writeFile('/large', large)
      expect(Buffer.compare((await kit.bucket.get('disk/large')).body, large)).toBe(0)
      expect(await conflicts(kit)).toEqual([])
      expect(await kit.bucket.listUploads('disk/')).toEqual([])
    },
  )

  it('P8.10 is not the bytes of a file', async () => {
    const kit = await httpKit()
    await kit.plant('f', small)
    kit.proxy.rules({ fault: { error200: 'InternalError' }, method: 'GET', url: /\/disk\/f/, times: 1 })
    expect(Buffer.compare(await kit.fs.readFile('/f'), small)).toBe(0)
  })
})

describe('B2 a wrong ETag in the answer of a PUT', () => {
  it('P3.2 is found before the write is acknowledged: what follows builds on what the bucket has', async () => {
    const kit = await httpKit()
    kit.proxy.rules({ fault: 'wrong-etag', method: 'PUT', url: /\/disk\/f/, times: 1 })
    await kit.fs.writeFile('/f', 'first')
    expect(await kit.text('f')).toBe('first')
    await kit.fs.appendFile('/f', '+second')
    expect(await kit.text('f')).toBe('first+second')
    await kit.fs.chmod('/f', 0o600)
    expect(await kit.fs.readFile('/f', 'utf8')).toBe('first+second')
    expect(await conflicts(kit)).toEqual([])
  })

  it('P3.2 that never ends is never a success', async () => {
    const kit = await httpKit()
    kit.proxy.rules({ fault: 'wrong-etag', url: /\/disk\/f/ })
    const outcome = await kit.fs.writeFile('/f', 'first').then(
      () => 'acknowledged',
      (error: NodeJS.ErrnoException) => error.code,
    )
    kit.proxy.rules()
    // Where it was acknowledged, the checksum in the same answer proved the bytes.
    if (outcome === 'acknowledged') expect(await kit.text('f')).toBe('first')
    else expect(['EIO', 'ESTALE']).toContain(outcome)
  })
})

describe('B3 wrong bytes', () => {
  const flips = [0, 50_000, -1]

  it.each(flips)('P8.1 one flipped bit (at %i) of a file of ours is noticed and read again', async (flip) => {
    const kit = await httpKit()
    await kit.fs.writeFile('/f', small)
    const reader = await kit.again()
    kit.proxy.rules({ fault: { flip }, method: 'GET', url: /\/disk\/f/, times: 1 })
    expect(Buffer.compare(await reader.fs.readFile('/f'), small)).toBe(0)
    expect(kit.proxy.count('GET', /\/disk\/f/)).toBe(2)
  })

  it.each(flips)('P8.4 one flipped bit (at %i) of a foreign file is noticed and read again', async (flip) => {
    const kit = await httpKit()
    await kit.plant('f', small)
    kit.proxy.rules({ fault: { flip }, method: 'GET', url: /\/disk\/f/, times: 1 })
    expect(Buffer.compare(await kit.fs.readFile('/f'), small)).toBe(0)
  })

  it("P8.1 another object's bytes are noticed", async () => {
    const kit = await httpKit()
    await kit.plant('f', small)
    kit.proxy.rules({ fault: 'wrong-body', method: 'GET', url: /\/disk\/f/, times: 1 })
    expect(Buffer.compare(await kit.fs.readFile('/f'), small)).toBe(0)
  })

  it('P8.2 bytes that stay wrong are EIO, counted and logged or told, and never cached', async () => {
    const kit = await httpKit()
    await kit.plant('f', small)
    kit.proxy.rules({ fault: { flip: 7 }, method: 'GET', url: /\/disk\/f/ })
    for (let i = 0; i < 2; i++) await expect(kit.fs.readFile('/f')).rejects.toMatchObject({ code: 'EIO' })
    expect(await kit.metric('corrupt')).toBeGreaterThanOrEqual(1)
    kit.proxy.rules()
    expect(Buffer.compare(await kit.fs.readFile('/f'), small)).toBe(0)
  })

  it.each([0, 2 * MiB, -1])(
    'P8.3 one flipped bit (at %i) of a large file of ours is noticed by its block',
    async (flip) => {
      const kit = await httpKit({ putBytesMax: 5 * MiB, partBytes: 5 * MiB })
      const large = patterned(11 * MiB)
      await kit.fs.writeFile('/large', large)
      await kit.volume.close()
      const reader = await kit.again()
      // Ranged reads: each of them is struck at its own offset, if it is that long.
      kit.proxy.rules({ fault: { flip: flip > MiB ? 1000 : flip }, method: 'GET', url: /\/disk\/large/, times: 2 })
      expect(Buffer.compare(await reader.fs.readFile('/large'), large)).toBe(0)
      expect(await reader.metric('unverified')).toBe(0)
    },
  )
})

describe('B4 a stale answer', () => {
  it('P6.6 an old GET is told by its ETag: bytes of a version seen before never come back', async () => {
    const kit = await httpKit({ attributesTtlMs: 0 })
    await kit.plant('f', 'old contents')
    expect(await kit.fs.readFile('/f', 'utf8')).toBe('old contents')
    await kit.plant('f', 'new contents')
    kit.proxy.rules({ fault: 'stale', method: 'GET', url: /\/disk\/f/, times: 1 })
    expect(await kit.fs.readFile('/f', 'utf8')).toBe('new contents')
    expect(await kit.fs.readFile('/f', 'utf8')).toBe('new contents')
  })

  it('P6.7 an old HEAD is believed no longer than its TTL, and nothing is overwritten because of it', async () => {
    const kit = await httpKit({ attributesTtlMs: 0 })
    await kit.plant('f', 'old contents')
    expect(await kit.fs.readFile('/f', 'utf8')).toBe('old contents')
    await kit.plant('f', 'new contents')
    expect(await kit.fs.readFile('/f', 'utf8')).toBe('new contents')
    kit.proxy.rules({ fault: 'stale', method: 'HEAD', url: /\/disk\/f/, times: 2 })
    const handle = await kit.fs.open('/f', 'r+')
    await handle.write('mine', 0)
    await expect(handle.close()).rejects.toMatchObject({ code: 'ESTALE' })
    expect(await kit.text('f')).toBe('new contents')
    expect(await kit.fs.readFile('/f', 'utf8')).toBe('new contents')
  })

  it('P6.6 an old GET for ever is an error, never old bytes', async () => {
    const kit = await httpKit({ attributesTtlMs: 0 })
    await kit.plant('f', 'old contents')
    await kit.fs.readFile('/f', 'utf8')
    await kit.plant('f', 'new contents')
    kit.proxy.rules({ fault: 'stale', method: 'GET', url: /\/disk\/f/ })
    await expect(kit.fs.readFile('/f', 'utf8')).rejects.toMatchObject({ code: expect.stringMatching(/^(EIO|ESTALE)$/) })
  })

  it('P6.6 a 404 about a file just written does not make it vanish', async () => {
    const kit = await httpKit()
    await kit.fs.writeFile('/f', 'text')
    kit.proxy.rules({ fault: { status: 404, code: 'NoSuchKey' }, method: 'HEAD', url: /\/disk\/f/, times: 1 })
    expect(await kit.fs.readFile('/f', 'utf8')).toBe('text')
  })
})

describe('B5 a request delivered twice', () => {
  const changes: readonly (readonly [string, (kit: HttpKit) => Promise<unknown>, Record<string, string>])[] = [
    ['create', ({ fs }) => fs.writeFile('/new', 'created', { flag: 'wx' }), { f: 'there', new: 'created' }],
    ['overwrite', ({ fs }) => fs.writeFile('/f', 'changed'), { f: 'changed' }],
    ['append', ({ fs }) => fs.appendFile('/f', '+more'), { f: 'there+more' }],
    ['rename', ({ fs }) => fs.rename('/f', '/g'), { g: 'there' }],
    ['unlink', ({ fs }) => fs.unlink('/f'), {}],
  ]

  it.each(changes)('P2.21 %s leaves the bucket as if delivered once', async (_, change, expected) => {
    const kit = await httpKit()
    await kit.plant('f', 'there')
    await kit.fs.stat('/f')
    kit.proxy.rules({ fault: 'duplicate', method: 'PUT' }, { fault: 'duplicate', method: 'DELETE' })
    await change(kit)
    kit.proxy.rules()
    const { objects } = await kit.bucket.list({ prefix: 'disk/' })
    const texts: Record<string, string> = {}
    for (const { key } of objects)
      if (!key.includes('.bucketfs/cache/')) texts[key.slice(5)] = await kit.text(key.slice(5))
    expect(texts).toEqual(expected)
    expect(await kit.metric('conflicts')).toBe(0)
  })

  it('P2.21 Complete leaves the bucket as if delivered once', async () => {
    const kit = await httpKit({ putBytesMax: 5 * MiB, partBytes: 5 * MiB })
    const large = patterned(11 * MiB)
    kit.proxy.rules({ fault: 'duplicate', method: 'POST', url: /uploadId/ })
    await kit.fs.writeFile('/large', large)
    expect(Buffer.compare((await kit.bucket.get('disk/large')).body, large)).toBe(0)
    expect(await conflicts(kit)).toEqual([])
  })
})

describe('B9 multipart uploads', () => {
  const options = { putBytesMax: 5 * MiB, partBytes: 5 * MiB }
  const large = patterned(11 * MiB)

  it.each([500, 503])('P3.18 a part refused by %i is sent again', async (status) => {
    const kit = await httpKit(options)
    kit.proxy.rules({ fault: { status, code: 'InternalError' }, method: 'PUT', url: /partNumber=2/, times: 2 })
    await kit.fs.writeFile('/large', large)
    expect(Buffer.compare((await kit.bucket.get('disk/large')).body, large)).toBe(0)
  })

  it('P3.18 a part that is lost by the service is sent again or told: no half object, no upload left behind', async () => {
    const kit = await httpKit(options)
    kit.proxy.rules({ fault: { status: 400, code: 'InvalidPart' }, method: 'POST', url: /uploadId/, times: 1 })
    const outcome = await kit.fs.writeFile('/large', large).then(
      () => 'written',
      (error: NodeJS.ErrnoException) => error.code,
    )
    if (outcome === 'written') expect(Buffer.compare((await kit.bucket.get('disk/large')).body, large)).toBe(0)
    else {
      expect(outcome).toBe('EIO')
      await expect(kit.bucket.head('disk/large')).rejects.toMatchObject({ kind: 'not-found' })
    }
    expect(await kit.bucket.listUploads('disk/')).toEqual([])
  })

  it('P3.18 an Abort that fails changes nothing for the caller', async () => {
    const kit = await httpKit(options)
    kit.proxy.rules(
      { fault: { status: 403, code: 'AccessDenied' }, method: 'DELETE' },
      { fault: { status: 403, code: 'AccessDenied' }, method: 'PUT', url: /partNumber=3/ },
    )
    await expect(kit.fs.writeFile('/large', large)).rejects.toMatchObject({ code: 'EACCES' })
    kit.proxy.rules()
    await expect(kit.bucket.head('disk/large')).rejects.toMatchObject({ kind: 'not-found' })
  })
})

describe('B10 a condition that fails', () => {
  it('P2.22 409 is tried again', async () => {
    const kit = await httpKit()
    await kit.plant('f', 'there')
    const code = 'ConditionalRequestConflict'
    kit.proxy.rules({ fault: { status: 409, code }, method: 'PUT', url: /\/disk\/f/, times: 1 })
    await kit.fs.writeFile('/f', 'changed')
    expect(await kit.text('f')).toBe('changed')
  })

  it('P2.22 412 without a rival is tried again or told, never a blind overwrite', async () => {
    const kit = await httpKit()
    await kit.plant('f', 'there')
    const code = 'PreconditionFailed'
    kit.proxy.rules({ fault: { status: 412, code }, method: 'PUT', url: /\/disk\/f/, times: 1 })
    const outcome = await kit.fs.appendFile('/f', '+mine').then(
      () => 'written',
      (error: NodeJS.ErrnoException) => error.code,
    )
    if (outcome === 'written') expect(await kit.text('f')).toBe('there+mine')
    else {
      expect(outcome).toBe('ESTALE')
      expect(await kit.text('f')).toBe('there')
      expect(await conflicts(kit)).toHaveLength(1)
    }
  })

  it('P2.22 of two writers over HTTP the loser gets ESTALE and its bytes are kept', async () => {
    const kit = await httpKit()
    await kit.fs.writeFile('/f', 'one')
    const handle = await kit.fs.open('/f', 'r+')
    await handle.write('mine', 0)
    const other = await kit.again()
    await other.fs.writeFile('/f', 'theirs')
    await expect(handle.close()).rejects.toMatchObject({ code: 'ESTALE' })
    const kept = await conflicts(kit)
    expect(kept).toHaveLength(1)
    expect(await kit.fs.readFile(`/${kept[0]?.slice('disk/'.length)}`, 'utf8')).toBe('mine')
    expect(await kit.fs.readFile('/f', 'utf8')).toBe('theirs')
  })
})

describe('B11 a service without conditions', () => {
  it('P2.20 opens with one warning, compares and then puts, and counts that as unsafe', async () => {
    const refused = { status: 501, code: 'NotImplemented' }
    const kit = await httpKit({
      before: (proxy) =>
        proxy.rules(
          { fault: refused, header: 'if-none-match', method: 'PUT' },
          { fault: refused, header: 'if-match', method: 'PUT' },
          { fault: refused, header: 'if-none-match', method: 'POST' },
          { fault: refused, header: 'if-match', method: 'POST' },
          { fault: refused, header: 'if-match', method: 'DELETE' },
          { fault: refused, header: 'x-amz-copy-source-if-match' },
        ),
    })
    expect(kit.logged).toHaveLength(1)
    expect(kit.logged[0]).toContain('putIfNoneMatch,putIfMatch')
    await kit.fs.writeFile('/f', 'one')
    await kit.fs.writeFile('/f', 'two')
    expect(await kit.text('f')).toBe('two')
    expect(await kit.metric('unsafe')).toBeGreaterThanOrEqual(2)
    // What it can still see, it does not overwrite.
    const handle = await kit.fs.open('/f', 'r+')
    await handle.write('mine', 0)
    await kit.plant('f', 'theirs')
    await expect(handle.close()).rejects.toMatchObject({ code: 'ESTALE' })
    expect(await kit.text('f')).toBe('theirs')
  })
})

describe('B12 a listing that is none', () => {
  const entities = Array.from({ length: 20 }, (_, i) => `<!ENTITY a${i + 1} "&a${i};&a${i};">`).join('')
  const bodies: readonly (readonly [string, string])[] = [
    ['garbage', '\u0000\u0001not xml at all'],
    ['HTML', '<!DOCTYPE html><html><body>Sign in to the hotel network</body></html>'],
    ['nothing', ''],
    ['half of it', '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>disk/d/a'],
    [
      'an entity bomb',
      `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "x">${entities}]><ListBucketResult>&a20;</ListBucketResult>`,
    ],
    ['another document', '<?xml version="1.0"?><ListAllMyBucketsResult></ListAllMyBucketsResult>'],
  ]

  it.each(bodies)(
    'P8.11 %s is EIO, never a shorter directory',
    async (_, body) => {
      const kit = await httpKit()
      for (const name of ['a', 'b', 'c']) await kit.plant(`d/${name}`, name)
      await kit.fs.stat('/d')
      kit.proxy.rules({ fault: { body }, method: 'GET', url: /list-type=2/ })
      await expect(kit.fs.readdir('/e')).rejects.toMatchObject({ code: 'EIO' })
      kit.proxy.rules()
      expect(await kit.fs.readdir('/d')).toEqual(['a', 'b', 'c'])
    },
    60_000,
  )

  it('P8.11 a huge one is refused without room for it', async () => {
    const kit = await httpKit()
    const rows = '<Contents><Key>disk/x</Key></Contents>'.repeat(2_000_000)
    kit.proxy.rules({
      fault: { body: `<?xml version="1.0"?><ListBucketResult>${rows}` },
      method: 'GET',
      url: /list-type=2/,
      times: 3,
    })
    const before = process.memoryUsage().rss
    await kit.fs.readdir('/e').catch(() => undefined)
    // The proxy itself holds the 74 MB it sends, twice.
    expect(process.memoryUsage().rss - before).toBeLessThan((64 + 3 * 80) * MiB)
  }, 60_000)
})
