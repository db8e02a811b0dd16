// DeleteObject and DeleteObjects.

import { deleteManyMax, type DeleteEntry } from '../../store/store.ts'
import type { BucketCall, Reply } from '../call.ts'
import { singleEtag, unquote } from '../conditions.ts'
import { S3Error, toS3Error } from '../errors.ts'
import { documentBytesMax, parseDocument, type XmlNode } from '../xml/parse.ts'
import { element, resultDocument, type Xml } from '../xml/write.ts'
import { checkVersion } from './versions.ts'

export async function deleteObject(call: BucketCall): Promise<Reply> {
  checkVersion(call)
  const { headers, store, target } = call
  const ifMatch = headers.get('if-match')
  if (headers.startingWith('x-amz-if-match-').length > 0) throw new S3Error('NotImplemented')
  const etag = ifMatch === '*' ? (await store.head(target.key)).etag : ifMatch && singleEtag(ifMatch)
  await store.delete(target.key, { ifMatch: etag })
  return { status: 204 }
}

export async function deleteObjects(call: BucketCall): Promise<Reply> {
  const document = parseDocument(await call.payload.document(documentBytesMax), 'Delete')
  const objects = document.all('Object')
  if (objects.length === 0 || objects.length > deleteManyMax) throw new S3Error('MalformedXML')
  const quiet = document.value('Quiet')?.trim().toLowerCase() === 'true'
  const refused = new Map<string, Xml>()
  const entries: DeleteEntry[] = []
  for (const object of objects) {
    const entry = readEntry(object)
    const versionId = object.value('VersionId')
    if (versionId === undefined || versionId === '' || versionId === 'null') entries.push(entry)
    else refused.set(entry.key, errorElement(entry.key, new S3Error('NoSuchVersion')))
  }
  const failures = entries.length > 0 ? await call.store.deleteMany(entries) : []
  for (const { key, error } of failures) refused.set(key, errorElement(key, toS3Error(error)))
  const deleted = quiet
    ? []
    : entries.filter(({ key }) => !refused.has(key)).map(({ key }) => element('Deleted', [element('Key', key)]))
  return { status: 200, body: { xml: resultDocument('DeleteResult', [...deleted, ...refused.values()]) } }
}

function readEntry(object: XmlNode): DeleteEntry {
  const key = object.value('Key')
  if (key === undefined || key === '') throw new S3Error('MalformedXML')
  const etag = object.value('ETag')
  return etag === undefined || etag === '' ? { key } : { key, ifMatch: unquote(etag) }
}

function errorElement(key: string, error: S3Error): Xml {
  return element('Error', [element('Key', key), element('Code', error.code), element('Message', error.message)])
}
