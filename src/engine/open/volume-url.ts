// Volume URLs: where the bucket is. What a URL cannot say well (keys, settings) is an option, never part of it.
//
//   s3://bucket[/prefix][?endpoint=URL&region=NAME]     file:///dir     memory:     disk:NAME

import { fileURLToPath } from 'node:url'

export type VolumeUrl = S3Url | FileUrl | MemoryUrl | DiskUrl

export interface S3Url {
  readonly kind: 's3'
  readonly bucket: string
  /** '' or ends in a slash. */
  readonly prefix: string
  readonly endpoint: string | undefined
  readonly region: string | undefined
}

export interface FileUrl {
  readonly kind: 'file'
  /** Absolute path of the directory. */
  readonly root: string
}

export interface MemoryUrl {
  readonly kind: 'memory'
}

export interface DiskUrl {
  readonly kind: 'disk'
  readonly name: string
}

const forms = 's3://bucket/prefix, file:///dir, memory: or disk:NAME'

/** A URL that is none, in the shape of Node's own: TypeError with code ERR_INVALID_URL and `input`. */
export class VolumeUrlError extends TypeError {
  override readonly name: string = 'TypeError'
  readonly code = 'ERR_INVALID_URL'
  readonly input: string

  constructor(input: string, reason: string) {
    super(`Invalid volume URL ${JSON.stringify(input)}: ${reason}`)
    this.input = input
  }
}

/** Throws VolumeUrlError. */
export function parseVolumeUrl(input: string | URL): VolumeUrl {
  const text = String(input)
  const url = parse(text)
  if (url.hash !== '') throw new VolumeUrlError(text, 'it has a fragment (write # in a prefix as %23)')
  if (url.username !== '' || url.password !== '')
    throw new VolumeUrlError(
      text.replace(/\/\/[^@/]*@/, '//…@'),
      'credentials do not belong in it; use the option or the environment',
    )
  switch (url.protocol) {
    case 's3:':
      return parseS3(text, url)
    case 'file:':
      return parseFile(text, url)
    case 'memory:':
      checkQuery(text, url, [])
      if (url.pathname !== '' || url.host !== '')
        throw new VolumeUrlError(text, 'a bucket in memory has no name: memory:')
      return { kind: 'memory' }
    case 'disk:':
      checkQuery(text, url, [])
      if (url.pathname === '') throw new VolumeUrlError(text, 'it names no disk')
      return { kind: 'disk', name: decode(text, url.pathname) }
    default:
      throw new VolumeUrlError(text, `unknown scheme ${url.protocol} (use ${forms})`)
  }
}

/** The volume's name in messages and, hashed, of its folders; the same for every way to write it. */
export function volumeLabel(url: VolumeUrl): string {
  switch (url.kind) {
    case 's3':
      return `s3://${url.bucket}/${url.prefix}${url.endpoint === undefined ? '' : `?endpoint=${url.endpoint}`}`
    case 'file':
      return `file://${url.root}`
    case 'memory':
      return 'memory:'
    case 'disk':
      return `disk:${url.name}`
  }
}

/** The origin and path of an http(s) endpoint without a trailing slash; RangeError naming `source` otherwise. */
export function normalizeEndpoint(endpoint: string, source: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '')
    throw new RangeError(`${source} must be http(s)://host[:port], not ${JSON.stringify(endpoint)}`)
  return url.href.replace(/\/+$/, '')
}

function parse(text: string): URL {
  if (!URL.canParse(text)) throw new VolumeUrlError(text, `it must be ${forms}`)
  return new URL(text)
}

function parseS3(text: string, url: URL): S3Url {
  checkQuery(text, url, ['endpoint', 'region'])
  if (url.hostname === '') throw new VolumeUrlError(text, 'it names no bucket')
  if (url.port !== '')
    throw new VolumeUrlError(text, 'a bucket has no port; give the server as ?endpoint=http://host:port')
  const path = decode(text, url.pathname.replace(/^\//, ''))
  const prefix = path === '' || path.endsWith('/') ? path : `${path}/`
  const endpoint = url.searchParams.get('endpoint') ?? undefined
  return {
    kind: 's3',
    bucket: decode(text, url.hostname),
    prefix,
    endpoint: endpoint === undefined ? undefined : normalizeEndpoint(endpoint, 'endpoint of the volume URL'),
    region: url.searchParams.get('region') ?? undefined,
  }
}

function parseFile(text: string, url: URL): FileUrl {
  checkQuery(text, url, [])
  try {
    const root = fileURLToPath(url)
    return { kind: 'file', root: root.length > 1 ? root.replace(/\/+$/, '') || '/' : root }
  } catch (error) {
    throw new VolumeUrlError(text, error instanceof Error ? error.message : String(error))
  }
}

function checkQuery(text: string, url: URL, known: readonly string[]): void {
  for (const key of url.searchParams.keys()) {
    if (!known.includes(key))
      throw new VolumeUrlError(
        text,
        `unknown parameter ${key}${known.length > 0 ? ` (known: ${known.join(', ')})` : ''}`,
      )
  }
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new VolumeUrlError(text, 'a % escape in it is no UTF-8')
  }
}
