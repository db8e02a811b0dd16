// One page of a listing, from any ordered scan of keys: delimiter, paging tokens, and the rule that maxKeys counts
// objects and common prefixes together.

import type { ListedObject, ListOptions, ListReply } from '../store.ts'
import { refusal, serverDate } from './refuse.ts'
import type { LocalContext } from './shelf.ts'

const pageMax = 1000
/** Records looked up at once; each may cost a stat. */
const lookupsMax = 32

interface Position {
  readonly after: string
  /** Keys that start so were already answered by a common prefix. */
  readonly skip?: string | undefined
}

export async function listPage(context: LocalContext, options: ListOptions): Promise<ListReply> {
  const prefix = options.prefix ?? ''
  const delimiter = options.delimiter === '' ? undefined : options.delimiter
  const maxKeys = Math.min(options.maxKeys ?? pageMax, pageMax)
  if (!(maxKeys >= 1)) throw refusal('InvalidArgument', 'list', undefined, 'maxKeys is 1 to 1,000')
  const start = startOf(options, prefix, delimiter)
  const scan = context.shelf.scan(prefix, start.after)
  const keys: string[] = []
  const prefixes: string[] = []
  let skip = start.skip
  let last: Position | undefined
  try {
    for (;;) {
      const step = await scan.next(skip)
      if (step.done) return await reply(context, keys, prefixes, undefined)
      const key = step.value
      // The value given to a generator's first `next` is lost, so the skip is checked here too.
      if (skip !== undefined && key.startsWith(skip)) continue
      skip = undefined
      if (keys.length + prefixes.length === maxKeys) return await reply(context, keys, prefixes, last)
      const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length)
      if (end < 0) {
        keys.push(key)
        last = { after: key }
      } else {
        skip = key.slice(0, end + (delimiter as string).length)
        prefixes.push(skip)
        last = { after: skip, skip }
      }
    }
  } finally {
    await scan.return()
  }
}

async function reply(
  context: LocalContext,
  keys: readonly string[],
  prefixes: readonly string[],
  next: Position | undefined,
): Promise<ListReply> {
  const objects: ListedObject[] = []
  for (let i = 0; i < keys.length; i += lookupsMax) {
    const found = await Promise.all(keys.slice(i, i + lookupsMax).map((key) => context.shelf.find(key)))
    for (const record of found) {
      if (!record) continue
      const { key, size, etag, lastModified } = record
      objects.push({ key, size, etag, lastModified, storageClass: record.headers.storageClass })
    }
  }
  return { objects, prefixes, token: next && encodeToken(next), date: serverDate(context.clock) }
}

function startOf(options: ListOptions, prefix: string, delimiter: string | undefined): Position {
  if (options.token !== undefined) return decodeToken(options.token)
  const after = options.startAfter ?? ''
  // A start that is itself a common prefix stands for all of it, so that paging by the last name shown gets on.
  const isCommonPrefix =
    delimiter !== undefined &&
    after.startsWith(prefix) &&
    after.length > prefix.length &&
    after.indexOf(delimiter, prefix.length) === after.length - delimiter.length
  return isCommonPrefix ? { after, skip: after } : { after }
}

function encodeToken(position: Position): string {
  return Buffer.from((position.skip === undefined ? 'k' : 'p') + position.after).toString('base64url')
}

function decodeToken(token: string): Position {
  const text = Buffer.from(token, 'base64url').toString()
  const after = text.slice(1)
  if (text.startsWith('k')) return { after }
  if (text.startsWith('p')) return { after, skip: after }
  throw refusal('InvalidArgument', 'list', undefined, 'the continuation token is not one of ours')
}
