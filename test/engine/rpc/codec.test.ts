import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decode } from '../../../src/engine/rpc/decoder.ts'
import { Encoder } from '../../../src/engine/rpc/encoder.ts'
import { OutgoingMessage } from '../../../src/engine/rpc/mailbox.ts'

const encoder = new Encoder()
const whole = (value: unknown): Buffer => Buffer.concat(encoder.encode(value))

/** Any string of UTF-16 units, lone surrogates included: names are byte-exact. */
const anyString = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 })
  .map((units) => String.fromCharCode(...units))
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(undefined, null, true, false, -0, Number.NaN, Infinity),
    fc.integer(),
    fc.double(),
    fc.bigInt(),
    anyString,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 6, noNullPrototype: true },
    ),
  ),
})).value

it('gives back any plain value as it was', () => {
  const property = fc.property(anyValue, (value) => {
    expect(decode(whole(value), 'copy')).toStrictEqual(value)
  })
  fc.assert(property, { numRuns: 2000 })
})

it.each(['copy', 'view'] as const)('gives back buffers of any size among other values (%s)', (ownership) => {
  for (const size of [0, 1, 8191, 8192, 70_000, 3_000_000]) {
    const bytes = Buffer.alloc(size, size)
    const [head, body, tail] = decode(whole(['head', bytes, { tail: bytes }]), ownership) as [
      string,
      Uint8Array,
      { tail: Uint8Array },
    ]
    expect([head, bytes.equals(body), bytes.equals(tail.tail)]).toEqual(['head', true, true])
  }
})

it('copies no large buffer: it is a piece of its own', () => {
  const bytes = Buffer.alloc(100_000)
  expect(encoder.encode([1, bytes]).includes(bytes)).toBe(true)
})

it('writes the keys of a repeated shape once', () => {
  const entries = (count: number): object[] =>
    Array.from({ length: count }, (_, i) => ({ name: 'n', ino: i, type: 'file' }))
  const perEntry = (whole(entries(1001)).length - whole(entries(1)).length) / 1000
  expect(perEntry).toBeLessThan(30)
})

it('keeps apart more shapes than it numbers', () => {
  const objects = Array.from({ length: 40 }, (_, i) => ({ [`key${i % 20}`]: i }))
  expect(decode(whole(objects), 'copy')).toEqual(objects)
})

it('survives growing its memory in the middle of a value', () => {
  const value = Array.from({ length: 20_000 }, (_, i) => `name ${i} ${'é日'.repeat(i % 7)}`)
  expect(decode(whole(value), 'copy')).toEqual(value)
})

it.each([() => 1, Symbol('x')])('refuses what cannot cross threads', (value) => {
  expect(() => encoder.encode({ value })).toThrow(/cannot cross threads/)
})

it('moves a message through an area of any size without losing a byte', () => {
  const pieces = [Buffer.from('abc'), Buffer.alloc(0), Buffer.from('defghij'), Buffer.from('k')]
  for (let size = 1; size <= 12; size++) {
    const message = new OutgoingMessage(pieces)
    const area = Buffer.alloc(size)
    let moved = ''
    while (!message.done) moved += area.toString('latin1', 0, message.fill(area))
    expect([moved, message.total]).toEqual(['abcdefghijk', 11])
  }
})
