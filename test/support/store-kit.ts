// Small words the store tests share.

import { expect } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { StoreError, type StoreErrorKind } from '../../src/base/errors.ts'
import type { ObjectStore, PutOptions, WriteReply } from '../../src/store/store.ts'

export const plain: { readonly metadata: Record<string, string> } = { metadata: {} }

export function putText(
  store: ObjectStore,
  key: string,
  text: string,
  options: Partial<PutOptions> = {},
): Promise<WriteReply> {
  return store.put(key, utf8(text), { headers: plain, ...options })
}

export async function getText(store: ObjectStore, key: string): Promise<string> {
  return Buffer.from((await store.get(key)).body).toString()
}

/** Expects a StoreError of one of `kinds` and gives it back. */
export async function failure(call: Promise<unknown>, ...kinds: readonly StoreErrorKind[]): Promise<StoreError> {
  const error = await call.then(
    (value) => expect.fail(`expected ${kinds.join(' or ')}, got ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof StoreError)) throw error
  expect(kinds).toContain(error.kind)
  return error
}

/** `size` bytes that differ from piece to piece, the same for the same seed. */
export function patterned(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size)
  const words = new Uint32Array(bytes.buffer, 0, size >> 2)
  let x = (seed * 0x9e3779b9) >>> 0 || 1
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    words[i] = x
  }
  for (let i = words.length * 4; i < size; i++) bytes[i] = (i * 31 + seed) & 0xff
  return bytes
}
