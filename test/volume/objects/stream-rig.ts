// A file being streamed: its content, its upload, and closing it as write-back does.

import { expect } from 'vitest'
import type { ObjectHeaders, WriteCondition } from '../../../src/store/store.ts'
import { FileContent } from '../../../src/volume/content/file-content.ts'
import type { Version } from '../../../src/volume/inode.ts'
import { StreamUpload } from '../../../src/volume/objects/stream-upload.ts'
import { writeObject } from '../../../src/volume/objects/write-object.ts'
import { createRig, plainHeaders, smallLimits, smallSettings, writeAt, type Rig, type RigOptions } from './rig.ts'

export const streamId = 'e'.repeat(32)
export const closeId = 'f'.repeat(32)
export const small: RigOptions = { limits: smallLimits, settings: smallSettings }
const step = 4096

export interface Stream {
  readonly rig: Rig
  readonly content: FileContent
  readonly upload: StreamUpload
  write(offset: number, bytes: Uint8Array): Promise<void>
  close(changes?: {
    readonly headers?: ObjectHeaders
    readonly condition?: WriteCondition
    readonly key?: string
  }): Promise<Version>
}

export function open(
  options: RigOptions & { readonly aside?: boolean; readonly base?: Version; readonly headers?: ObjectHeaders } = {},
  given?: Rig,
): Stream {
  const rig = given ?? createRig({ ...small, ...options })
  const headers = options.headers ?? plainHeaders
  const content = new FileContent(options.base ?? null)
  const upload = new StreamUpload(rig.deps, {
    aside: options.aside,
    describe: async () => ({ key: 'k', headers, writeId: streamId }),
  })
  return {
    rig,
    content,
    upload,
    async write(offset, bytes) {
      for (let at = 0; at < bytes.byteLength; at += step) {
        await writeAt(rig, content, offset + at, bytes.subarray(at, at + step))
        upload.offer(content)
      }
    },
    async close(changes = {}) {
      const frozen = content.freeze()
      const condition =
        changes.condition ?? (options.base ? { ifMatch: options.base.etag } : { ifNoneMatch: '*' as const })
      try {
        const version = await writeObject(rig.deps, {
          key: changes.key ?? 'k',
          condition,
          frozen,
          headers: changes.headers ?? headers,
          writeId: closeId,
          stream: upload,
        })
        content.rebase(frozen, version)
        return version
      } catch (error) {
        content.thaw(frozen)
        throw error
      }
    },
  }
}

export async function expectBytes(rig: Rig, expected: Uint8Array, key = 'k'): Promise<void> {
  expect(Buffer.compare(await rig.bytesOf(key), expected)).toBe(0)
}

/** Only `k` (or what is given) is in the bucket, no upload is unfinished, and no memory is still taken. */
export async function expectTidy(rig: Rig, keys: readonly string[] = ['k']): Promise<void> {
  expect((await rig.bucket.list()).objects.map(({ key }) => key).filter((key) => !key.includes('/zeros/'))).toEqual(
    keys,
  )
  expect(await rig.bucket.listUploads('')).toEqual([])
  expect(rig.budget.used('flight')).toBe(0)
}
