// Writing one large file under the key `k`, and looking at what came of it.

import { expect } from 'vitest'
import type { FrozenContent } from '../../../src/volume/content/file-content.ts'
import type { Version } from '../../../src/volume/inode.ts'
import { writeObject } from '../../../src/volume/objects/write-object.ts'
import { patterned } from '../../support/store-kit.ts'
import { plainHeaders, smallLimits, smallSettings, versionAt, type Rig, type RigOptions } from './rig.ts'

export const id = 'd'.repeat(32)
export const small: RigOptions = { limits: smallLimits, settings: smallSettings }

export function write(rig: Rig, frozen: FrozenContent, base: Version | null = null): Promise<Version> {
  const condition = base ? { ifMatch: base.etag } : ({ ifNoneMatch: '*' } as const)
  return writeObject(rig.deps, { key: 'k', condition, frozen, headers: base?.headers ?? plainHeaders, writeId: id })
}

export async function based(rig: Rig, size: number, headers = plainHeaders): Promise<Version> {
  await rig.bucket.put('k', patterned(size), { headers })
  return versionAt(rig, 'k')
}

export async function expectBytes(rig: Rig, expected: Uint8Array, key = 'k'): Promise<void> {
  expect(Buffer.compare(await rig.bytesOf(key), expected)).toBe(0)
}

export async function expectNoUploads(rig: Rig): Promise<void> {
  expect(await rig.bucket.listUploads('')).toEqual([])
}

export function changed(bytes: Uint8Array, ...changes: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  const result = bytes.slice()
  for (const [offset, change] of changes) result.set(change, offset)
  return result
}
