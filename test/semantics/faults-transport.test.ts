// Rows A3–A6 of the fault matrix over real HTTP: connections that are reset, cut, or fall silent. Right results, retried
// inside; never short data, never a conflict with oneself.

import { describe, expect, it } from 'vitest'
import { MiB } from '../../src/base/bytes.ts'
import type { Fault } from '../support/fault-proxy.ts'
import { patterned } from '../support/store-kit.ts'
import { httpKit, type HttpKit } from './http-kit.ts'

const body = patterned(100_000)

const changes: readonly (readonly [
  string,
  string,
  (kit: HttpKit) => Promise<unknown>,
  (kit: HttpKit) => Promise<void>,
])[] = [
  [
    'create',
    'PUT',
    ({ fs }) => fs.writeFile('/new', 'created'),
    async ({ text }) => expect(await text('new')).toBe('created'),
  ],
  [
    'overwrite',
    'PUT',
    ({ fs }) => fs.writeFile('/f', 'changed'),
    async ({ text }) => expect(await text('f')).toBe('changed'),
  ],
  [
    'rename (its COPY)',
    'PUT',
    ({ fs }) => fs.rename('/f', '/g'),
    async ({ text }) => {
      expect(await text('g')).toBe('there')
      await expect(text('f')).rejects.toMatchObject({ kind: 'not-found' })
    },
  ],
  [
    'chmod',
    'PUT',
    ({ fs }) => fs.chmod('/f', 0o600),
    async ({ bucket }) => expect((await bucket.head('disk/f')).headers.metadata['mode']).toBe(String(0o100600)),
  ],
  [
    'unlink',
    'DELETE',
    ({ fs }) => fs.unlink('/f'),
    async ({ text }) => expect(text('f')).rejects.toMatchObject({ kind: 'not-found' }),
  ],
]

async function kitWithFile(): Promise<HttpKit> {
  const kit = await httpKit()
  await kit.plant('f', 'there')
  await kit.plant('other', 'other')
  await kit.fs.stat('/f')
  return kit
}

describe('A3 a reset connection', () => {
  it.each(['reset-before', 'reset-after-apply'] as const)(
    'P3.16 %s: every change happens once, and is no conflict with itself',
    async (fault) => {
      for (const [name, method, change, check] of changes) {
        const kit = await kitWithFile()
        kit.proxy.rules({ fault, method, times: 1 })
        await change(kit)
        await check(kit)
        expect(await kit.metric('conflicts'), name).toBe(0)
        expect(
          kit.proxy.requests.filter(({ fault: struck }) => struck !== undefined),
          name,
        ).toHaveLength(1)
      }
    },
  )

  it.each([0, 1, -1])('P8.9 in the middle of a body (%i bytes): read again, the same version', async (resetMidBody) => {
    const kit = await httpKit()
    await kit.plant('f', body)
    kit.proxy.rules({ fault: { resetMidBody }, method: 'GET', url: /\/disk\/f/, times: 1 })
    expect(Buffer.compare(await kit.fs.readFile('/f'), body)).toBe(0)
    const gets = kit.proxy.requests.filter(({ method, url }) => method === 'GET' && url.includes('/disk/f'))
    expect(gets).toHaveLength(2)
    for (const { headers } of gets) expect(headers['if-match']).toMatch(/^"[0-9a-f]+"$/)
  })

  it('P3.16 while a large file is streamed: each part arrives once, whatever request was lost', async () => {
    for (const [method, url] of [
      ['POST', /uploads/],
      ['PUT', /partNumber=2/],
      ['POST', /uploadId/],
    ] as const) {
      for (const fault of ['reset-before', 'reset-after-apply'] as const) {
        const kit = await httpKit({ putBytesMax: 5 * MiB, partBytes: 5 * MiB })
        const large = patterned(11 * MiB)
        kit.proxy.rules({ fault, method, url, times: 1 })
        await kit.fs.writeFile('/large', large)
        const { body: stored } = await kit.bucket.get('disk/large')
        expect(Buffer.compare(stored, large), `${method} ${url} ${fault}`).toBe(0)
        expect(await kit.metric('conflicts')).toBe(0)
      }
    }
  }, 60_000)
})

describe('A4 a truncated body', () => {
  it.each([
    ['of a small file', 100_000],
    ['of a large file', 9 * MiB],
  ])('P8.9 %s is read again: never short, never zeros', async (_, size) => {
    const kit = await httpKit()
    const whole = patterned(size)
    await kit.plant('f', whole)
    kit.proxy.rules({ fault: 'truncate', method: 'GET', url: /\/disk\/f/, times: 2 })
    expect(Buffer.compare(await kit.fs.readFile('/f'), whole)).toBe(0)
  })
})

describe('A5 a truncated body under a length that fits it', () => {
  it('P8.9 is never taken: EIO after at most 3 × 3 sends, and right again once the network is', async () => {
    const kit = await httpKit()
    await kit.plant('f', body)
    kit.proxy.rules({ fault: 'truncate-lying', method: 'GET', url: /\/disk\/f/ })
    await expect(kit.fs.readFile('/f')).rejects.toMatchObject({ code: 'EIO' })
    expect(kit.proxy.count('GET', /\/disk\/f/)).toBeLessThanOrEqual(9)
    kit.proxy.rules()
    expect(Buffer.compare(await kit.fs.readFile('/f'), body)).toBe(0)
  })
})

describe('A6 silence', () => {
  const silences: readonly Fault[] = ['hang', 'stall']

  it.each(silences)('P8.9 %s during a GET: read again on a new connection', async (fault) => {
    const kit = await httpKit({ idleMs: 200 })
    await kit.plant('f', body)
    kit.proxy.rules({ fault, method: 'GET', url: /\/disk\/f/, times: 1 })
    expect(Buffer.compare(await kit.fs.readFile('/f'), body)).toBe(0)
  })

  it('P3.16 during a PUT: written once', async () => {
    const kit = await httpKit({ idleMs: 200 })
    kit.proxy.rules({ fault: 'hang', method: 'PUT', times: 1 })
    await kit.fs.writeFile('/f', 'text')
    expect(await kit.text('f')).toBe('text')
    expect(await kit.metric('conflicts')).toBe(0)
  })
})
