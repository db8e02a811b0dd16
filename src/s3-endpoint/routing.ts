// From the raw request target to bucket, key and operation. `new URL()` is never used: it collapses `//`, `./` and
// `../` and re-encodes, and keys may hold all of them. In a path `+` is a plus, in a query a space.
//
// Dispatch goes by the presence of a sub-resource (`?uploads` is `?uploads=`). A sub-resource that S3 has and we lack,
// and a bare one nobody knows, is 'Unsupported' (501): it must never fall through to the plain operation.

import { S3Error } from './errors.ts'
import { bucketSettings, isKnownParameter, subResources } from './sub-resources.ts'
import { decodePercent, queryPairs } from './uri.ts'

export interface Target {
  /** Path as received, without the query. */
  readonly rawPath: string
  /** Without the question mark. */
  readonly rawQuery: string
  /** '' at the service level. */
  readonly bucket: string
  /** '' at the bucket level. */
  readonly key: string
  readonly query: ReadonlyMap<string, string>
}

export type OperationName =
  | 'ListBuckets'
  | 'CreateBucket'
  | 'HeadBucket'
  | 'DeleteBucket'
  | 'GetBucketLocation'
  | 'BucketSetting'
  | 'ListObjects'
  | 'ListObjectsV2'
  | 'DeleteObjects'
  | 'ListMultipartUploads'
  | 'HeadObject'
  | 'GetObject'
  | 'PutObject'
  | 'CopyObject'
  | 'DeleteObject'
  | 'GetObjectTagging'
  | 'GetObjectAcl'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'UploadPartCopy'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'Unsupported'

/** `domain`: hosts below it name a bucket (virtual-host style); all others are path style. */
export function parseTarget(url: string, host: string | undefined, domain: string | undefined): Target {
  const path = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?]*/i, '')
  const mark = path.indexOf('?')
  const rawPath = mark < 0 ? path : path.slice(0, mark)
  const rawQuery = mark < 0 ? '' : path.slice(mark + 1)
  if (!rawPath.startsWith('/')) throw new S3Error('InvalidURI')
  const query = new Map<string, string>()
  for (const [name, value] of queryPairs(rawQuery)) if (!query.has(name)) query.set(name, value)
  const hosted = bucketOfHost(host, domain)
  if (hosted !== undefined) return { rawPath, rawQuery, bucket: hosted, key: decodePercent(rawPath.slice(1)), query }
  const slash = rawPath.indexOf('/', 1)
  const bucket = decodePercent(slash < 0 ? rawPath.slice(1) : rawPath.slice(1, slash))
  const key = slash < 0 ? '' : decodePercent(rawPath.slice(slash + 1))
  if (bucket === '' && key !== '') throw new S3Error('InvalidBucketName')
  return { rawPath, rawQuery, bucket, key, query }
}

function bucketOfHost(host: string | undefined, domain: string | undefined): string | undefined {
  if (host === undefined || domain === undefined) return undefined
  const name = host.replace(/:\d+$/, '').toLowerCase()
  const suffix = `.${domain.toLowerCase()}`
  return name.endsWith(suffix) && name.length > suffix.length ? name.slice(0, -suffix.length) : undefined
}

const bucketRoutes: Readonly<Record<string, OperationName>> = {
  'PUT ': 'CreateBucket',
  'HEAD ': 'HeadBucket',
  'DELETE ': 'DeleteBucket',
  'GET location': 'GetBucketLocation',
  'POST delete': 'DeleteObjects',
  'GET uploads': 'ListMultipartUploads',
  ...Object.fromEntries(bucketSettings.map((name) => [`GET ${name}`, 'BucketSetting' as const])),
}

const objectRoutes: Readonly<Record<string, OperationName>> = {
  'GET ': 'GetObject',
  'HEAD ': 'HeadObject',
  'PUT ': 'PutObject',
  'DELETE ': 'DeleteObject',
  'GET partNumber': 'GetObject',
  'HEAD partNumber': 'HeadObject',
  'GET tagging': 'GetObjectTagging',
  'GET acl': 'GetObjectAcl',
  'POST uploads': 'CreateMultipartUpload',
  'PUT partNumber&uploadId': 'UploadPart',
  'POST uploadId': 'CompleteMultipartUpload',
  'DELETE uploadId': 'AbortMultipartUpload',
}

/** The operation asked for. A copy differs from a put only by its source header. */
export function route(method: string, target: Target, copySource: string | undefined): OperationName {
  const found = [...target.query.keys()].filter((name) => subResources.has(name)).sort()
  const bare = [...target.query].some(([name, value]) => value === '' && !isKnownParameter(name))
  if (bare) return 'Unsupported'
  const action = `${method} ${found.join('&')}`
  if (target.bucket === '') return action === 'GET ' ? 'ListBuckets' : 'Unsupported'
  if (target.key === '') {
    if (action === 'GET ') return target.query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects'
    return own(bucketRoutes, action)
  }
  const operation = own(objectRoutes, action)
  if (copySource === undefined) return operation
  if (operation === 'PutObject') return 'CopyObject'
  return operation === 'UploadPart' ? 'UploadPartCopy' : operation
}

function own(routes: Readonly<Record<string, OperationName>>, action: string): OperationName {
  return Object.hasOwn(routes, action) ? (routes[action] as OperationName) : 'Unsupported'
}
