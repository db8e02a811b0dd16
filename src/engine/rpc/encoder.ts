// Plain data as bytes, for synchronous calls through shared memory (structured clone needs a port and a living event
// loop) and for listings in the shared cache. Strings keep lone surrogates: names are byte-exact. Large buffers are
// not copied here: they become pieces of their own, copied once, into shared memory.
//
// Objects are written as a list of keys the first time a shape appears in a message and by number afterwards.

/** First byte of a value. `decoder.ts` reads the same table. */
export const tags = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  int32: 4,
  float64: 5,
  int64: 6,
  bigint: 7,
  latin1: 8,
  utf16: 9,
  bytes: 10,
  array: 11,
  newShape: 12,
  shape: 13,
} as const

/** Buffers from here on are pieces of their own. */
const pieceBytesMin = 8 * 1024
/** Below this a loop beats the call into C++. */
const shortStringLength = 24
const startBytes = 64 * 1024
/** Scratch larger than this is not kept between messages. */
const keptBytesMax = 1024 * 1024
/** Shapes compared per object; a message with more repeats their keys. */
const shapeCountMax = 8

/** Reused between messages: what `encode` gives is valid until the next `encode`, and borrows the buffers in `value`. */
export class Encoder {
  #bytes: Buffer = Buffer.allocUnsafeSlow(startBytes)
  #offset = 0
  #pieceStart = 0
  #pieces: Uint8Array[] = []
  #shapes: (readonly string[])[] = []

  encode(value: unknown): readonly Uint8Array[] {
    if (this.#bytes.length > keptBytesMax) this.#bytes = Buffer.allocUnsafeSlow(startBytes)
    this.#offset = 0
    this.#pieceStart = 0
    this.#pieces = []
    if (this.#shapes.length > 0) this.#shapes = []
    this.#value(value)
    this.#cut()
    return this.#pieces
  }

  /** Lets go of the buffers of the last message. */
  release(): void {
    this.#pieces = []
  }

  #cut(): void {
    if (this.#offset > this.#pieceStart) this.#pieces.push(this.#bytes.subarray(this.#pieceStart, this.#offset))
    this.#pieceStart = this.#offset
  }

  #room(size: number): void {
    if (this.#offset + size <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, size * 2))
    // Pieces already cut keep the old memory.
    this.#bytes.copy(larger, 0, this.#pieceStart, this.#offset)
    this.#offset -= this.#pieceStart
    this.#pieceStart = 0
    this.#bytes = larger
  }

  #value(value: unknown): void {
    this.#room(16)
    switch (typeof value) {
      case 'undefined':
        return this.#tag(tags.undefined)
      case 'boolean':
        return this.#tag(value ? tags.true : tags.false)
      case 'number':
        return this.#number(value)
      case 'bigint':
        return this.#bigint(value)
      case 'string':
        return this.#string(value)
      case 'object':
        if (value === null) return this.#tag(tags.null)
        if (value instanceof Uint8Array) return this.#buffer(value)
        if (Array.isArray(value)) return this.#array(value)
        return this.#object(value as Record<string, unknown>)
      default:
        throw new TypeError(`a ${typeof value} cannot cross threads`)
    }
  }

  #tag(tag: number): void {
    this.#bytes[this.#offset++] = tag
  }

  #uint32(value: number): void {
    this.#offset = this.#bytes.writeUInt32LE(value, this.#offset)
  }

  #number(value: number): void {
    if ((value | 0) === value && !Object.is(value, -0)) {
      this.#tag(tags.int32)
      this.#offset = this.#bytes.writeInt32LE(value, this.#offset)
    } else {
      this.#tag(tags.float64)
      this.#offset = this.#bytes.writeDoubleLE(value, this.#offset)
    }
  }

  #bigint(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      this.#tag(tags.int64)
      this.#offset = this.#bytes.writeBigInt64LE(value, this.#offset)
    } else {
      this.#tag(tags.bigint)
      this.#string(value.toString())
    }
  }

  #string(value: string): void {
    const { length } = value
    this.#room(16 + length * 2)
    const bytes = this.#bytes
    const start = this.#offset + 5
    if (length <= shortStringLength) {
      let i = 0
      for (; i < length; i++) {
        const unit = value.charCodeAt(i)
        if (unit > 0xff) break
        bytes[start + i] = unit
      }
      if (i === length) return this.#stringHead(tags.latin1, length, length)
    } else if (isLatin1(value)) {
      bytes.write(value, start, 'latin1')
      return this.#stringHead(tags.latin1, length, length)
    }
    bytes.write(value, start, 'utf16le')
    this.#stringHead(tags.utf16, length * 2, length * 2)
  }

  #stringHead(tag: number, length: number, size: number): void {
    this.#tag(tag)
    this.#uint32(length)
    this.#offset += size
  }

  #buffer(value: Uint8Array): void {
    this.#tag(tags.bytes)
    this.#uint32(value.byteLength)
    if (value.byteLength >= pieceBytesMin) {
      this.#cut()
      this.#pieces.push(value)
      return
    }
    this.#room(value.byteLength)
    this.#bytes.set(value, this.#offset)
    this.#offset += value.byteLength
  }

  #array(values: readonly unknown[]): void {
    this.#tag(tags.array)
    this.#uint32(values.length)
    for (const value of values) this.#value(value)
  }

  #object(value: Record<string, unknown>): void {
    const keys = Object.keys(value)
    const known = this.#shapes.findIndex((shape) => sameKeys(shape, keys))
    if (known >= 0) {
      this.#tag(tags.shape)
      this.#tag(known)
    } else {
      this.#tag(tags.newShape)
      this.#uint32(keys.length)
      for (const key of keys) this.#string(key)
      if (this.#shapes.length < shapeCountMax) this.#shapes.push(keys)
    }
    for (const key of keys) this.#value(value[key])
  }
}

function isLatin1(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0xff) return false
  return true
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** As many shapes as the encoder numbers; the decoder must stop numbering at the same point. */
export const shapesNumberedMax: number = shapeCountMax
