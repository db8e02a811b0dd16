// ListObjectsV2 and ListObjects (v1), one page of the store each. Order and paging are the store's; what is here is the
// form: names echoed, encoded when asked, keys and prefixes counted together.

import type { ListReply } from '../../store/store.ts'
import type { BucketCall, Reply } from '../call.ts'
import { S3Error } from '../errors.ts'
import { element, etagElement, isoTime, optional, resultDocument, type Xml } from '../xml/write.ts'
import { encodeStrictly } from '../uri.ts'
import { owner } from './bucket-settings.ts'

const pageMax = 1000

export async function listObjectsV2(call: BucketCall): Promise<Reply> {
  const { query, bucket } = call.target
  const form = readForm(call)
  const token = query.get('continuation-token')
  if (token === '') throw new S3Error('InvalidArgument', { message: 'The continuation token provided is incorrect.' })
  const startAfter = query.get('start-after') || undefined
  const page = await listPage(call, form, { token, startAfter: token === undefined ? startAfter : undefined })
  const withOwner = query.get('fetch-owner') === 'true'
  const xml = resultDocument('ListBucketResult', [
    element('Name', bucket),
    element('Prefix', form.encode(form.prefix)),
    optional('StartAfter', startAfter && form.encode(startAfter)),
    optional('ContinuationToken', token),
    optional('NextContinuationToken', page.token),
    element('KeyCount', page.objects.length + page.prefixes.length),
    ...tail(form, page, withOwner),
  ])
  return { status: 200, body: { xml } }
}

export async function listObjects(call: BucketCall): Promise<Reply> {
  const { query, bucket } = call.target
  const form = readForm(call)
  const marker = query.get('marker') || undefined
  const page = await listPage(call, form, { startAfter: marker })
  const last = [page.objects.at(-1)?.key ?? '', page.prefixes.at(-1) ?? ''].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  )[1]
  const xml = resultDocument('ListBucketResult', [
    element('Name', bucket),
    element('Prefix', form.encode(form.prefix)),
    element('Marker', form.encode(marker ?? '')),
    // S3 sends it with a delimiter only; every client takes it without, too.
    page.token === undefined || !last ? undefined : element('NextMarker', form.encode(last)),
    ...tail(form, page, true),
  ])
  return { status: 200, body: { xml } }
}

interface ListForm {
  readonly prefix: string
  readonly delimiter: string | undefined
  readonly maxKeys: number
  readonly encoded: boolean
  encode(text: string): string
}

/** An empty prefix or delimiter is none. */
function readForm(call: BucketCall): ListForm {
  const { query } = call.target
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') || undefined,
    maxKeys: readCount(query.get('max-keys'), 'max-keys', pageMax),
    ...readEncoding(query),
  }
}

/** `encoding-type=url`: names percent-encoded with `/` left as it is. */
export function readEncoding(query: ReadonlyMap<string, string>): Pick<ListForm, 'encoded' | 'encode'> {
  const type = query.get('encoding-type') || undefined
  if (type !== undefined && type !== 'url') {
    throw new S3Error('InvalidArgument', { message: 'Invalid Encoding Method specified in Request' })
  }
  const encoded = type === 'url'
  return { encoded, encode: encoded ? (text) => encodeStrictly(text).replaceAll('%2F', '/') : (text) => text }
}

export function readCount(text: string | undefined, name: string, max: number): number {
  if (text === undefined || text === '') return max
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0x7fffffff) {
    throw new S3Error('InvalidArgument', { message: `Argument ${name} must be an integer between 0 and 2147483647` })
  }
  return Math.min(Number(text), max)
}

async function listPage(
  call: BucketCall,
  form: ListForm,
  start: { readonly token?: string | undefined; readonly startAfter?: string | undefined },
): Promise<ListReply> {
  const { prefix, delimiter, maxKeys } = form
  if (maxKeys === 0) return { objects: [], prefixes: [], date: 0 }
  return call.store.list({ ...start, prefix, delimiter, maxKeys, signal: call.signal })
}

function tail(form: ListForm, page: ListReply, withOwner: boolean): (Xml | undefined)[] {
  return [
    element('MaxKeys', form.maxKeys),
    optional('Delimiter', form.delimiter && form.encode(form.delimiter)),
    form.encoded ? element('EncodingType', 'url') : undefined,
    element('IsTruncated', page.token !== undefined),
    ...page.objects.map((object) =>
      element('Contents', [
        element('Key', form.encode(object.key)),
        element('LastModified', isoTime(object.lastModified)),
        etagElement(object.etag),
        element('Size', object.size),
        withOwner ? owner : undefined,
        element('StorageClass', object.storageClass ?? 'STANDARD'),
      ]),
    ),
    ...page.prefixes.map((prefix) => element('CommonPrefixes', [element('Prefix', form.encode(prefix))])),
  ]
}
