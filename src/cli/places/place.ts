// From what a user typed to a place: a volume URL and a path on it, or a path on the local disk.
//
// `s3://bucket/a/b` is /a/b on the volume s3://bucket, as users of `aws s3` expect. Where the volume is a prefix of a
// bucket, `//` ends its name: `s3://bucket/prefix//a/b`. A directory bucket always ends that way: `file:///dir//a/b`;
// without `//` its root is meant. `?endpoint=…` may stand at the end. Anything without a scheme is a local path.

import { UsageError } from '../command.ts'

export type PlaceName =
  | { readonly kind: 'local'; readonly path: string; readonly shown: string }
  | { readonly kind: 'volume'; readonly url: string; readonly path: string; readonly shown: string }

const schemes: ReadonlySet<string> = new Set(['s3', 'file', 'memory'])

/** Throws UsageError for a scheme nobody serves or a bucket without a name. */
export function parsePlace(text: string): PlaceName {
  if (text === '') throw new UsageError("an empty path names nothing; write '.' for the current directory")
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined || (!schemes.has(scheme) && !text.includes('://')))
    return { kind: 'local', path: text, shown: text }
  if (!schemes.has(scheme))
    throw new UsageError(`'${text}': no such kind of volume; write s3://bucket/path, file:///dir//path or a local path`)
  const query = queryOf(text)
  const whole = text.slice(0, text.length - query.length)
  const { volume, path } = splitVolume(scheme, whole)
  return { kind: 'volume', url: volume.replace(/[%?#]/g, encodeURIComponent) + query, path: path || '/', shown: text }
}

/** `?name=value&…` at the end, '' without one. A question mark before anything else belongs to a name. */
export function queryOf(text: string): string {
  return /\?(?:[a-z]+=[^&]*(?:&|$))*$/i.exec(text)?.[0] ?? ''
}

function splitVolume(scheme: string, whole: string): { volume: string; path: string } {
  const start = scheme === 'memory' ? 'memory:'.length : `${scheme}://`.length
  if (scheme !== 'memory' && !whole.slice(scheme.length).startsWith('://'))
    throw new UsageError(`'${whole}': write ${scheme}:// and what follows`)
  const end = whole.indexOf('//', start)
  if (end >= 0) return { volume: whole.slice(0, end), path: whole.slice(end + 1) }
  if (scheme === 'file') return { volume: whole, path: '/' }
  if (scheme === 'memory') return { volume: 'memory:', path: whole.slice(start) }
  const slash = whole.indexOf('/', start)
  const bucketEnd = slash < 0 ? whole.length : slash
  if (bucketEnd === start) throw new UsageError(`'${whole}': the bucket has no name; write s3://bucket/path`)
  return { volume: whole.slice(0, bucketEnd), path: whole.slice(bucketEnd) }
}
