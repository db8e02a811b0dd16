import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeAttributeRows, decodeAttributeIndex, sameRow } from '../../src/format/attribute-index.ts'
import type { AttributeRow } from '../../src/format/attribute-index.ts'
import { conflictName, conflictNameBeside, conflictNoteName, conflictPlace } from '../../src/format/conflict-name.ts'
import { nameByteLength } from '../../src/format/name.ts'
import { decodeRenameIntent, encodeRenameIntent } from '../../src/format/rename-intent.ts'
import { decodeSide, encodeSide } from '../../src/format/side-object.ts'
import { timeNsMax, timeNsMin } from '../../src/format/time.ts'
import { anyName } from './arbitraries.ts'

const anyTime = fc.bigInt(timeNsMin, timeNsMax)
const anyRow: fc.Arbitrary<AttributeRow> = fc.record({
  name: anyName,
  etag: fc.string(),
  size: fc.nat(),
  lastModified: fc.nat(2_000_000_000).map((s) => s * 1000),
  headersDate: fc.nat(2_000_000_000).map((s) => s * 1000),
  written: fc.boolean(),
  ours: fc.boolean(),
  mode: fc.nat(0o177777),
  uid: fc.nat(0xffff_fffe),
  gid: fc.nat(0xffff_fffe),
  rdev: fc.nat(),
  mtimeNs: anyTime,
  ctimeNs: anyTime,
  atimeNs: anyTime,
  birthtimeNs: anyTime,
  atimeSet: fc.boolean(),
  target: fc.option(anyName, { nil: undefined }),
})

describe('side objects', () => {
  const body = encodeSide('f', 1, { a: 1 }, [['x'], ['y']])

  it('come back', () => {
    expect(decodeSide('f', 1, body)).toMatchObject({ ok: true, value: { fields: { a: 1 }, rows: [['x'], ['y']] } })
  })

  it('are damaged when any byte is another or missing', () => {
    for (let i = 0; i < body.length; i++) {
      const broken = Uint8Array.from(body)
      broken[i] = (broken[i] as number) ^ 1
      expect(decodeSide('f', 9, broken)).toEqual({ ok: false, reason: 'damaged' })
    }
    for (let length = 0; length < body.length; length++)
      expect(decodeSide('f', 9, body.subarray(0, length))).toEqual({ ok: false, reason: 'damaged' })
  })

  it('of another format are damaged, of a later version newer', () => {
    expect(decodeSide('g', 1, body)).toEqual({ ok: false, reason: 'damaged' })
    expect(decodeSide('f', 0, body)).toEqual({ ok: false, reason: 'newer' })
  })

  it('never throw on foreign bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeSide('f', 1, bytes).ok).toBe(false)
      }),
    )
  })
})

describe('attribute rows', () => {
  it('come back whatever they say', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 20 }), (rows) => {
        expect(decodeAttributeIndex(encodeAttributeRows('p/', rows).body, 'p/')).toEqual({
          ok: true,
          value: { kind: 'rows', rows },
        })
        for (const row of rows) expect(sameRow(row, { ...row })).toBe(true)
      }),
    )
  })

  it('of another directory are damaged', () => {
    expect(decodeAttributeIndex(encodeAttributeRows('p/', []).body, 'q/').ok).toBe(false)
  })

  it.each([
    [['n']],
    [[1, 2]],
    ['x'],
    [['n', 'e', 1.5, 0, 0, 0, 0, 0, 0, 0, '0', null, null, null]],
    [['n', 'e', 1, 0, 0, 0, 0, 0, 0, 0, 'x', null, null, null]],
  ])('that make no sense are damaged: %j', (line) => {
    const broken = encodeSide('bucketfs-attributes', 1, { directory: '', kind: 'rows' }, [line])
    expect(decodeAttributeIndex(broken, '')).toEqual({ ok: false, reason: 'damaged' })
  })
})

describe('rename intents', () => {
  const intent = { id: 'i', from: 'a/', to: 'b/', renewedMs: 1, owner: 'o' }

  it.each([{ from: 'a' }, { to: 'a/b/' }, { to: 'a/' }, { from: '/' }, { from: '' }])(
    'that make no sense are damaged: %j',
    (change) => {
      expect(decodeRenameIntent(encodeRenameIntent({ ...intent, ...change }).body)).toEqual({
        ok: false,
        reason: 'damaged',
      })
    },
  )

  it('of a later version are told apart from damaged ones', () => {
    const newer = encodeSide('bucketfs-rename', 2, { ...intent })
    expect(decodeRenameIntent(newer)).toEqual({ ok: false, reason: 'newer' })
  })
})

describe('conflict names', () => {
  it('never exceed what a directory shows, their note included', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        for (const copy of [conflictName(name, 0, 'abcdef0123'), conflictNameBeside(name, 0, 'abcdef0123')])
          expect(nameByteLength(conflictNoteName(copy))).toBeLessThanOrEqual(255)
      }),
    )
  })

  it('keep the whole name while there is room', () => {
    expect(conflictName('a.txt', 0, 'abcdef0123')).toBe('a.txt.19700101T000000Z-abcdef01')
    expect(conflictNameBeside('a.txt', 0, 'abcdef0123')).toBe('a.txt.conflict.19700101T000000Z-abcdef01')
  })

  it('of deep paths lie in one directory', () => {
    const place = conflictPlace(`${'/deep'.repeat(200)}/f`, 0, 'abcdef0123')
    expect(place.key).toMatch(/^\.bucketfs\/data\/conflicts\/long-[0-9a-f]{32}\/f\.19700101T000000Z-abcdef01$/)
    expect(place.path).toBe(`/${place.key}`)
  })
})
