// Whole objects of a local store: head, get, put, copy, delete.

import { crc32Base64, MiB } from '../../base/bytes.ts'
import { isStoreError, StoreError } from '../../base/errors.ts'
import { randomId } from '../../base/random.ts'
import type {
  Body,
  CopyOptions,
  CopyReply,
  DeleteEntry,
  DeleteFailure,
  DeleteOptions,
  GetOptions,
  GetReply,
  ObjectInfo,
  PutOptions,
  WriteReply,
} from '../store.ts'
import { checkHeaders, checkRead, checkWrite, refusal, serverDate, tagCount } from './refuse.ts'
import type { LocalContext, ObjectRecord, OpenObject } from './shelf.ts'
import { dropStaged, stageBody, stagePieces, type Staged } from './stage.ts'

/** Copies move through memory in pieces of this size. */
const pieceBytes = 4 * MiB
/** Reads of a file that others keep writing into. */
const tornReadsMax = 3

export async function head(context: LocalContext, key: string): Promise<ObjectInfo> {
  const record = await context.shelf.find(key)
  if (!record) throw refusal('NoSuchKey', 'head', key)
  return info(context, record)
}

export async function get(context: LocalContext, key: string, options: GetOptions): Promise<GetReply> {
  for (let tries = 1; ; tries++) {
    const object = await openOrRefuse(context, 'get', key)
    try {
      const { record } = object
      checkRead(record, options, 'get')
      const { offset, length } = rangeOf(record, options)
      const body = await object.read(offset, length)
      if (body.byteLength === length && !(await object.changed())) {
        const shown = info(context, record)
        return options.range ? { ...shown, checksum: undefined, body, offset } : { ...shown, body, offset }
      }
      if (tries === tornReadsMax) {
        throw new StoreError({ kind: 'unavailable', operation: 'get', key, message: 'the file keeps changing' })
      }
    } finally {
      await object.close()
    }
  }
}

export async function put(context: LocalContext, key: string, body: Body, options: PutOptions): Promise<WriteReply> {
  const { shelf, limits } = context
  const headers = checkHeaders(options.headers, 'put', key, limits)
  if (options.ifMatch !== undefined || options.ifNoneMatch !== undefined) {
    // Refused early where it can be, so that a large body is not written for nothing; the check that counts is below.
    checkWrite(await shelf.find(key), options, 'put', key)
  }
  const staged = await stageBody(context, body, { ...options, operation: 'put', key, bytesMax: limits.putBytesMax })
  return publishStaged(context, 'put', staged, options, {
    key,
    size: staged.size,
    etag: staged.md5,
    lastModified: serverDate(context.clock),
    headers,
    tags: options.tags ?? '',
    checksum: fullChecksum(staged.crc32),
  })
}

export async function copy(
  context: LocalContext,
  sourceKey: string,
  key: string,
  options: CopyOptions,
): Promise<CopyReply> {
  const { limits } = context
  const headers = options.headers && checkHeaders(options.headers, 'copy', key, limits)
  if (sourceKey === key && !headers && options.tags === undefined) {
    throw refusal('InvalidRequest', 'copy', key, 'a copy onto itself must change headers or tags')
  }
  const changed = (source: ObjectRecord): ObjectRecord => ({
    ...source,
    key,
    lastModified: serverDate(context.clock),
    headers: headers ?? source.headers,
    tags: options.tags ?? source.tags,
  })
  if (sourceKey === key) {
    const rewritten = await rewriteInPlace(context, key, options, changed)
    if (rewritten) return rewritten
  }
  const source = await openOrRefuse(context, 'copy', sourceKey)
  try {
    checkRead(source.record, { ifMatch: options.sourceIfMatch }, 'copy')
    if (source.record.size > limits.copyBytesMax) throw refusal('EntityTooLarge', 'copy', key)
    const record = changed(source.record)
    const staged = await stageCopy(context, source, key, options)
    const { lastModified } = record
    const published =
      typeof staged === 'string' ? record : { ...record, etag: staged.md5, checksum: fullChecksum(staged.crc32) }
    const reply = await publishStaged(
      context,
      'copy',
      typeof staged === 'string' ? { path: staged } : staged,
      options,
      published,
    )
    return { ...reply, lastModified }
  } finally {
    await source.close()
  }
}

export async function remove(context: LocalContext, key: string, options: DeleteOptions): Promise<void> {
  const { shelf } = context
  await shelf.exclusive(key, async () => {
    checkWrite(options.ifMatch === undefined ? undefined : await shelf.find(key), options, 'delete', key)
    await shelf.remove(key)
  })
}

export async function removeMany(
  context: LocalContext,
  entries: readonly DeleteEntry[],
  check: (key: string) => void,
): Promise<readonly DeleteFailure[]> {
  const failures: DeleteFailure[] = []
  for (const { key, ifMatch } of entries) {
    try {
      check(key)
      await remove(context, key, { ifMatch })
    } catch (error) {
      if (!isStoreError(error)) throw error
      failures.push({ key, error })
    }
  }
  return failures
}

/** Checks the condition and publishes as one step; drops the staged bytes when it may not. */
export async function publishStaged(
  context: LocalContext,
  operation: string,
  staged: Pick<Staged, 'path'>,
  condition: { readonly ifMatch?: string | undefined; readonly ifNoneMatch?: '*' | undefined },
  record: ObjectRecord,
): Promise<WriteReply> {
  const { shelf } = context
  const conditional = condition.ifMatch !== undefined || condition.ifNoneMatch !== undefined
  try {
    await shelf.exclusive(record.key, async () => {
      if (conditional) checkWrite(await shelf.find(record.key), condition, operation, record.key)
      await shelf.publish(record, staged.path)
    })
  } catch (error) {
    await dropStaged(context, staged.path)
    throw error
  }
  return { etag: record.etag, date: serverDate(context.clock), checksum: record.checksum }
}

export async function openOrRefuse(context: LocalContext, operation: string, key: string): Promise<OpenObject> {
  const object = await context.shelf.open(key)
  if (!object) throw refusal('NoSuchKey', operation, key)
  return object
}

/** The bytes of `object` in pieces, from `offset` on. */
export async function* readPieces(
  object: OpenObject,
  operation: string,
  offset = 0,
  length: number = object.record.size,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let done = 0; done < length;) {
    const piece = await object.read(offset + done, Math.min(pieceBytes, length - done))
    if (piece.byteLength === 0) break
    done += piece.byteLength
    yield piece
  }
  if (await object.changed()) {
    throw new StoreError({ kind: 'unavailable', operation, key: object.record.key, message: 'the file keeps changing' })
  }
}

export function fullChecksum(crc: number): { algorithm: 'crc32'; value: string; type: 'full-object' } {
  return { algorithm: 'crc32', value: crc32Base64(crc), type: 'full-object' }
}

/** A metadata change keeps the bytes where they are; a multipart ETag becomes a plain one on S3, so that one is copied. */
async function rewriteInPlace(
  context: LocalContext,
  key: string,
  options: CopyOptions,
  changed: (source: ObjectRecord) => ObjectRecord,
): Promise<CopyReply | undefined> {
  const { shelf } = context
  return shelf.exclusive(key, async () => {
    const current = await shelf.find(key)
    if (!current) throw refusal('NoSuchKey', 'copy', key)
    checkRead(current, { ifMatch: options.sourceIfMatch }, 'copy')
    checkWrite(current, options, 'copy', key)
    if (current.size > context.limits.copyBytesMax) throw refusal('EntityTooLarge', 'copy', key)
    if (current.etag.includes('-')) return undefined
    const record = changed(current)
    await shelf.rewrite(record)
    const { etag, checksum, lastModified } = record
    return { etag, checksum, lastModified, date: serverDate(context.clock) }
  })
}

async function stageCopy(
  context: LocalContext,
  source: OpenObject,
  key: string,
  options: CopyOptions,
): Promise<Staged | string> {
  const { shelf } = context
  const { record } = source
  if (!record.etag.includes('-')) {
    const path = `${shelf.stagingRoot}/${randomId(context.random)}`
    if (await shelf.linkBytes(record.key, record.etag, path)) return path
  }
  const pieces = readPieces(source, 'copy')
  return stagePieces(context, pieces, { signal: options.signal, operation: 'copy', key, bytesMax: record.size })
}

function info(context: LocalContext, record: ObjectRecord): ObjectInfo {
  const { key, size, etag, lastModified, headers, checksum } = record
  return {
    key,
    size,
    etag,
    lastModified,
    headers,
    tagCount: tagCount(record.tags),
    checksum,
    date: serverDate(context.clock),
  }
}

function rangeOf(record: ObjectRecord, options: GetOptions): { offset: number; length: number } {
  const { range } = options
  if (!range) return { offset: 0, length: record.size }
  if (!(range.length >= 1) || !(range.offset >= 0)) throw refusal('InvalidArgument', 'get', record.key, 'bad range')
  if (range.offset >= record.size)
    throw refusal('InvalidRange', 'get', record.key, `the object has ${record.size} bytes`)
  return { offset: range.offset, length: Math.min(range.length, record.size - range.offset) }
}
