// A network that goes wrong on purpose, over real sockets: an HTTP proxy between a client and an S3 server. Each request
// is forwarded whole (the Host header as signed), unless a rule strikes; the first rule that matches does. What went
// through is recorded.

import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export type Fault =
  /** The connection is reset before the request reaches the server, or after it took effect. */
  | 'reset-before'
  | 'reset-after-apply'
  /** The reply breaks off after so many bytes of its body; negative: from its end. */
  | { readonly resetMidBody: number }
  /** Half the body under the right length, then the end of the connection; or under a length that fits it. */
  | 'truncate'
  | 'truncate-lying'
  /** No reply at all; or headers and half a body, then nothing, while the connection stays open. */
  | 'hang'
  | 'stall'
  | { readonly status: number; readonly code: string; readonly headers?: Readonly<Record<string, string>> }
  /** Carried out, and answered by 200 with an `<Error>` inside; or not carried out and answered so. */
  | { readonly error200: string; readonly applied?: boolean }
  | 'wrong-etag'
  /** One bit of the body is wrong; negative: from its end. */
  | { readonly flip: number }
  /** As many bytes, but others. */
  | 'wrong-body'
  /** Answered by the first reply this proxy ever saw for the same request. */
  | 'stale'
  | 'duplicate'
  | { readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly delayMs: number }

export interface FaultRule {
  readonly fault: Fault
  readonly method?: string
  /** Of the path and query as sent. */
  readonly url?: RegExp
  /** A header it must carry, in lower case. */
  readonly header?: string
  /** Matching requests let through first. */
  readonly after?: number
  /** How often it strikes; default always. */
  readonly times?: number
}

export interface Passed {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** Of the reply given; 0 when there was none. */
  status: number
  fault?: Fault
}

export interface FaultProxy {
  readonly endpoint: string
  readonly requests: readonly Passed[]
  /** Requests that match, whatever became of them. */
  count(method: string, url?: RegExp): number
  /** Replaces all rules. */
  rules(...rules: readonly FaultRule[]): void
  close(): Promise<void>
}

interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

interface Armed {
  readonly rule: FaultRule
  seen: number
  struck: number
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const proxy = new Proxy(new URL(target))
  await proxy.listen()
  return proxy
}

class Proxy implements FaultProxy {
  readonly requests: Passed[] = []
  readonly #target: URL
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #first = new Map<string, Reply>()
  #armed: Armed[] = []

  constructor(target: URL) {
    this.#target = target
    this.#server = createServer({ keepAliveTimeout: 0 }, (incoming, response) => {
      // The server behind has gone: as a broken connection to the client.
      this.#serve(incoming, response).catch(() => incoming.socket.destroy())
    })
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  count(method: string, url = /./): number {
    return this.requests.filter((each) => each.method === method && url.test(each.url)).length
  }

  rules(...rules: readonly FaultRule[]): void {
    this.#armed = rules.map((rule) => ({ rule, seen: 0, struck: 0 }))
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = incoming
    const fault = this.#faultFor(method, url, headers)
    const passed: Passed = { method, url, headers, status: 0, ...(fault ? { fault } : {}) }
    this.requests.push(passed)
    const body = await bodyOf(incoming)
    response.on('close', () => (passed.status = response.headersSent ? response.statusCode : 0))
    const send = (): Promise<Reply> => this.#forward(incoming, body)
    if (fault === undefined) return deliver(response, await send())
    await this.#strike(fault, { incoming, response, send, id: `${method} ${url} ${headers['range'] ?? ''}` })
  }

  #faultFor(method: string, url: string, headers: IncomingHttpHeaders): Fault | undefined {
    for (const armed of this.#armed) {
      const { rule } = armed
      if ((rule.method && rule.method !== method) || (rule.url && !rule.url.test(url))) continue
      if (rule.header !== undefined && headers[rule.header] === undefined) continue
      if (armed.struck >= (rule.times ?? Infinity) || armed.seen++ < (rule.after ?? 0)) continue
      armed.struck++
      return rule.fault
    }
    return undefined
  }

  async #forward({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Reply> {
    const { hostname, port } = this.#target
    const reply = await new Promise<Reply>((resolve, reject) => {
      const options = { hostname, port, method, path: url, headers: { ...headers, connection: 'close' } }
      const outgoing = httpRequest(options, (answer) => {
        bodyOf(answer).then(
          (bytes) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: bytes }),
          reject,
        )
      })
      outgoing.on('error', reject)
      outgoing.end(body)
    })
    const id = `${method} ${url} ${headers['range'] ?? ''}`
    if (!this.#first.has(id)) this.#first.set(id, { ...reply, headers: { ...reply.headers } })
    return reply
  }

  async #strike(fault: Fault, { incoming, response, send, id }: Strike): Promise<void> {
    const reset = (): void => void incoming.socket.resetAndDestroy()
    if (fault === 'reset-before') return reset()
    if (fault === 'hang') return
    if (fault === 'duplicate') await send()
    if (fault === 'stale') return deliver(response, this.#first.get(id) ?? (await send()))
    if (typeof fault === 'object') {
      if ('delayMs' in fault) await sleep(fault.delayMs)
      if ('status' in fault) return deliver(response, refusal(fault.status, fault.code, fault.headers))
      if ('error200' in fault) {
        if (fault.applied) await send()
        return deliver(response, refusal(200, fault.error200))
      }
    }
    const reply = await send()
    if (fault === 'reset-after-apply') return reset()
    if (fault === 'truncate' || fault === 'stall' || (typeof fault === 'object' && 'resetMidBody' in fault))
      return breakOff(response, reply, fault, reset)
    deliver(response, changed(reply, fault))
  }
}

interface Strike {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly send: () => Promise<Reply>
  readonly id: string
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of message) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

function deliver(response: ServerResponse, { status, headers, body }: Reply): void {
  const isHead = response.req.method === 'HEAD'
  const { 'transfer-encoding': _, connection: __, ...kept } = headers
  response.writeHead(status, isHead ? kept : { ...kept, 'content-length': String(body.byteLength) })
  response.end(isHead ? undefined : body)
}

function refusal(status: number, code: string, headers: Readonly<Record<string, string>> = {}): Reply {
  const text = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>planted</Message></Error>`
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body: Buffer.from(text) }
}

/** Headers and a part of the body, and then an end, a reset, or nothing. */
function breakOff(response: ServerResponse, { status, headers, body }: Reply, fault: Fault, reset: () => void): void {
  const wanted =
    typeof fault === 'object' && 'resetMidBody' in fault ? fault.resetMidBody : Math.floor(body.byteLength / 2)
  const bytes = wanted < 0 ? Math.max(0, body.byteLength + wanted) : Math.min(wanted, body.byteLength)
  response.writeHead(status, { ...headers, 'content-length': String(body.byteLength) })
  response.flushHeaders()
  response.write(body.subarray(0, bytes), () => {
    if (fault === 'truncate') response.socket?.end()
    else if (fault !== 'stall') setTimeout(reset, 5)
  })
}

function changed(reply: Reply, fault: Fault): Reply {
  const { headers, body } = reply
  if (fault === 'truncate-lying') return { ...reply, body: body.subarray(0, Math.floor(body.byteLength / 2)) }
  if (fault === 'wrong-etag') return { ...reply, headers: { ...headers, etag: '"00000000000000000000000000000000"' } }
  if (fault === 'wrong-body') return { ...reply, body: Buffer.alloc(body.byteLength, 0x2a) }
  if (typeof fault === 'object' && 'flip' in fault) {
    const flipped = Buffer.from(body)
    const at = fault.flip < 0 ? flipped.byteLength + fault.flip : fault.flip
    if (at >= 0 && at < flipped.byteLength) flipped[at] = (flipped[at] as number) ^ 1
    return { ...reply, body: flipped }
  }
  if (typeof fault === 'object' && 'body' in fault)
    return {
      status: 200,
      headers: { 'content-type': 'application/xml', ...fault.headers },
      body: Buffer.from(fault.body),
    }
  return reply
}
