import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMetadata, encodeMetadata } from '../../src/format/metadata.ts'
import {
  decodeXattrValue,
  encodeXattrValue,
  headerOfXattr,
  isReservedHeader,
  metadataBytes,
  xattrOfHeader,
} from '../../src/format/xattr-name.ts'
import { decodeXattrs, decodeXattrsSide, encodeXattrs, sideXattrsKey } from '../../src/format/xattrs.ts'
import { anyBytes, anyName } from './arbitraries.ts'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const comparable = (xattrs: ReadonlyMap<string, Uint8Array>): [string, string][] =>
  [...xattrs]
    .map(([name, value]): [string, string] => [name, Buffer.from(value).toString('hex')])
    .sort(([a], [b]) => (a < b ? -1 : 1))
const token = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const anyXattrs = fc
  .uniqueArray(
    fc.tuple(
      anyName.map((name) => `user.${name}`),
      anyBytes,
    ),
    { selector: ([name]) => name, maxLength: 30 },
  )
  .map((pairs) => new Map(pairs))

describe('names of xattrs', () => {
  it('become lower-case tokens and come back', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const header = headerOfXattr(`user.${name}`) as string
        expect(header).toMatch(token)
        expect(isReservedHeader(header)).toBe(false)
        expect(xattrOfHeader(header)).toBe(`user.${name}`)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['user.color', 'color'],
    ['user.xdg.origin.url', 'xdg.origin.url'],
    ['user.mime_type', 'mime_type'],
    ['user.Color', '%43olor'],
    ['user.mode', '%6dode'],
    ['user.uid', '%75id'],
    ['user.bucketfs-id', '%62ucketfs-id'],
    ['user.goog-reserved-x', '%67oog-reserved-x'],
    ['user.é', '%c3%a9'],
    ['user.\udce9', '%e9'],
    ['user.a%b', 'a%25b'],
    ['user.__proto__', '%5f_proto__'],
    ['user.--symlink-target', '%2d-symlink-target'],
  ])('%s is %s', (name, header) => {
    expect(headerOfXattr(name)).toBe(header)
  })

  it.each(['security.selinux', 'user.', 'trusted.x', 'user', 'system.posix_acl_access'])(
    '%s has no header of its own',
    (name) => {
      expect(headerOfXattr(name)).toBeUndefined()
    },
  )

  it.each(['mode', 'bucketfs-id', '%66oo', '%6Dode', '%zz', 'a%', ''])('the header %j is none', (header) => {
    expect(xattrOfHeader(header)).toBeUndefined()
  })
})

describe('values of xattrs', () => {
  it('become header text that no server changes, and come back', () => {
    fc.assert(
      fc.property(anyBytes, (value) => {
        const text = encodeXattrValue(value)
        expect(text).toMatch(/^[\x21-\x7e]+( [\x21-\x7e]+)*$/)
        expect(Buffer.from(decodeXattrValue(text))).toEqual(Buffer.from(value))
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['plain text, with: "marks"', 'plain text, with: "marks"'],
    ['100%', '100%25'],
    [' x  y ', '%20x %20y%20'],
    ['', '%'],
    ['é\n', '%c3%a9%0a'],
    ['=?x', '%3d?x'],
  ])('%j is %j', (value, text) => {
    expect(encodeXattrValue(bytes(value))).toBe(text)
  })

  it.each(['100%', 'a%2Fb', '%41', 'x%'])('the foreign text %j stands for itself', (text) => {
    expect(Buffer.from(decodeXattrValue(text)).toString()).toBe(text)
  })
})

describe('xattrs of an object', () => {
  it('come back from headers and side object, whatever they are', () => {
    fc.assert(
      fc.property(anyXattrs, (xattrs) => {
        const { metadata, side } = encodeXattrs({ mode: '33188' }, xattrs)
        expect(metadataBytes(metadata)).toBeLessThanOrEqual(2048)
        expect(sideXattrsKey(metadata)).toBe(side?.key)
        const read = decodeXattrs(metadata)
        const decoded = side && decodeXattrsSide(side.body)
        if (decoded?.ok) for (const [name, value] of decoded.value) read.set(name, value)
        expect(comparable(read)).toEqual(comparable(xattrs))
      }),
      { numRuns: 300 },
    )
  })

  it('are every header that no dialect owns', () => {
    expect(comparable(decodeXattrs({ color: 'red', mode: '33188', '%66oo': 'x' }))).toEqual(
      comparable(new Map([['user.color', bytes('red')]])),
    )
  })

  it("include s3fs's map", () => {
    const xattr = encodeURIComponent('{"user.a":"YQ==","security.x":"AP8="}')
    const read = decodeXattrs({ xattr })
    expect(comparable(read)).toEqual([
      ['security.x', '00ff'],
      ['user.a', '61'],
    ])
    const written = encodeXattrs({ xattr }, read).metadata
    expect(written['a']).toBe('a')
    expect(decodeURIComponent(written['xattr'] as string)).toBe('{"security.x":"AP8="}')
  })

  it.each(['%7B', 'not json', encodeURIComponent('[1]'), encodeURIComponent('{"user.a":1}')])(
    'ignore the damaged map %s',
    (xattr) => {
      expect(decodeXattrs({ xattr }).size).toBe(0)
    },
  )

  it('keep the spelling of values that did not change', () => {
    const read = decodeXattrs({ path: 'a%2Fb' })
    expect(encodeXattrs({ path: 'a%2Fb' }, read).metadata['path']).toBe('a%2Fb')
  })

  it('that are removed leave no header', () => {
    expect(
      encodeXattrs({ color: 'red', size: 'l', mode: '33188' }, new Map([['user.size', bytes('l')]])).metadata,
    ).toEqual({ size: 'l', mode: '33188' })
  })

  it('of others keep their headers when a new one does not fit', () => {
    const xattrs = decodeXattrs({ note: 'x'.repeat(1000) })
    xattrs.set('user.a', bytes('y'.repeat(1500)))
    const { metadata, side } = encodeXattrs({ note: 'x'.repeat(1000) }, xattrs)
    expect(metadata['note']).toBe('x'.repeat(1000))
    const decoded = decodeXattrsSide(side?.body as Uint8Array)
    expect(decoded.ok && [...decoded.value.keys()]).toEqual(['user.a'])
  })

  it('that are partly in a side object are unknown until it is read, and survive a change of mode', () => {
    const attributes = {
      mode: 0o100644,
      uid: 0,
      gid: 0,
      rdev: 0,
      mtimeNs: 0n,
      ctimeNs: 0n,
      atimeNs: 0n,
      atimeSet: false,
    }
    const xattrs = new Map([['user.big', bytes('z'.repeat(3000))]])
    const first = encodeMetadata(undefined, { attributes, xattrs, writeId: 'a', contents: 'new' })
    const object = { key: 'k', isDirectoryKey: false, size: 0, lastModified: 0, headers: first.headers }
    expect(decodeMetadata(object, { uid: 0, gid: 0 }).xattrs).toBeUndefined()
    const second = encodeMetadata(first.headers, { attributes, xattrs: undefined, writeId: 'b', contents: 'kept' })
    expect(second.side).toBeUndefined()
    expect(sideXattrsKey(second.headers.metadata)).toBe(first.side?.key)
  })

  it('of a foreign object that is full make room for our attributes', () => {
    const attributes = {
      mode: 0o100644,
      uid: 0,
      gid: 0,
      rdev: 0,
      mtimeNs: 1n,
      ctimeNs: 1n,
      atimeNs: 0n,
      atimeSet: false,
    }
    const previous = { metadata: { a: 'x'.repeat(1000), b: 'y'.repeat(1040) } }
    const { headers, side } = encodeMetadata(previous, {
      attributes,
      xattrs: undefined,
      writeId: 'c',
      contents: 'kept',
    })
    expect(metadataBytes(headers.metadata)).toBeLessThanOrEqual(2048)
    expect(headers.metadata['a']).toBe(previous.metadata.a)
    const decoded = decodeXattrsSide(side?.body as Uint8Array)
    expect(decoded.ok && comparable(decoded.value)).toEqual(
      comparable(new Map([['user.b', bytes(previous.metadata.b)]])),
    )
  })
})
