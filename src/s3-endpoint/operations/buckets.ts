// Operations on buckets themselves.

import type { BucketCall, Call, Reply } from '../call.ts'
import { S3Error } from '../errors.ts'
import { element, isoTime, resultDocument } from '../xml/write.ts'
import { owner } from './bucket-settings.ts'

/** A CreateBucketConfiguration is small; what it says is not needed here. */
const configurationBytesMax = 65_536

export async function listBuckets(call: Call): Promise<Reply> {
  const entries = await call.buckets.list(call.caller)
  const buckets = entries.map(({ name, created }) =>
    element('Bucket', [element('Name', name), element('CreationDate', isoTime(created))]),
  )
  return { status: 200, body: { xml: resultDocument('ListAllMyBucketsResult', [owner, element('Buckets', buckets)]) } }
}

export async function createBucket(call: Call): Promise<Reply> {
  const { buckets, caller } = call
  const { bucket } = call.target
  await call.payload.document(configurationBytesMax)
  if (!isBucketName(bucket)) throw new S3Error('InvalidBucketName', { fields: { BucketName: bucket } })
  if (await buckets.find(bucket, caller))
    throw new S3Error('BucketAlreadyOwnedByYou', { fields: { BucketName: bucket } })
  if (!buckets.create) throw new S3Error('AccessDenied', { message: 'Buckets cannot be created here.' })
  await buckets.create(bucket, caller)
  return { status: 200, headers: { location: `/${bucket}` } }
}

export async function headBucket(call: BucketCall): Promise<Reply> {
  return { status: 200, headers: { 'x-amz-bucket-region': call.region } }
}

export async function deleteBucket(call: BucketCall): Promise<Reply> {
  const { buckets, caller, store, target } = call
  if (!buckets.remove) throw new S3Error('AccessDenied', { message: 'Buckets cannot be deleted here.' })
  const { objects } = await store.list({ maxKeys: 1 })
  if (objects.length > 0) throw new S3Error('BucketNotEmpty', { fields: { BucketName: target.bucket } })
  await buckets.remove(target.bucket, caller)
  return { status: 204 }
}

/** us-east-1 is the empty location, as on S3. */
export async function getBucketLocation(call: BucketCall): Promise<Reply> {
  const xml = resultDocument('LocationConstraint', call.region === 'us-east-1' ? '' : call.region)
  return { status: 200, body: { xml } }
}

/** S3's rules for general purpose buckets. */
function isBucketName(name: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..') && !/^\d+\.\d+\.\d+\.\d+$/.test(name)
}
