import { StoreError } from '../../base/errors.ts'
import type { CallOptions, ObjectHeaders, WriteCondition, WriteReply } from '../../store/store.ts'
import type { Version } from '../inode.ts'
import { ConflictError } from './conflict-error.ts'
import { isOurs, look, settle, withWriteId, type Change } from './outcome/doubt.ts'
import { callOptions, sendsMax, type JobOptions, type ObjectDeps } from './object-deps.ts'
import { checkedBytes, inSteps } from './outcome/checked-steps.ts'
import { agrees, Fingerprint } from './outcome/proof.ts'
import { tagCountOf, versionRead, writtenVersion } from './outcome/written-version.ts'

// One object by one PUT: small files, symlinks, markers, conflict copies. The body is in memory.

export interface PutJob extends JobOptions {
  readonly key: string
  readonly condition: WriteCondition
  /** Borrowed until the call settles. */
  readonly body: readonly Uint8Array[]
  /** All there are to be; the write id is added when it is missing. */
  readonly headers: ObjectHeaders
  /** 32 hex digits, fresh, and the same again when an unknown outcome is tried again. */
  readonly writeId: string | undefined
  /** As a query string. */
  readonly tags?: string | undefined
  readonly purpose?: CallOptions['purpose']
}

/**
 * Returns the version that is in the bucket, proven (outcome/proof.ts). ConflictError when another one is there; StoreError
 * 'corrupt' when the store keeps answering with other bytes than were sent.
 */
export async function putObject(deps: ObjectDeps, job: PutJob): Promise<Version> {
  const { key, body, tags } = job
  const call = { ...callOptions(job), purpose: job.purpose ?? 'data' }
  const headers = withWriteId(job.headers, job.writeId)
  const fingerprint = new Fingerprint(body)
  const keep = keeper(deps, fingerprint.size, body)
  let { condition } = job
  for (let puts = 1; ; puts++) {
    const change: Change = { key, condition, writeId: job.writeId, call }
    const settled = await settle(deps, change, () => {
      const { ifMatch, ifNoneMatch } = condition
      return deps.store.put(key, body, { ...call, ifMatch, ifNoneMatch, headers, tags, crc32: fingerprint.crc32 })
    })
    if (settled.reply && proves(deps, fingerprint, headers, settled.reply)) {
      const { etag, date } = settled.reply
      const { size, checksum } = fingerprint
      deps.metrics.count('bytesWritten', size)
      const tagCount = tagCountOf(tags)
      return keep(writtenVersion({ key, etag, size, checksum, headers, tagCount, lastModified: date, date }))
    }
    // The answer disagrees with what was sent, or there was none: what HEAD shows counts.
    const info = settled.reply ? await look(deps, key, call) : settled.found
    if (!info || !isOurs(info, job.writeId)) throw new ConflictError(key, info)
    const { etag, size, checksum } = info
    if (agrees(fingerprint, { etag, size, checksum, sse: info.headers.sse }, deps.store.capabilities)) {
      deps.metrics.count('bytesWritten', size)
      return keep(versionRead(info, fingerprint.checksum, settled.reply?.date))
    }
    deps.metrics.count('corrupt')
    deps.log.error('the bucket holds other bytes than were sent; writing again', { key, etag, puts })
    if (puts >= sendsMax) {
      throw new StoreError({
        kind: 'corrupt',
        operation: 'put',
        key,
        message: 'the stored object is not what was sent',
      })
    }
    condition = { ifMatch: etag }
  }
}

/** Keeps the checksums per block with the version that comes of it, where reads will want them. */
function keeper({ reader }: ObjectDeps, size: number, body: readonly Uint8Array[]): (version: Version) => Version {
  const checks = reader.checksumBuilder(size)
  if (!checks) return (version) => version
  let at = 0
  for (const bytes of inSteps(body, checkedBytes)) {
    checks.add(at, bytes)
    at += bytes.byteLength
  }
  return (version) => {
    reader.keepChecksums(version, checks)
    return version
  }
}

function proves(deps: ObjectDeps, fingerprint: Fingerprint, headers: ObjectHeaders, reply: WriteReply): boolean {
  return agrees(fingerprint, { etag: reply.etag, checksum: reply.checksum, sse: headers.sse }, deps.store.capabilities)
}
