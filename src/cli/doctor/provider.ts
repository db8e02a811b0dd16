// What a bucket can do, in the words of what a volume then does about it.

import type { StoreCapabilities } from '../../store/store.ts'

export interface ProviderFact {
  readonly capability: string
  readonly has: boolean
  /** What the volume does where it is missing. */
  readonly otherwise: string
}

const compare = 'the volume compares and then writes: another writer in between is overwritten (counted unsafe)'
const facts: readonly (readonly [name: keyof StoreCapabilities, otherwise: string])[] = [
  ['putIfNoneMatch', compare],
  ['putIfMatch', compare],
  ['completeIfNoneMatch', compare],
  ['completeIfMatch', compare],
  ['copyIfNoneMatch', 'renames read and write small objects instead; large ones go by parts'],
  ['copyIfMatch', 'renames read and write small objects instead; large ones go by parts'],
  ['copySourceIfMatch', 'the source of a rename is compared first'],
  ['deleteIfMatch', 'a delete looks first: a version written in between is deleted (counted unsafe)'],
  ['deleteMany', 'objects are deleted one by one'],
  ['deleteManyIfMatch', 'objects are deleted one by one where a condition is needed'],
  ['partCopy', 'a change in a large file sends the whole file again'],
  ['partCopySourceIfMatch', 'a change in a large file compares its base first'],
  ['tagging', 'tags are not kept'],
  ['md5Etags', 'contents of others are not verified by their ETag'],
  ['checksums', 'writes are verified by their ETag only'],
]

export function providerFacts(capabilities: StoreCapabilities): readonly ProviderFact[] {
  return facts.map(([capability, otherwise]) => ({ capability, has: Boolean(capabilities[capability]), otherwise }))
}
