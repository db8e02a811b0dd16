// Conditional requests, as RFC 9110 orders them and S3 narrows them. ETags are compared without quotes on either side.

import type { ObjectInfo, WriteCondition } from '../store/store.ts'
import { S3Error } from './errors.ts'
import type { RequestHeaders } from './request-headers.ts'

/** What a read found true of its conditions. */
export type ReadVerdict = 'proceed' | 'not-modified' | 'failed'

/** Judges GET and HEAD (`prefix` '') or the source of a copy (`prefix` 'x-amz-copy-source-'). */
export function judgeRead(info: ObjectInfo, headers: RequestHeaders, prefix = ''): ReadVerdict {
  const ifMatch = headers.get(`${prefix}if-match`)
  const ifNoneMatch = headers.get(`${prefix}if-none-match`)
  const unmodifiedSince = httpTime(headers.get(`${prefix}if-unmodified-since`))
  const modifiedSince = httpTime(headers.get(`${prefix}if-modified-since`))
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, info.etag)) return 'failed'
  } else if (unmodifiedSince !== undefined && info.lastModified > unmodifiedSince) return 'failed'
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, info.etag)) return 'not-modified'
  } else if (modifiedSince !== undefined && info.lastModified <= modifiedSince) return 'not-modified'
  return 'proceed'
}

/** Whether there is anything for `judgeRead` to judge. */
export function hasReadConditions(headers: RequestHeaders, prefix = ''): boolean {
  return ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'].some((n) => headers.has(prefix + n))
}

/** The condition of a write on what is at its key. S3 knows `If-None-Match: *` and `If-Match: etag`, not both. */
export function writeCondition(headers: RequestHeaders): WriteCondition {
  const ifNoneMatch = headers.get('if-none-match')
  const ifMatch = headers.get('if-match')
  if (ifNoneMatch !== undefined && ifMatch !== undefined) {
    throw new S3Error('NotImplemented', { message: 'If-Match and If-None-Match cannot be combined on a write.' })
  }
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch !== '*') throw new S3Error('NotImplemented', { message: 'A write takes If-None-Match: * only.' })
    return { ifNoneMatch }
  }
  return ifMatch === undefined ? {} : { ifMatch: singleEtag(ifMatch) }
}

/** The one ETag a write may name. */
export function singleEtag(value: string): string {
  const etag = unquote(value)
  if (etag === '*' || etag === '' || etag.includes(',')) {
    throw new S3Error('NotImplemented', { message: 'A write takes If-Match with one ETag only.' })
  }
  return etag
}

export function unquote(etag: string): string {
  return etag
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1')
}

function matches(list: string, etag: string): boolean {
  return list.trim() === '*' || list.split(',').some((one) => unquote(one) === etag)
}

/** A date nobody can read is no condition (RFC 9110, 13.1.3). */
function httpTime(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const time = Date.parse(value)
  return Number.isNaN(time) ? undefined : time
}
