// GetObject and HeadObject. HEAD decides (conditions, range), then exactly that version is read, piece by piece: a
// reader of 5 GiB holds two pieces in memory, and never sees bytes of two versions. A range of at most one piece under
// simple conditions, which is what block caches ask for, is one call of the store.

import { MiB } from '../../base/bytes.ts'
import { isStoreError } from '../../base/errors.ts'
import type { ObjectInfo, ObjectStore } from '../../store/store.ts'
import type { BucketCall, Reply, ReplyHeaders } from '../call.ts'
import { judgeRead, unquote } from '../conditions.ts'
import { S3Error } from '../errors.ts'
import { replyChecksum, replyObjectHeaders } from '../object-headers.ts'
import { checkVersion } from './versions.ts'

/** Bytes asked of the store at once. */
const pieceBytes: number = 4 * MiB
/** Versions that may come and go under a GET before it gives up. */
const readTriesMax = 5

export async function headObject(call: BucketCall): Promise<Reply> {
  checkVersion(call)
  const info = await call.store.head(call.target.key, { signal: call.signal })
  const plan = planRead(call, info)
  return 'headers' in plan ? { ...plan.headers, body: { size: plan.length, pieces: nothing() } } : plan.reply
}

export async function getObject(call: BucketCall): Promise<Reply> {
  checkVersion(call)
  const { store, target, signal } = call
  const block = await readBlock(call)
  if (block) return block
  for (let tries = 1; ; tries++) {
    const info = await store.head(target.key, { signal })
    const plan = planRead(call, info)
    if (!('headers' in plan)) return plan.reply
    const { offset, length } = plan
    if (length === 0) return { ...plan.headers, body: { size: 0, pieces: nothing() } }
    try {
      const pieces = await openPieces(store, info, offset, length, signal)
      return { ...plan.headers, body: { size: length, pieces } }
    } catch (error) {
      // Replaced or removed since HEAD: judge what is there now.
      const moved = isStoreError(error, 'precondition', 'not-found', 'range')
      if (!moved || tries === readTriesMax) throw error
    }
  }
}

/** Undefined where it takes a look first: to judge, to find the range, or to tell why there is none. */
async function readBlock(call: BucketCall): Promise<Reply | undefined> {
  const { headers, target, store, signal } = call
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(headers.get('range') ?? '') ?? []
  const offset = Number(first)
  const length = Number(last) - offset + 1
  // Not so for NaN, where there is no such range.
  if (!(length >= 1 && length <= pieceBytes) || target.query.has('partNumber')) return undefined
  if (headers.has('if-modified-since') || headers.has('if-unmodified-since')) return undefined
  const [ifMatch, ifNoneMatch] = [headers.get('if-match'), headers.get('if-none-match')]
  if ([ifMatch, ifNoneMatch].some((etags) => etags !== undefined && /[*,]/.test(etags))) return undefined
  try {
    const reply = await store.get(target.key, {
      range: { offset, length },
      ifMatch: ifMatch && unquote(ifMatch),
      ifNoneMatch: ifNoneMatch && unquote(ifNoneMatch),
      signal,
    })
    const plan = planRead(call, reply)
    if (!('headers' in plan)) return plan.reply
    return { ...plan.headers, body: { size: reply.body.byteLength, pieces: only(reply.body) } }
  } catch (error) {
    if (isStoreError(error, 'precondition', 'range')) return undefined
    throw error
  }
}

/** The bytes of one version. The first piece is in hand when this returns, so that a late change is still an error. */
export async function openPieces(
  store: ObjectStore,
  info: ObjectInfo,
  offset: number,
  length: number,
  signal?: AbortSignal,
): Promise<AsyncGenerator<Uint8Array, void, undefined>> {
  const read = async (at: number): Promise<Uint8Array> => {
    const range = { offset: at, length: Math.min(pieceBytes, offset + length - at) }
    const whole = range.offset === 0 && range.length === info.size
    const reply = await store.get(info.key, { signal, ifMatch: info.etag, ...(whole ? {} : { range }) })
    return reply.body
  }
  const first = await read(offset)
  return (async function* pieces() {
    let piece = first
    for (let at = offset; ;) {
      at += piece.byteLength
      if (piece.byteLength === 0) throw new S3Error('InternalError', { message: 'The object ended early.' })
      const more = at < offset + length
      // One piece ahead of the client; a failure shows when its turn comes.
      const next = more ? read(at) : undefined
      next?.catch(() => undefined)
      yield piece
      if (!next) return
      piece = await next
    }
  })()
}

interface ReadPlan {
  readonly offset: number
  readonly length: number
  readonly headers: { readonly status: number; readonly headers: ReplyHeaders }
}

function planRead(call: BucketCall, info: ObjectInfo): ReadPlan | { readonly reply: Reply } {
  const { headers, target } = call
  const verdict = judgeRead(info, headers)
  if (verdict === 'failed') throw new S3Error('PreconditionFailed')
  const shown = replyObjectHeaders(info)
  if (verdict === 'not-modified') {
    const { etag, 'last-modified': lastModified, 'cache-control': cacheControl, expires } = shown
    return {
      reply: { status: 304, headers: { etag, 'last-modified': lastModified, 'cache-control': cacheControl, expires } },
    }
  }
  const range = wantedRange(call, info)
  const wantsChecksum = headers.get('x-amz-checksum-mode')?.toLowerCase() === 'enabled'
  const all = { ...shown, ...(wantsChecksum && !range ? replyChecksum(info.checksum) : {}), ...overrides(target.query) }
  if (!range) return { offset: 0, length: info.size, headers: { status: 200, headers: all } }
  const { offset, length } = range
  const contentRange = `bytes ${offset}-${offset + length - 1}/${info.size}`
  return { offset, length, headers: { status: 206, headers: { ...all, 'content-range': contentRange } } }
}

function wantedRange(call: BucketCall, info: ObjectInfo): { offset: number; length: number } | undefined {
  const partNumber = call.target.query.get('partNumber')
  if (partNumber !== undefined) {
    // Where the parts of a multipart object lie is not known to a store.
    if (info.etag.includes('-'))
      throw new S3Error('NotImplemented', { message: 'Reading by part number is not supported.' })
    if (partNumber !== '1') throw new S3Error('InvalidPartNumber')
    return undefined
  }
  return parseRange(call.headers.get('range'), info.size)
}

/** One range of bytes; what is not one is ignored, as RFC 9110 says. Throws InvalidRange for one outside the object. */
function parseRange(header: string | undefined, size: number): { offset: number; length: number } | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header?.replaceAll(' ', '') ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  const unsatisfiable = (): S3Error =>
    new S3Error('InvalidRange', {
      headers: { 'content-range': `bytes */${size}` },
      fields: { ActualObjectSize: String(size) },
    })
  if (first === '') {
    const length = Math.min(Number(last), size)
    if (length === 0) throw unsatisfiable()
    return { offset: size - length, length }
  }
  const offset = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < offset) return undefined
  if (offset >= size) throw unsatisfiable()
  return { offset, length: end - offset + 1 }
}

const overridable = [
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding',
]

function overrides(query: ReadonlyMap<string, string>): ReplyHeaders {
  const found: Record<string, string> = {}
  for (const name of overridable) {
    const value = query.get(`response-${name}`)
    if (value) found[name] = value
  }
  return found
}

async function* only(piece: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield piece
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
