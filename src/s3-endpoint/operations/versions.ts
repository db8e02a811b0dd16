// Buckets served here are unversioned: the only version of an object is 'null'.

import type { BucketCall } from '../call.ts'
import { S3Error } from '../errors.ts'

export function checkVersion(call: BucketCall): void {
  const versionId = call.target.query.get('versionId')
  if (versionId === undefined || versionId === '' || versionId === 'null') return
  throw new S3Error('NoSuchVersion', { fields: { Key: call.target.key, VersionId: versionId } })
}
