// Which function carries out which operation, and whether it needs its bucket to exist.
//
// An operation is a function from a `Call` to a `Reply`. It has no state and holds no lock: atomicity is the store's, by
// the conditions passed on to it. By the time it runs the signature holds and the bucket is there, but nothing of the
// body has been read; it must be read through the payload, which checks it. An operation refuses by throwing, an
// S3Error of its own or whatever the store threw, and judges no HTTP status itself. One file per family; start with
// `read-object.ts` and `put-object.ts`.

import type { BucketOperation, ServiceOperation } from '../call.ts'
import { S3Error } from '../errors.ts'
import type { OperationName } from '../routing.ts'
import { bucketSetting, getObjectAcl } from './bucket-settings.ts'
import { createBucket, deleteBucket, getBucketLocation, headBucket, listBuckets } from './buckets.ts'
import { copyObject } from './copy-object.ts'
import { deleteObject, deleteObjects } from './delete-objects.ts'
import { listObjects, listObjectsV2 } from './list-objects.ts'
import { listUploads } from './list-uploads.ts'
import { abortUpload, completeUpload, createUpload } from './multipart.ts'
import { putObject } from './put-object.ts'
import { getObject, headObject } from './read-object.ts'
import { getTagging } from './tagging.ts'
import { uploadPart, uploadPartCopy } from './upload-part.ts'

/** Operations that name no bucket, or one that need not exist. */
export const serviceOperations: Readonly<Partial<Record<OperationName, ServiceOperation>>> = {
  ListBuckets: listBuckets,
  CreateBucket: createBucket,
  Unsupported: () => Promise.reject(new S3Error('NotImplemented')),
}

export const bucketOperations: Readonly<Partial<Record<OperationName, BucketOperation>>> = {
  HeadBucket: headBucket,
  DeleteBucket: deleteBucket,
  GetBucketLocation: getBucketLocation,
  BucketSetting: bucketSetting,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  DeleteObjects: deleteObjects,
  ListMultipartUploads: listUploads,
  HeadObject: headObject,
  GetObject: getObject,
  PutObject: putObject,
  CopyObject: copyObject,
  DeleteObject: deleteObject,
  GetObjectTagging: getTagging,
  GetObjectAcl: getObjectAcl,
  CreateMultipartUpload: createUpload,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  CompleteMultipartUpload: completeUpload,
  AbortMultipartUpload: abortUpload,
}
