// Writes a reply: the one place that touches Node's response. Bodies go out with back-pressure; a body that fails after
// its headers have left breaks the connection, because a short body is the only way left to say so.

import type { ServerResponse } from 'node:http'
import { utf8 } from '../base/bytes.ts'
import type { Reply } from './call.ts'
import type { S3Error } from './errors.ts'
import { element, errorDocument } from './xml/write.ts'

export interface ReplyContext {
  readonly requestId: string
  /** Path of the request, named in error documents. */
  readonly resource: string
  readonly head: boolean
  /** Epoch milliseconds. Clients set their clock by it. */
  readonly nowMs: number
}

/**
 * Bytes of body written. Throws when the body fails after its headers. `linger`, for replies in hand, is waited for between
 * the last byte and the end of the exchange.
 */
export async function writeReply(
  response: ServerResponse,
  reply: Reply,
  context: ReplyContext,
  linger?: () => Promise<void>,
): Promise<number> {
  const { body } = reply
  const headers: Record<string, string> = {
    'x-amz-request-id': context.requestId,
    'x-amz-id-2': context.requestId,
    date: new Date(context.nowMs).toUTCString(),
  }
  for (const [name, value] of Object.entries(reply.headers ?? {}))
    if (value !== undefined) headers[name] = headerText(value)
  if (body && 'pieces' in body) {
    headers['content-length'] = String(body.size)
    response.writeHead(reply.status, headers)
    if (!context.head) return writePieces(response, body.pieces)
    response.end()
    return 0
  }
  const bytes = body && !context.head ? utf8(body.xml) : undefined
  if (bytes) {
    headers['content-type'] = 'application/xml'
    headers['content-length'] = String(bytes.byteLength)
  } else if (!context.head && reply.status !== 204 && reply.status !== 304) headers['content-length'] = '0'
  response.writeHead(reply.status, headers)
  if (linger) {
    if (bytes) response.write(bytes)
    else response.flushHeaders()
    await linger()
    response.end()
  } else response.end(bytes)
  return bytes?.byteLength ?? 0
}

/** An error as a reply. HEAD and 304 have no body; their clients go by the status. */
export function errorReply(error: S3Error, context: ReplyContext): Reply {
  if (context.head || error.status === 304) return { status: error.status, headers: error.headers }
  const xml = errorDocument([
    element('Code', error.code),
    element('Message', error.message),
    ...Object.entries(error.fields).map(([name, value]) => element(name, value)),
    element('Resource', context.resource),
    element('RequestId', context.requestId),
    element('HostId', context.requestId),
  ])
  return { status: error.status, headers: error.headers, body: { xml } }
}

async function writePieces(response: ServerResponse, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let written = 0
  try {
    for await (const piece of pieces) {
      if (response.destroyed) return written
      written += piece.byteLength
      if (!response.write(piece)) await writable(response)
    }
    response.end()
    return written
  } catch (error) {
    if (response.destroyed) return written
    response.destroy()
    throw error
  }
}

/** The client has taken what was written, or is gone. */
function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.on('drain', go).on('close', go)
    if (response.destroyed) go()
  })
}

/** Metadata set through other doors may hold any Unicode; on the wire it is UTF-8. */
function headerText(value: string): string {
  const text = /[\u0100-\uffff]/.test(value) ? Buffer.from(value, 'utf8').toString('latin1') : value
  return text.replace(/[^\t -~\u0080-\u00ff]/g, ' ')
}
