// Refusals of a local store, in S3's own codes and statuses, and the checks that lead to them.

import { utf8 } from '../../base/bytes.ts'
import { wallMs, type Clock } from '../../base/clock.ts'
import { StoreError, type StoreErrorKind } from '../../base/errors.ts'
import type { CallOptions, GetOptions, ObjectHeaders, StoreLimits, WriteCondition } from '../store.ts'
import type { ObjectRecord } from './shelf.ts'

export type RefusalCode =
  | 'NoSuchKey'
  | 'NoSuchUpload'
  | 'PreconditionFailed'
  | 'NotModified'
  | 'InvalidRange'
  | 'KeyTooLongError'
  | 'MetadataTooLarge'
  | 'EntityTooLarge'
  | 'EntityTooSmall'
  | 'InvalidPart'
  | 'InvalidPartOrder'
  | 'InvalidArgument'
  | 'InvalidRequest'
  | 'MalformedXML'
  | 'BadDigest'
  | 'IncompleteBody'

const answers: Readonly<Record<RefusalCode, readonly [StoreErrorKind, number]>> = {
  NoSuchKey: ['not-found', 404],
  NoSuchUpload: ['not-found', 404],
  PreconditionFailed: ['precondition', 412],
  NotModified: ['precondition', 304],
  InvalidRange: ['range', 416],
  KeyTooLongError: ['too-large', 400],
  MetadataTooLarge: ['too-large', 400],
  EntityTooLarge: ['too-large', 400],
  EntityTooSmall: ['invalid', 400],
  InvalidPart: ['invalid', 400],
  InvalidPartOrder: ['invalid', 400],
  InvalidArgument: ['invalid', 400],
  InvalidRequest: ['invalid', 400],
  MalformedXML: ['invalid', 400],
  BadDigest: ['corrupt', 400],
  IncompleteBody: ['corrupt', 400],
}

/** With the u flag a pair is one character, so this finds halves only. */
const loneSurrogate = /[\ud800-\udfff]/u

export function refusal(code: RefusalCode, operation: string, key: string | undefined, message?: string): StoreError {
  const [kind, status] = answers[code]
  return new StoreError({ kind, status, code, operation, key, message })
}

/** Server time as an HTTP Date header shows it: whole seconds, as epoch milliseconds. */
export function serverDate(clock: Clock): number {
  return Math.floor(wallMs(clock) / 1000) * 1000
}

export function checkSignal(options: CallOptions | undefined, operation: string, key?: string): void {
  const signal = options?.signal
  if (signal?.aborted) throw new StoreError({ kind: 'aborted', operation, key, cause: signal.reason })
}

export function checkKey(key: string, operation: string, limits: StoreLimits): void {
  if (key === '' || loneSurrogate.test(key)) {
    throw refusal('InvalidArgument', operation, key, 'a key is 1 or more well-formed characters')
  }
  // A UTF-16 unit is at most three UTF-8 bytes: most keys need no encoding to be measured.
  if (key.length * 3 > limits.keyBytesMax && utf8(key).byteLength > limits.keyBytesMax) {
    throw refusal('KeyTooLongError', operation, key, `keys have at most ${limits.keyBytesMax} bytes`)
  }
}

/** The headers as kept: lower-case metadata names, nothing undefined. */
export function checkHeaders(
  headers: ObjectHeaders,
  operation: string,
  key: string,
  limits: StoreLimits,
): ObjectHeaders {
  const metadata: Record<string, string> = {}
  let size = 0
  for (const [name, value] of Object.entries(headers.metadata)) {
    metadata[name.toLowerCase()] = value
    size += utf8(name).byteLength + utf8(value).byteLength
  }
  if (size > limits.metadataBytesMax) {
    throw refusal('MetadataTooLarge', operation, key, `${size} bytes of metadata, at most ${limits.metadataBytesMax}`)
  }
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) kept[name] = value
  return { ...kept, metadata }
}

/** The condition a write puts on what is there now. */
export function checkWrite(
  current: ObjectRecord | undefined,
  condition: WriteCondition,
  operation: string,
  key: string,
): void {
  if (condition.ifNoneMatch !== undefined && current) {
    throw refusal('PreconditionFailed', operation, key, `exists with ETag ${current.etag}`)
  }
  if (condition.ifMatch === undefined) return
  if (!current) throw refusal('NoSuchKey', operation, key)
  if (current.etag !== condition.ifMatch) {
    throw refusal('PreconditionFailed', operation, key, `ETag is ${current.etag}, not ${condition.ifMatch}`)
  }
}

/** The conditions a read puts on what is there. */
export function checkRead(record: ObjectRecord, options: GetOptions, operation: string): void {
  if (options.ifMatch !== undefined && options.ifMatch !== record.etag) {
    throw refusal('PreconditionFailed', operation, record.key, `ETag is ${record.etag}, not ${options.ifMatch}`)
  }
  if (options.ifNoneMatch !== undefined && options.ifNoneMatch === record.etag) {
    throw refusal('NotModified', operation, record.key)
  }
}

export function tagCount(tags: string): number {
  return tags === '' ? 0 : tags.split('&').length
}
