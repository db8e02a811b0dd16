// Tags of an object. They are set with the object (`x-amz-tagging`); a store cannot change them alone, so PUT and DELETE
// of `?tagging` are 501.

import type { BucketCall, Reply } from '../call.ts'
import { queryPairs } from '../uri.ts'
import { element, resultDocument } from '../xml/write.ts'
import { checkVersion } from './versions.ts'

export async function getTagging(call: BucketCall): Promise<Reply> {
  checkVersion(call)
  const tags = queryPairs(await call.store.getTags(call.target.key, { signal: call.signal }))
  const set = tags.map(([name, value]) => element('Tag', [element('Key', name), element('Value', value)]))
  return { status: 200, body: { xml: resultDocument('Tagging', [element('TagSet', set)]) } }
}
