// One verified GET of a run of bytes of one version (If-Match). Nothing leaves here that is not what was asked for: wrong length, wrong range,
// another ETag or a checksum that does not match is asked for again, then refused.

import { VolumeError, isStoreError } from '../../../base/errors.ts'
import type { GetReply, ObjectInfo, ObjectStore } from '../../../store/store.ts'
import type { Version } from '../../inode.ts'
import type { VolumeMetrics } from '../../metrics.ts'

export interface ObjectReadDeps {
  readonly store: ObjectStore
  readonly metrics: VolumeMetrics
}

export interface ObjectRead {
  /** The version as it is called now: read again before each attempt. */
  readonly current: () => Version
  readonly offset: number
  readonly length: number
  readonly background: boolean
  readonly signal?: AbortSignal | undefined
  readonly onInfo?: ((info: ObjectInfo) => void) | undefined
}

/** Wrong bytes this often are not a passing fault. */
const attemptsMax = 3

export async function readObject(deps: ObjectReadDeps, read: ObjectRead): Promise<Uint8Array> {
  let wrong = ''
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const version = read.current()
    let reply: GetReply
    try {
      reply = await get(deps.store, version, read)
    } catch (error) {
      if (isStoreError(error, 'precondition', 'not-found')) {
        if (read.current() !== version) continue
        throw new VolumeError('ESTALE', { message: `${version.key} was replaced`, cause: error })
      }
      if (!isStoreError(error, 'corrupt')) throw error
      wrong = error.message
      continue
    }
    wrong = fault(reply, version, read)
    if (wrong === '') {
      deps.metrics.count('bytesRead', reply.body.byteLength)
      read.onInfo?.(reply)
      return reply.body
    }
  }
  deps.metrics.count('corrupt')
  throw new VolumeError('EIO', { message: `${read.current().key}: ${wrong}` })
}

function get(store: ObjectStore, version: Version, read: ObjectRead): Promise<GetReply> {
  const { offset, length, background, signal } = read
  const whole = offset === 0 && length === version.size
  return store.get(version.key, {
    range: whole ? undefined : { offset, length },
    ifMatch: version.etag,
    priority: background ? 'background' : 'foreground',
    signal,
  })
}

function fault(reply: GetReply, version: Version, read: ObjectRead): string {
  if (reply.etag !== version.etag) return `ETag ${reply.etag} instead of ${version.etag}`
  if (reply.size !== version.size) return `size ${reply.size} instead of ${version.size}`
  if (reply.offset !== read.offset) return `bytes from ${reply.offset} instead of ${read.offset}`
  if (reply.body.byteLength !== read.length) return `${reply.body.byteLength} bytes instead of ${read.length}`
  return ''
}
