// From the raw request target to bucket, key and operation. `new URL()` is never used: it collapses `//`, `./` and
// `../` and re-encodes, and keys may hold all of them. In a path `+` is a plus, in a query a space.
//
// Dispatch goes by the presence of a sub-resource (`?uploads` is `?uploads=`). A sub-resource that S3 has and we lack,
// and a bare one nobody knows, is 'Unsupported' (501): it must never fall through to the plain operation.

import { S3Error } from './errors.ts'

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
  | 'CreateBucket' | 'HeadBucket' | 'DeleteBucket' | 'GetBucketLocation' | 'BucketSetting'
  | 'ListObjects' | 'ListObjectsV2' | 'DeleteObjects' | 'ListMultipartUploads'
  | 'HeadObject' | 'GetObject' | 'PutObject' | 'CopyObject' | 'DeleteObject' | 'GetObjectTagging' | 'GetObjectAcl'
  | 'CreateMultipartUpload' | 'UploadPart' | 'UploadPartCopy' | 'CompleteMultipartUpload' | 'AbortMultipartUpload'
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

/** Names and values of a query, decoded, in the order sent. */
export function queryPairs(rawQuery: string): (readonly [string, string])[] {
  return rawQuery
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      const name = equals < 0 ? pair : pair.slice(0, equals)
      const value = equals < 0 ? '' : pair.slice(equals + 1)
      return [decodePercent(name.replaceAll('+', ' ')), decodePercent(value.replaceAll('+', ' '))] as const
    })
}

/** What is not UTF-8 behind its percent signs has no key. */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new S3Error('InvalidURI', { cause })
  }
}

function bucketOfHost(host: string | undefined, domain: string | undefined): string | undefined {
  if (host === undefined || domain === undefined) return undefined
  const name = host.replace(/:\d+$/, '').toLowerCase()
  const suffix = `.${domain.toLowerCase()}`
  return name.endsWith(suffix) && name.length > suffix.length ? name.slice(0, -suffix.length) : undefined
}

/** Every sub-resource S3 knows; one that the tables below do not name is answered 501. */
const subResources: ReadonlySet<string> = new Set([
  'abac', 'accelerate', 'acl', 'analytics', 'annotations', 'attributes', 'cors', 'delete', 'encryption', 'encryption-type',
  'intelligent-tiering', 'inventory', 'legal-hold', 'lifecycle', 'location', 'logging', 'metadataConfiguration',
  'metadataInventoryTable', 'metadataJournalTable', 'metadataTable', 'metrics', 'notification', 'object-lock',
  'ownershipControls', 'partNumber', 'policy', 'policyStatus', 'publicAccessBlock', 'renameObject', 'replication',
  'requestPayment', 'restore', 'retention', 'select', 'session', 'tagging', 'torrent', 'uploadId', 'uploads', 'versioning',
  'versions', 'website', 'x-amz-object-annotation',
])

/** Settings of a bucket that have a fixed answer (`operations/bucket-settings.ts`). */
export const bucketSettings: readonly string[] = [
  'accelerate', 'acl', 'cors', 'encryption', 'lifecycle', 'logging', 'notification', 'object-lock', 'ownershipControls',
  'policy', 'policyStatus', 'publicAccessBlock', 'replication', 'requestPayment', 'tagging', 'versioning', 'website',
]

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

const parameters: ReadonlySet<string> = new Set([
  'prefix', 'delimiter', 'marker', 'max-keys', 'list-type', 'start-after', 'continuation-token', 'fetch-owner',
  'encoding-type', 'key-marker', 'upload-id-marker', 'max-uploads', 'version-id-marker', 'versionId', 'x-id',
  'max-buckets', 'bucket-region',
])

/** Parameters that may be sent without a value and select nothing. */
function isKnownParameter(name: string): boolean {
  return subResources.has(name) || parameters.has(name) || /^(x-amz-|response-)/i.test(name)
}
