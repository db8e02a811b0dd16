// Where a bucket is: protocol, host, and the part of the path in front of the key. AWS without an endpoint is addressed
// as `bucket.s3.region.amazonaws.com`; an endpoint of one's own by path, unless told otherwise.

import { StoreError } from '../../../base/errors.ts'
import { encodeRfc3986 } from './canonical.ts'

export interface Address {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number
  /** As in the Host header: with the port when it is not the protocol's own. */
  readonly host: string
  /** Before `/key`: '' or `/bucket`, after the endpoint's own path. */
  readonly basePath: string
  /** No endpoint was given: the host follows the region. */
  readonly followsRegion: boolean
}

export interface AddressInput {
  readonly bucket: string
  readonly region: string
  readonly endpoint?: string | undefined
  readonly forcePathStyle?: boolean | undefined
}

export function addressOf(input: AddressInput): Address {
  const { bucket, endpoint, region } = input
  // A dot in the name would not match AWS's wildcard certificate.
  const pathStyle = input.forcePathStyle ?? (endpoint !== undefined || bucket.includes('.'))
  const url = parseEndpoint(endpoint ?? `https://s3.${region}.${awsSuffix(region)}`)
  const hostname = pathStyle ? url.hostname : `${bucket}.${url.hostname}`
  const protocol = url.protocol as Address['protocol']
  const ownPath = url.pathname.replace(/\/+$/, '')
  return {
    ...placeOf(protocol, hostname, url.port),
    basePath: pathStyle ? `${ownPath}/${encodeRfc3986(bucket)}` : ownPath,
    followsRegion: endpoint === undefined,
  }
}

/**
 * Where a redirect leads, or undefined when it must not be followed: credentials sign for a host, so a reply may move
 * a request within AWS or within the endpoint's own domain only, and never from TLS to plain text.
 */
export function redirected(from: Address, location: string): Address | undefined {
  let url: URL
  try {
    url = new URL(location.includes('://') ? location : `${from.protocol}//${location}`)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  if (from.protocol === 'https:' && url.protocol !== 'https:') return undefined
  if (!from.followsRegion && url.protocol !== from.protocol) return undefined
  const inAws = from.followsRegion && /(^|\.)amazonaws\.com(\.cn)?$/.test(url.hostname)
  const inDomain = url.hostname === from.hostname || url.hostname.endsWith(`.${from.hostname}`)
  if (!inAws && !inDomain) return undefined
  return { ...from, ...placeOf(url.protocol, url.hostname, url.port) }
}

function placeOf(
  protocol: Address['protocol'],
  hostname: string,
  port: string,
): Pick<Address, 'protocol' | 'hostname' | 'port' | 'host'> {
  const own = protocol === 'https:' ? 443 : 80
  const number = port === '' ? own : Number(port)
  // Sockets take an IPv6 address without its brackets.
  return {
    protocol,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: number,
    host: number === own ? hostname : `${hostname}:${number}`,
  }
}

function parseEndpoint(endpoint: string): URL {
  try {
    const url = new URL(endpoint)
    if ((url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.search === '') return url
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  const message = `endpoint must be http://host[:port] or https://host[:port], not ${JSON.stringify(endpoint)}`
  throw new StoreError({ kind: 'invalid', operation: 'open', message })
}

function awsSuffix(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
}
