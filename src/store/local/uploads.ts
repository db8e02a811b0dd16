// Unfinished multipart uploads: a folder each, with `upload.json` and one file per part, named by all that must be
// known of it, so that a listing is enough and a crash leaves no half record.
// As on S3, the finished object is dated by the start of its upload.

import { createHash } from 'node:crypto'
import { compareUtf8, crc32Base64, utf8 } from '../../base/bytes.ts'
import { wallMs } from '../../base/clock.ts'
import { randomId } from '../../base/random.ts'
import type {
  Body,
  CompleteOptions,
  ListedUpload,
  ObjectHeaders,
  PartCopyOptions,
  PartOptions,
  UploadCreateOptions,
  UploadedPart,
  WriteReply,
} from '../store.ts'
import { crc32Combine } from './crc32-combine.ts'
import { fullChecksum, openOrRefuse, publishStaged, readPieces } from './objects.ts'
import { checkHeaders, checkRead, refusal } from './refuse.ts'
import type { LocalContext } from './shelf.ts'
import { dropStaged, stageBody, stagePieces, type Staged } from './stage.ts'

interface UploadRecord {
  readonly key: string
  readonly initiated: number
  readonly headers: ObjectHeaders
  readonly tags: string
}

interface StoredPart {
  readonly path: string
  readonly partNumber: number
  readonly etag: string
  readonly crc32: number
  readonly size: number
}

export async function createUpload(context: LocalContext, key: string, options: UploadCreateOptions): Promise<string> {
  const { shelf } = context
  const headers = checkHeaders(options.headers, 'createUpload', key, context.limits)
  const uploadId = randomId(context.random)
  const record: UploadRecord = { key, initiated: wallMs(context.clock), headers, tags: options.tags ?? '' }
  const folder = `${shelf.uploadsRoot}/${uploadId}`
  const text = utf8(JSON.stringify(record))
  const staged = await stagePieces(context, [text], { operation: 'createUpload', key, bytesMax: text.byteLength })
  await shelf.files.mkdir(folder)
  await shelf.files.rename(staged.path, `${folder}/upload.json`)
  if (shelf.durable) {
    await shelf.files.syncDirectory(folder)
    await shelf.files.syncDirectory(shelf.uploadsRoot)
  }
  return uploadId
}

export async function uploadPart(
  context: LocalContext,
  key: string,
  uploadId: string,
  partNumber: number,
  body: Body,
  options: PartOptions,
): Promise<UploadedPart> {
  const operation = 'uploadPart'
  checkPartNumber(context, operation, key, partNumber)
  await readUpload(context, operation, key, uploadId)
  const staged = await stageBody(context, body, { ...options, operation, key, bytesMax: context.limits.partBytesMax })
  return keepPart(context, operation, key, uploadId, partNumber, staged)
}

export async function copyPart(
  context: LocalContext,
  key: string,
  uploadId: string,
  partNumber: number,
  sourceKey: string,
  options: PartCopyOptions,
): Promise<UploadedPart> {
  const operation = 'copyPart'
  checkPartNumber(context, operation, key, partNumber)
  await readUpload(context, operation, key, uploadId)
  const source = await openOrRefuse(context, operation, sourceKey)
  try {
    const { record } = source
    checkRead(record, { ifMatch: options.sourceIfMatch }, operation)
    const { offset, length } = options.range ?? { offset: 0, length: record.size }
    if (offset < 0 || (options.range && length < 1) || offset + length > record.size) {
      throw refusal('InvalidRange', operation, sourceKey, `the source has ${record.size} bytes`)
    }
    if (length > context.limits.partBytesMax) throw refusal('EntityTooLarge', operation, key)
    const pieces = readPieces(source, operation, offset, length)
    const staged = await stagePieces(context, pieces, { signal: options.signal, operation, key, bytesMax: length })
    return await keepPart(context, operation, key, uploadId, partNumber, staged)
  } finally {
    await source.close()
  }
}

export async function completeUpload(
  context: LocalContext,
  key: string,
  uploadId: string,
  parts: readonly UploadedPart[],
  options: CompleteOptions,
): Promise<WriteReply> {
  const operation = 'completeUpload'
  const { shelf, limits } = context
  const upload = await readUpload(context, operation, key, uploadId)
  const chosen = chooseParts(context, key, parts, await storedParts(context, uploadId))
  let size = 0
  let crc = 0
  const etags = createHash('md5')
  for (const part of chosen) {
    crc = crc32Combine(crc, part.crc32, part.size)
    size += part.size
    etags.update(part.etag, 'hex')
  }
  if (size > limits.objectBytesMax) throw refusal('EntityTooLarge', operation, key)
  if (options.size !== undefined && options.size !== size) {
    throw refusal('InvalidRequest', operation, key, `the parts have ${size} bytes, not ${options.size}`)
  }
  const staged = await stagePieces(context, partPieces(context, chosen), { ...options, operation, key, bytesMax: size })
  if (staged.size !== size || staged.crc32 !== crc) {
    await dropStaged(context, staged.path)
    throw refusal('BadDigest', operation, key, 'the stored parts do not match their checksums')
  }
  const reply = await publishStaged(context, operation, staged, options, {
    key,
    size,
    etag: `${etags.digest('hex')}-${chosen.length}`,
    lastModified: Math.floor(upload.initiated / 1000) * 1000,
    headers: upload.headers,
    tags: upload.tags,
    checksum: fullChecksum(crc),
  })
  await shelf.files.remove(`${shelf.uploadsRoot}/${uploadId}`)
  return reply
}

export async function abortUpload(context: LocalContext, key: string, uploadId: string): Promise<void> {
  if (!isUploadId(uploadId)) return
  await context.shelf.exclusive(key, () => context.shelf.files.remove(`${context.shelf.uploadsRoot}/${uploadId}`))
}

export async function listUploads(context: LocalContext, prefix: string): Promise<readonly ListedUpload[]> {
  const { files, uploadsRoot } = context.shelf
  const found: ListedUpload[] = []
  for (const { name } of await files.readdir(uploadsRoot)) {
    const upload = await loadUpload(context, name)
    if (upload?.key.startsWith(prefix)) found.push({ key: upload.key, uploadId: name, initiated: upload.initiated })
  }
  return found.sort(
    (a, b) => compareUtf8(a.key, b.key) || a.initiated - b.initiated || compareUtf8(a.uploadId, b.uploadId),
  )
}

/** Publishes a staged part under its name; an earlier one of the same number goes. */
async function keepPart(
  context: LocalContext,
  operation: string,
  key: string,
  uploadId: string,
  partNumber: number,
  staged: Staged,
): Promise<UploadedPart> {
  const { shelf } = context
  const folder = `${shelf.uploadsRoot}/${uploadId}`
  const name = [partNumber, staged.md5, staged.crc32.toString(16), staged.size].join('-')
  try {
    await shelf.exclusive(key, async () => {
      await readUpload(context, operation, key, uploadId)
      const before = (await storedParts(context, uploadId)).get(partNumber)
      await shelf.files.rename(staged.path, `${folder}/${name}`)
      for (const part of before ?? []) if (part.path !== `${folder}/${name}`) await shelf.files.unlink(part.path)
      if (shelf.durable) await shelf.files.syncDirectory(folder)
    })
  } catch (error) {
    await dropStaged(context, staged.path)
    throw error
  }
  return { partNumber, etag: staged.md5, crc32: crc32Base64(staged.crc32) }
}

function chooseParts(
  context: LocalContext,
  key: string,
  parts: readonly UploadedPart[],
  stored: ReadonlyMap<number, readonly StoredPart[]>,
): readonly StoredPart[] {
  const operation = 'completeUpload'
  const { partBytesMin, partCountMax } = context.limits
  if (parts.length === 0 || parts.length > partCountMax) throw refusal('MalformedXML', operation, key)
  let before = 0
  return parts.map(({ partNumber, etag, crc32 }, index) => {
    if (partNumber <= before) throw refusal('InvalidPartOrder', operation, key)
    before = partNumber
    const part = stored.get(partNumber)?.find((candidate) => candidate.etag === etag)
    if (!part || (crc32 !== undefined && crc32 !== crc32Base64(part.crc32))) {
      throw refusal('InvalidPart', operation, key, `part ${partNumber}`)
    }
    if (part.size < partBytesMin && index < parts.length - 1) {
      throw refusal('EntityTooSmall', operation, key, `part ${partNumber} has ${part.size} bytes`)
    }
    return part
  })
}

async function* partPieces(
  context: LocalContext,
  parts: readonly StoredPart[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const pieceBytes = 4 * 1024 * 1024
  for (const { path, size } of parts) {
    const handle = await context.shelf.files.open(path, 'read')
    try {
      for (let offset = 0; offset < size; offset += pieceBytes) {
        yield await handle.read(offset, Math.min(pieceBytes, size - offset))
      }
    } finally {
      await handle.close()
    }
  }
}

async function storedParts(context: LocalContext, uploadId: string): Promise<Map<number, StoredPart[]>> {
  const folder = `${context.shelf.uploadsRoot}/${uploadId}`
  const parts = new Map<number, StoredPart[]>()
  for (const { name } of await context.shelf.files.readdir(folder)) {
    const [, number, etag, crc, size] = /^(\d+)-([0-9a-f]{32})-([0-9a-f]+)-(\d+)$/.exec(name) ?? []
    if (number === undefined || etag === undefined || crc === undefined || size === undefined) continue
    const partNumber = Number(number)
    const part = { path: `${folder}/${name}`, partNumber, etag, crc32: Number.parseInt(crc, 16), size: Number(size) }
    parts.set(partNumber, [...(parts.get(partNumber) ?? []), part])
  }
  return parts
}

async function readUpload(
  context: LocalContext,
  operation: string,
  key: string,
  uploadId: string,
): Promise<UploadRecord> {
  const upload = await loadUpload(context, uploadId)
  if (upload?.key !== key) throw refusal('NoSuchUpload', operation, key, `upload ${uploadId}`)
  return upload
}

async function loadUpload(context: LocalContext, uploadId: string): Promise<UploadRecord | undefined> {
  if (!isUploadId(uploadId)) return undefined
  const path = `${context.shelf.uploadsRoot}/${uploadId}/upload.json`
  const bytes = await context.shelf.files.readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  return bytes && (JSON.parse(Buffer.from(bytes).toString()) as UploadRecord)
}

function isUploadId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text)
}

function checkPartNumber(context: LocalContext, operation: string, key: string, partNumber: number): void {
  const { partCountMax } = context.limits
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > partCountMax) {
    throw refusal('InvalidArgument', operation, key, `part numbers are 1 to ${partCountMax}`)
  }
}
