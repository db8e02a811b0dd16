// Reads over a bad wire or from a bad service: an error that says so, never fewer bytes or fewer names.

import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { crc32, crc32Base64, md5Hex, utf8 } from '../../../src/base/bytes.ts'
import { fullCapabilities } from '../../../src/store/store.ts'
import { rawBytes, rawServer, reply, type RawServer, type Step } from '../../support/raw-server.ts'
import { failure, getText } from '../../support/store-kit.ts'

let server: RawServer | undefined

async function served(...steps: Step[]): Promise<RawServer> {
  server = await rawServer(steps)
  return server
}

afterEach(async () => {
  await server?.close()
  server = undefined
})

const rows = ['a', 'b', 'c'].map(
  (key) =>
    `<Contents><Key>p/${key}</Key><Size>1</Size><ETag>&quot;e&quot;</ETag><LastModified>2026-11-25T01:02:03.500Z</LastModified></Contents>`,
)
const listing = (inner: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</ListBucketResult>`
const page = listing(`<IsTruncated>false</IsTruncated><KeyCount>3</KeyCount>${rows.join('')}`)

describe('listing', () => {
  it('reads a page as it is', async () => {
    const { objects, token } = await (await served(reply(200, {}, page))).open().list({ prefix: 'p/' })
    expect(objects.map(({ key }) => key)).toEqual(['p/a', 'p/b', 'p/c'])
    expect(objects[0]).toEqual({ key: 'p/a', size: 1, etag: 'e', lastModified: Date.parse('2026-11-25T01:02:03Z') })
    expect(token).toBeUndefined()
  })

  it('decodes keys that come percent-encoded, plus signs as spaces', async () => {
    const encoded = page
      .replaceAll('p/', 'p%2F')
      .replace('p%2Fa', 'p%2Fa+b%2B')
      .replace('<KeyCount>', '<EncodingType>url</EncodingType><KeyCount>')
    const { objects } = await (await served(reply(200, {}, encoded))).open().list({ prefix: 'p/' })
    expect(objects[0]?.key).toBe('p/a b+')
  })

  const bad: Readonly<Record<string, string>> = {
    HTML: '<html><body>Bad Gateway</body></html>',
    'an empty body': '',
    'half a page that says its half length': page.slice(0, page.length / 2),
    'a page cut between two entries': page.slice(0, page.indexOf(rows[2] as string)),
    'an entity bomb': `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "${'a'.repeat(100)}"><!ENTITY b "${'&a;'.repeat(100)}">]><ListBucketResult>&b;</ListBucketResult>`,
    'another document': '<CopyObjectResult/>',
    'a page that does not say whether there is more': listing(rows.join('')),
    'a page with more but no token': listing(`<IsTruncated>true</IsTruncated>${rows.join('')}`),
    'fewer entries than it counts': page.replace('<KeyCount>3', '<KeyCount>4'),
    'a key outside of the prefix': page.replace('p/c', 'q/c'),
    'keys out of order': page.replace('p/a', 'p/x'),
    'an entry without a size': page.replace('<Size>1</Size>', ''),
    'a size that is no number': page.replace('<Size>1</Size>', '<Size>-1</Size>'),
    'an unreadable date': page.replace('2026-11-25T', 'yesterday'),
    'an unknown encoding': page.replace('<KeyCount>', '<EncodingType>rot13</EncodingType><KeyCount>'),
    'a broken percent-encoding': page
      .replace('<KeyCount>', '<EncodingType>url</EncodingType><KeyCount>')
      .replace('p/a', 'p/%E4'),
  }
  for (const [what, body] of Object.entries(bad)) {
    it(`fails on ${what}`, async () => {
      await failure((await served(reply(200, {}, body))).open().list({ prefix: 'p/' }), 'corrupt')
    })
  }

  it('fails on a token that does not move on', async () => {
    const stuck = listing(
      `<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>${rows.join('')}`,
    )
    await failure((await served(reply(200, {}, stuck))).open().list({ prefix: 'p/', token: 't' }), 'corrupt')
  })

  it('fails on an endless page before it is in memory', async () => {
    const endless: Step = (_, response) => {
      response.writeHead(200)
      const more = (): void => {
        if (!response.destroyed && response.write(Buffer.alloc(1024 * 1024, 'x'))) setImmediate(more)
      }
      response.on('drain', more)
      more()
    }
    await failure((await served(endless)).open({ requestMs: 20_000, idleMs: 20_000 }).list(), 'corrupt')
  })

  it('says no-bucket, and a service error inside a 200', async () => {
    const missing = '<Error><Code>NoSuchBucket</Code></Error>'
    const { open } = await served(reply(404, {}, missing), reply(200, {}, missing))
    const store = open()
    await failure(store.list(), 'no-bucket')
    await failure(store.list(), 'no-bucket')
  })
})

const body = 'the whole object'
const sum = crc32Base64(crc32(utf8(body)))

describe('get', () => {
  it('accepts bytes with a matching CRC-32, SHA-256 or MD5 ETag', async () => {
    const sha256 = createHash('sha256').update(body).digest('base64')
    const { open } = await served(
      reply(200, { 'x-amz-checksum-crc32': sum }, body),
      reply(200, { etag: `"${md5Hex([utf8(body)])}"` }, body),
      reply(200, { 'x-amz-checksum-sha256': sha256 }, body),
    )
    const store = open()
    for (let i = 0; i < 3; i++) expect(await getText(store, 'k')).toBe(body)
  })

  const md5 = `"${md5Hex([utf8(body)])}"`
  const damaged: Readonly<Record<string, Step>> = {
    'one wrong byte by its CRC-32': reply(200, { 'x-amz-checksum-crc32': sum }, body.replace('w', 'x')),
    'one wrong byte by its SHA-256': reply(200, { 'x-amz-checksum-sha256': 'AAAA' }, body),
    'one wrong byte by its ETag': reply(200, { etag: md5 }, body.replace('w', 'x')),
    'a cut body that says its cut length, by its CRC-32': reply(200, { 'x-amz-checksum-crc32': sum }, body.slice(0, 5)),
    'a cut body that says its cut length, by its ETag': reply(200, { etag: md5 }, body.slice(0, 5)),
    'a body without any length': rawBytes(
      `HTTP/1.1 200 OK\r\netag: "e"\r\nlast-modified: Wed, 25 Nov 2026 01:00:00 GMT\r\n\r\n${body}`,
      'end',
    ),
    'another version than asked for': reply(200, { etag: '"other"' }, body),
  }
  for (const [what, step] of Object.entries(damaged)) {
    it(`finds ${what}`, async () => {
      const ifMatch = what.startsWith('another') ? 'e' : undefined
      await failure((await served(step)).open().get('k', { ifMatch }), 'corrupt')
    })
  }

  it('does not take a composite checksum, a KMS or multipart ETag, or an unprobed one for a sum of the bytes', async () => {
    const wrong = '"0123456789abcdef0123456789abcdef"'
    const { open } = await served(
      reply(200, { 'x-amz-checksum-crc32': 'AAAAAA==-2' }, body),
      reply(200, { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-type': 'COMPOSITE' }, body),
      reply(200, { etag: wrong, 'x-amz-server-side-encryption': 'aws:kms' }, body),
      reply(200, { etag: '"0123456789abcdef0123456789abcdef-2"' }, body),
      reply(200, { etag: wrong }, body),
    )
    const store = open()
    for (let i = 0; i < 4; i++) expect(await getText(store, 'k')).toBe(body)
    store.adopt({ ...fullCapabilities, md5Etags: false })
    expect(await getText(store, 'k')).toBe(body)
  })

  it('finds a body shorter than its length, a reset in the middle and a broken chunk', async () => {
    const head = 'HTTP/1.1 200 OK\r\netag: "e"\r\nlast-modified: Wed, 25 Nov 2026 01:00:00 GMT\r\n'
    const { open } = await served(
      rawBytes(`${head}content-length: 16\r\n\r\nthe whole`, 'end'),
      rawBytes(`${head}content-length: 16\r\n\r\nthe whole`, 'reset'),
      rawBytes(`${head}transfer-encoding: chunked\r\n\r\n10\r\nthe whole`, 'end'),
      rawBytes(`${head}transfer-encoding: chunked\r\n\r\nnonsense\r\n`, 'end'),
    )
    const store = open()
    for (let i = 0; i < 4; i++) expect((await failure(store.get('k'), 'unavailable')).ambiguous).toBe(false)
  })

  it('finds an answer that is not of the range', async () => {
    const range = { offset: 4, length: 5 }
    const part = (header: string, text: string): Step => reply(206, { 'content-range': header }, text)
    const { open } = await served(
      part('bytes 4-8/16', 'whole'),
      part('bytes 0-4/16', 'the w'),
      part('bytes 4-7/16', 'whol'),
      part('bytes 4-8/16', 'who'),
      part('nonsense', 'whole'),
      reply(200, {}, body),
      reply(200, {}, 'whole'),
    )
    const store = open()
    expect(await store.get('k', { range })).toMatchObject({ offset: 4, size: 16 })
    for (let i = 0; i < 6; i++) await failure(store.get('k', { range }), 'corrupt')
  })

  it('takes a whole object for a range that covers it', async () => {
    const got = await (await served(reply(200, {}, body))).open().get('k', { range: { offset: 0, length: 100 } })
    expect(got).toMatchObject({ offset: 0, size: body.length })
  })

  it('dates a reply without a readable date by our own clock', async () => {
    const { open } = await served(
      reply(200, { date: 'Wed, 25 Nov 2026 01:02:03 GMT' }, body),
      reply(200, { date: 'yesterday' }, body),
      (_, response) => {
        response.sendDate = false
        response.writeHead(200, {
          etag: '"e"',
          'last-modified': 'Wed, 25 Nov 2026 01:00:00 GMT',
          'content-length': '0',
        })
        response.end()
      },
    )
    const store = open()
    expect((await store.get('k')).date).toBe(Date.parse('2026-11-25T01:02:03Z'))
    for (let i = 0; i < 2; i++) {
      const { date } = await store.get('k')
      expect(Math.abs(date - Date.now())).toBeLessThan(60_000)
      expect(date % 1000).toBe(0)
    }
  })

  it('finds a HEAD without what every object has', async () => {
    const bare: Step = (_, response) => {
      response.writeHead(200, { 'content-length': '5' })
      response.end()
    }
    await failure((await served(bare)).open().head('k'), 'corrupt')
  })
})
