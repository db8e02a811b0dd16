// ListMultipartUploads. The store gives all uploads below a prefix, in order; paging and grouping are done here.

import { compareUtf8 } from '../../base/bytes.ts'
import type { ListedUpload } from '../../store/store.ts'
import type { BucketCall, Reply } from '../call.ts'
import { element, isoTime, optional, resultDocument } from '../xml/write.ts'
import { owner } from './bucket-settings.ts'
import { readCount, readEncoding } from './list-objects.ts'

const pageMax = 1000

export async function listUploads(call: BucketCall): Promise<Reply> {
  const { query, bucket } = call.target
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') || undefined
  const keyMarker = query.get('key-marker') ?? ''
  const idMarker = query.get('upload-id-marker') ?? ''
  const max = readCount(query.get('max-uploads'), 'max-uploads', pageMax)
  const { encode, encoded } = readEncoding(query)
  const all = await call.store.listUploads(prefix, { signal: call.signal })
  const page = pageOf(afterMarkers(all, keyMarker, idMarker), { prefix, delimiter, keyMarker, max })
  const xml = resultDocument('ListMultipartUploadsResult', [
    element('Bucket', bucket),
    element('KeyMarker', encode(keyMarker)),
    element('UploadIdMarker', idMarker),
    optional('NextKeyMarker', page.next && encode(page.next.key)),
    optional('NextUploadIdMarker', page.next?.uploadId),
    optional('Delimiter', delimiter && encode(delimiter)),
    element('Prefix', encode(prefix)),
    encoded ? element('EncodingType', 'url') : undefined,
    element('MaxUploads', max),
    element('IsTruncated', page.next !== undefined),
    ...page.uploads.map(({ key, uploadId, initiated }) =>
      element('Upload', [
        element('Key', encode(key)),
        element('UploadId', uploadId),
        element('Initiator', [element('ID', 'bucketfs'), element('DisplayName', 'bucketfs')]),
        owner,
        element('StorageClass', 'STANDARD'),
        element('Initiated', isoTime(initiated)),
      ]),
    ),
    ...page.prefixes.map((name) => element('CommonPrefixes', [element('Prefix', encode(name))])),
  ])
  return { status: 200, body: { xml } }
}

/** An upload marker counts only beside a key marker, and stands for a place in that key's uploads. */
function afterMarkers(all: readonly ListedUpload[], keyMarker: string, idMarker: string): readonly ListedUpload[] {
  if (keyMarker === '') return all
  const at = idMarker === '' ? -1 : all.findIndex(({ key, uploadId }) => key === keyMarker && uploadId === idMarker)
  if (at >= 0) return all.slice(at + 1)
  return all.filter(({ key }) => compareUtf8(key, keyMarker) > 0)
}

interface UploadPage {
  readonly uploads: readonly ListedUpload[]
  readonly prefixes: readonly string[]
  /** Where the next page starts; absent on the last. */
  readonly next: { readonly key: string; readonly uploadId: string } | undefined
}

function pageOf(
  all: readonly ListedUpload[],
  form: { prefix: string; delimiter: string | undefined; keyMarker: string; max: number },
): UploadPage {
  const uploads: ListedUpload[] = []
  const prefixes: string[] = []
  let last: UploadPage['next']
  for (const upload of all) {
    const end = form.delimiter === undefined ? -1 : upload.key.indexOf(form.delimiter, form.prefix.length)
    const group = end < 0 || form.delimiter === undefined ? undefined : upload.key.slice(0, end + form.delimiter.length)
    if (group !== undefined && (group === prefixes.at(-1) || group === form.keyMarker)) continue
    if (uploads.length + prefixes.length === form.max)
      return { uploads, prefixes, next: form.max === 0 ? undefined : last }
    if (group === undefined) {
      uploads.push(upload)
      last = { key: upload.key, uploadId: upload.uploadId }
    } else {
      prefixes.push(group)
      last = { key: group, uploadId: '' }
    }
  }
  return { uploads, prefixes, next: undefined }
}
