// The other half of `encoder.ts`. Reads from shared memory or from private bytes; nothing it gives aliases shared memory.

import { shapesNumberedMax, tags } from './encoder.ts'

/** How buffers come out: copied, or as views of the bytes read (only where those are private and given away). */
export type BufferOwnership = 'copy' | 'view'

/** The value encoded in `bytes`. */
export function decode(bytes: Buffer, ownership: BufferOwnership): unknown {
  return new Decoder(bytes, ownership).value()
}

class Decoder {
  readonly #bytes: Buffer
  readonly #ownership: BufferOwnership
  readonly #shapes: (readonly string[])[] = []
  #offset = 0

  constructor(bytes: Buffer, ownership: BufferOwnership) {
    this.#bytes = bytes
    this.#ownership = ownership
  }

  value(): unknown {
    const tag = this.#bytes[this.#offset++]
    switch (tag) {
      case tags.undefined:
        return undefined
      case tags.null:
        return null
      case tags.false:
        return false
      case tags.true:
        return true
      case tags.int32:
        return this.#bytes.readInt32LE(this.#skip(4))
      case tags.float64:
        return this.#bytes.readDoubleLE(this.#skip(8))
      case tags.int64:
        return this.#bytes.readBigInt64LE(this.#skip(8))
      case tags.bigint:
        return BigInt(this.value() as string)
      case tags.latin1:
      case tags.utf16:
        return this.#string(tag)
      case tags.bytes:
        return this.#buffer()
      case tags.array:
        return this.#array()
      case tags.newShape:
        return this.#object(this.#newShape())
      case tags.shape:
        return this.#object(this.#shapes[this.#bytes[this.#offset++] as number] as readonly string[])
      default:
        throw new RangeError(`unknown tag ${tag} at ${this.#offset - 1} of a message between threads`)
    }
  }

  #skip(size: number): number {
    const at = this.#offset
    this.#offset += size
    return at
  }

  #length(): number {
    return this.#bytes.readUInt32LE(this.#skip(4))
  }

  #string(tag: number): string {
    const size = this.#length()
    const start = this.#skip(size)
    return this.#bytes.toString(tag === tags.latin1 ? 'latin1' : 'utf16le', start, start + size)
  }

  #buffer(): Uint8Array {
    const size = this.#length()
    const start = this.#skip(size)
    const view = this.#bytes.subarray(start, start + size)
    if (this.#ownership === 'view') return view
    const copy = Buffer.allocUnsafe(size)
    copy.set(view)
    return copy
  }

  #array(): unknown[] {
    const length = this.#length()
    const values: unknown[] = []
    for (let i = 0; i < length; i++) values.push(this.value())
    return values
  }

  #newShape(): readonly string[] {
    const length = this.#length()
    const keys: string[] = []
    for (let i = 0; i < length; i++) keys.push(this.value() as string)
    if (this.#shapes.length < shapesNumberedMax) this.#shapes.push(keys)
    return keys
  }

  #object(keys: readonly string[]): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    for (const key of keys) object[key] = this.value()
    return object
  }
}
