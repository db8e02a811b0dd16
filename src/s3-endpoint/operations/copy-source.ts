// The source of a copy: found from its header, judged by its conditions, and, when it lies in another bucket, read as a
// body for the destination's store.

import type { Body, ObjectInfo, ObjectStore } from '../../store/store.ts'
import type { BucketCall } from '../call.ts'
import { hasReadConditions, judgeRead, singleEtag } from '../conditions.ts'
import { S3Error } from '../errors.ts'
import { decodePercent } from '../uri.ts'
import { openPieces } from './read-object.ts'

export interface CopySource {
  readonly store: ObjectStore
  readonly key: string
  /** The version that must still be there when the copy happens. */
  readonly ifMatch: string | undefined
  /** What HEAD showed, where it was asked. */
  readonly info: ObjectInfo | undefined
}

const prefix = 'x-amz-copy-source-'

/** `look`: HEAD the source even if no condition needs it. */
export async function findCopySource(call: BucketCall, look: boolean): Promise<CopySource> {
  const { store, key } = await resolve(call)
  const { headers } = call
  const onlyIfMatch = !['if-none-match', 'if-modified-since', 'if-unmodified-since'].some((n) =>
    headers.has(prefix + n),
  )
  const ifMatch = headers.get(`${prefix}if-match`)
  if (!look && store === call.store && onlyIfMatch && !ifMatch?.includes(',') && ifMatch !== '*') {
    return { store, key, ifMatch: ifMatch === undefined ? undefined : singleEtag(ifMatch), info: undefined }
  }
  const info = await store.head(key, { signal: call.signal })
  if (hasReadConditions(headers, prefix) && judgeRead(info, headers, prefix) !== 'proceed')
    throw new S3Error('PreconditionFailed')
  return { store, key, ifMatch: info.etag, info }
}

/** Bytes of the source, for a store that does not hold it. Can be read again. */
export function sourceBody(source: CopySource, info: ObjectInfo, offset = 0, length: number = info.size): Body {
  if (length === 0) return new Uint8Array(0)
  return {
    size: length,
    replayable: true,
    async *stream() {
      yield* await openPieces(source.store, info, offset, length)
    },
  }
}

async function resolve(call: BucketCall): Promise<{ store: ObjectStore; key: string }> {
  const header = call.headers.get('x-amz-copy-source') ?? ''
  const [path = '', query = ''] = header.split('?', 2)
  const text = decodePercent(path).replace(/^\//, '')
  const slash = text.indexOf('/')
  if (slash < 1 || slash === text.length - 1) {
    throw new S3Error('InvalidArgument', {
      message: 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    })
  }
  const version = /(?:^|&)versionId=([^&]*)/.exec(query)?.[1]
  if (version !== undefined && version !== 'null') throw new S3Error('NoSuchVersion')
  const bucket = text.slice(0, slash)
  const store = bucket === call.target.bucket ? call.store : await call.buckets.find(bucket, call.caller)
  if (!store) throw new S3Error('NoSuchBucket', { fields: { BucketName: bucket } })
  return { store, key: text.slice(slash + 1) }
}
