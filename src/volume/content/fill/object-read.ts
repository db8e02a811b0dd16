// One verified GET of a run of bytes of one version (If-Match). Nothing leaves here that is not what was asked for: wrong
// length, wrong range, another ETag or a checksum that does not match is asked for again, then refused (DESIGN P8).

import { VolumeError, isStoreError } from '../../../base/errors.ts'
import { writeIdOf } from '../../../format/metadata.ts'
import type { GetReply, ObjectStore } from '../../../store/store.ts'
import type { Version } from '../../inode.ts'
import type { VolumeMetrics } from '../../metrics.ts'
import { verifyBlocks } from './block-checks.ts'
import type { ChecksumBook } from './checksum-book.ts'
import { verifyWhole } from './verify.ts'

export interface ObjectReadDeps {
  readonly store: ObjectStore
  readonly metrics: VolumeMetrics
  readonly checksums: ChecksumBook
}

export interface ObjectRead {
  /** The version as it is called now: asked again before each attempt, since our own renames move it. */
  readonly current: () => Version
  readonly offset: number
  readonly length: number
  readonly background: boolean
  /** Told of each good reply. */
  readonly onReply: (version: Version, reply: GetReply) => void
}

/** Objects up to this size are read whole where that lets them be verified; larger ones of ours have block checksums. */
export const wholeBytesMax: number = 8 * 1024 * 1024

/** Wrong bytes this often are not a passing fault. */
const attemptsMax = 3

/** ESTALE when another version is there (or none), EIO when the bytes stay wrong; else as the store fails. */
export async function readObject(deps: ObjectReadDeps, read: ObjectRead): Promise<Uint8Array> {
  let wrong = ''
  let isOther = false
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const version = read.current()
    let reply: GetReply
    try {
      reply = await get(deps, version, read)
    } catch (error) {
      if (isStoreError(error, 'precondition', 'not-found', 'range')) {
        if (read.current() !== version) continue
        throw replaced(version, error)
      }
      if (!isStoreError(error, 'corrupt')) throw error
      wrong = error.message
      continue
    }
    // A store that ignores the condition, or one that shows an old version for a moment.
    isOther = reply.etag !== version.etag
    wrong = isOther ? `ETag ${reply.etag} instead of ${version.etag}` : fault(reply, version, read)
    if (wrong !== '') continue
    const verified = await verify(deps, reply, version, read)
    if (verified === false) {
      wrong = 'bytes do not match their checksum'
      continue
    }
    deps.metrics.count(verified ? 'verified' : 'unverified')
    deps.metrics.count('bytesRead', reply.body.byteLength)
    read.onReply(version, reply)
    return reply.body
  }
  if (isOther) throw replaced(read.current())
  deps.metrics.count('corrupt')
  throw new VolumeError('EIO', { message: `${read.current().key}, ${attemptsMax} times: ${wrong}` })
}

function replaced({ key }: Version, cause?: unknown): VolumeError {
  return new VolumeError('ESTALE', { message: `${key} was replaced or removed`, cause })
}

/** Whether we wrote `version`; undefined when its headers were never seen. */
export function isOurs(version: Version): boolean | undefined {
  if (version.ours) return true
  return version.headers && writeIdOf(version.headers) !== undefined
}

function get({ store, checksums }: ObjectReadDeps, version: Version, read: ObjectRead): Promise<GetReply> {
  const { offset, length } = read
  const whole = isWhole(read, version)
  // Known to be needed: the check is read beside the data. `of` never fails.
  if (!whole && version.size > wholeBytesMax && isOurs(version)) void checksums.of(version)
  return store.get(version.key, {
    range: whole ? undefined : { offset, length },
    ifMatch: version.etag,
    priority: read.background ? 'background' : 'foreground',
  })
}

function fault(reply: GetReply, version: Version, read: ObjectRead): string {
  if (reply.size !== version.size) return `size ${reply.size} instead of ${version.size}`
  if (reply.offset !== read.offset) return `bytes from ${reply.offset} instead of ${read.offset}`
  if (reply.body.byteLength !== read.length) return `${reply.body.byteLength} bytes instead of ${read.length}`
  return ''
}

async function verify(
  { store, checksums }: ObjectReadDeps,
  reply: GetReply,
  version: Version,
  read: ObjectRead,
): Promise<boolean | undefined> {
  const { body, headers } = reply
  if (isWhole(read, version)) {
    const checksum = reply.checksum ?? version.checksum
    return verifyWhole(body, { etag: version.etag, checksum, headers }, store.capabilities.md5Etags)
  }
  if (version.size <= wholeBytesMax || !(version.ours ?? writeIdOf(headers) !== undefined)) return undefined
  const checks = await checksums.of(version)
  return checks ? verifyBlocks(body, read.offset, checks) : undefined
}

function isWhole({ offset, length }: ObjectRead, version: Version): boolean {
  return offset === 0 && length === version.size
}
