// A server that answers as a test scripts it, well or badly, over real sockets. Each request takes the next step of the
// script; the last step repeats. What was asked is recorded.

import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { createS3Store, type S3Store } from '../../src/store/s3/s3-store.ts'
import type { S3StoreOptions } from '../../src/store/s3/options.ts'
import { fullCapabilities } from '../../src/store/store.ts'
import { testKeys } from './s3-kit.ts'

export interface RawRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Which connection it came by, from 0. */
  readonly connection: number
}

export type Step = (request: RawRequest, response: ServerResponse, socket: Socket) => void

export interface RawServer {
  readonly url: string
  readonly requests: readonly RawRequest[]
  readonly open: (options?: Partial<S3StoreOptions>) => S3Store
  readonly close: () => Promise<void>
}

/** Short deadlines: a test of silence need not take half a minute. */
const deadlines = { connectMs: 1000, idleMs: 300, requestMs: 1000, slowRequestMs: 600 }

export async function rawServer(steps: readonly Step[], tls?: ServerOptions): Promise<RawServer> {
  const requests: RawRequest[] = []
  const sockets = new Map<Socket, number>()
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = []
    for await (const piece of incoming) pieces.push(piece as Buffer)
    const { headers, method = '', socket, url = '' } = incoming
    const request = { method, url, headers, body: Buffer.concat(pieces), connection: sockets.get(socket) ?? -1 }
    const step = steps[Math.min(requests.length, steps.length - 1)] as Step
    requests.push(request)
    step(request, response, socket)
  }
  const server: Server = tls ? createTlsServer(tls) : createServer()
  server.keepAliveTimeout = 0
  server.on('request', (incoming, response) => void serve(incoming, response).catch(() => undefined))
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.set(socket, sockets.size)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stores: S3Store[] = []
  return {
    url,
    requests,
    open(options = {}) {
      const capabilities = options.capabilities ?? fullCapabilities
      const store = createS3Store({
        bucket: 'test',
        endpoint: url,
        region: 'us-east-1',
        credentials: testKeys,
        ...deadlines,
        ...options,
        capabilities,
      })
      stores.push(store)
      return store
    },
    async close() {
      for (const store of stores) await store.close()
      for (const socket of sockets.keys()) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Headers every object has, over which `headers` go. */
export function reply(status: number, headers: Record<string, string>, body: string | Uint8Array = ''): Step {
  return (_, response) => {
    const dated = {
      'last-modified': 'Wed, 25 Nov 2026 01:00:00 GMT',
      etag: '"e"',
      'content-length': String(Buffer.byteLength(body)),
    }
    response.writeHead(status, { ...dated, ...headers })
    response.end(body)
  }
}

export function errorReply(status: number, code: string, headers: Record<string, string> = {}, more = ''): Step {
  return reply(
    status,
    headers,
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>as planned</Message>${more}</Error>`,
  )
}

/** Bytes straight to the socket, which then ends or is reset. */
export function rawBytes(text: string, end: 'end' | 'reset'): Step {
  return (_, __, socket) => {
    socket.write(text, () => (end === 'end' ? socket.end() : socket.resetAndDestroy()))
  }
}

/** Nothing, for ever. */
export const silence: Step = () => {}

export const reset: Step = (_, __, socket) => {
  socket.resetAndDestroy()
}
