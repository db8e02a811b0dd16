// An answer that is no success, read once: its code and message, and what it teaches of region and place.

import { StoreError } from '../../base/errors.ts'
import { mutations, type Operation } from '../wrap.ts'
import { s3Error } from './error-kinds.ts'
import type { WireReply } from './wire/exchange.ts'
import { childText, parseXml, XmlError, type XmlElement } from './wire/xml.ts'

/** The request that was refused. */
export interface Refused {
  readonly operation: Operation
  readonly key?: string | undefined
}

export interface Refusal {
  readonly status: number
  readonly code: string | undefined
  readonly message: string | undefined
  readonly region: string | undefined
  readonly location: string | undefined
  readonly reply: WireReply
}

export function refusalOf(reply: WireReply): Refusal {
  const { headers, status } = reply
  let document: XmlElement | undefined
  try {
    document = reply.body.byteLength > 0 ? parseXml(reply.body) : undefined
  } catch (error) {
    // A proxy's page: the status has to do.
    if (!(error instanceof XmlError)) throw error
  }
  const text = (name: string): string | undefined =>
    document?.name === 'Error' ? childText(document, name) : undefined
  return {
    status,
    reply,
    code: text('Code') ?? headers.get('x-amz-error-code'),
    message: text('Message') ?? headers.get('x-amz-error-message'),
    region: headers.get('x-amz-bucket-region') ?? text('Region'),
    location: headers.get('location') ?? text('Endpoint'),
  }
}

export function refusedError({ operation, key }: Refused, { code, message, reply, status }: Refusal): StoreError {
  const retryAfter = reply.headers.get('retry-after')
  return s3Error({ operation, key, status, code, message, retryAfter, mutating: mutations.has(operation) })
}

/** Whether the body must be hashed, in so many words. */
export function refusesUnsigned({ status, code, message = '' }: Refusal): boolean {
  if (status !== 400 && status !== 403 && status !== 501) return false
  return code === 'XAmzContentSHA256Mismatch' || /unsigned.payload|x-amz-content-sha256/i.test(message)
}

/** The service said 200 and something we cannot read: a read may be repeated, a change may have happened. */
export function unreadable({ operation, key }: Refused, message: string, cause?: unknown): StoreError {
  const mutating = mutations.has(operation)
  return new StoreError({
    kind: mutating ? 'unavailable' : 'corrupt',
    operation,
    key,
    message,
    cause,
    ambiguous: mutating,
  })
}
