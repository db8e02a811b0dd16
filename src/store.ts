// `bucketfs/store`: buckets and what is put around them, for programs that bring their own or want one without a volume.

export { deleteManyMax, fullCapabilities, noCapabilities, s3Limits } from './store/store.ts'
export type {
  Body,
  BodyStream,
  ByteRange,
  CallOptions,
  CompleteOptions,
  CopyOptions,
  CopyReply,
  DeleteEntry,
  DeleteFailure,
  DeleteOptions,
  GetOptions,
  GetReply,
  ListedObject,
  ListedUpload,
  ListOptions,
  ListReply,
  ObjectChecksum,
  ObjectHeaders,
  ObjectInfo,
  ObjectStore,
  PartCopyOptions,
  PartOptions,
  PutOptions,
  StoreCapabilities,
  StoreLimits,
  UploadCreateOptions,
  UploadedPart,
  WriteCondition,
  WriteReply,
} from './store/store.ts'
export { composeStore } from './store/compose.ts'
export type { ComposedStore, ComposeOptions } from './store/compose.ts'
export { createDirectoryStore } from './store/directory.ts'
export type { DirectoryStoreOptions } from './store/directory.ts'
export { createMemoryStore } from './store/memory.ts'
export type { MemoryStoreOptions } from './store/memory.ts'
export { probeCapabilities } from './store/probe/probe.ts'
export type { ProbeOptions } from './store/probe/probe.ts'
export type { CredentialsOption, S3Credentials } from './store/s3/credentials.ts'
export type { S3StoreOptions } from './store/s3/options.ts'
export { createS3Store } from './store/s3/s3-store.ts'
export type { S3Store } from './store/s3/s3-store.ts'
export { withConditions } from './store/with-conditions.ts'
export { withContext } from './store/with-context.ts'
export { withFaults } from './store/with-faults.ts'
export { withLatency } from './store/with-latency.ts'
export { withLimit } from './store/with-limit.ts'
export { createStoreMetrics, withMetrics } from './store/with-metrics.ts'
export type { StoreMetrics, StoreMetricsSnapshot } from './store/with-metrics.ts'
export { withPrefix } from './store/with-prefix.ts'
export { withReadOnly } from './store/with-read-only.ts'
export { withRetry } from './store/with-retry.ts'
export { isStoreError, StoreError } from './base/errors.ts'
export type { StoreErrorKind } from './base/errors.ts'
export type { Clock } from './base/clock.ts'
export type { Logger } from './base/log.ts'
export { createSeededRandom } from './base/random.ts'
export type { Random } from './base/random.ts'
export { systemClock, systemRandom } from './base/system.ts'
