// The S3 door: an ObjectStore served as an S3-compatible endpoint over HTTP. It knows nothing of what is behind the
// store: a directory, memory, another bucket, or a live volume.
//
// A request goes one way, and there is no other: target from the raw URL (`routing.ts`), signature (`sigv4/`), body as a
// verified stream (`body/`), operation (`operations/`), reply (`reply.ts`); that way is `exchange.ts`. Refusals are S3Error
// anywhere below and become documents in one place (`errors.ts` has the table).
//
// Invariants: nothing is done for a request before its signature holds; a body that fails any check is never published;
// conditions are the store's own, atomic with the publication; memory per request is bounded, whatever the object's size.
//
// Not here: versions, ACLs, policies, lifecycles (answered as absent), POST forms, Signature Version 2, ListParts, GET by part
// number of a multipart object, changing tags alone, and checksums other than CRC-32 on reads (others are verified on
// arrival only): the store has no word for them.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { silentLogger, type Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import { systemClock, systemRandom } from '../base/system.ts'
import type { ObjectStore, StoreLimits } from '../store/store.ts'
import { fixedBuckets, type Buckets } from './buckets.ts'
import { createExchanges } from './exchange.ts'
import type { RequestRecord, RequestSummary } from './request-record.ts'
import type { CredentialLookup } from './sigv4/authenticate.ts'

export interface S3EndpointOptions {
  /** Which buckets there are: fixed, or found, created and removed by the owner of the endpoint. */
  readonly buckets: Buckets | ReadonlyMap<string, ObjectStore>
  readonly credentials: CredentialLookup
  /** Lets requests without a signature in, as caller `undefined`. Default false. */
  readonly anonymous?: boolean | undefined
  /** Demanded in signatures. Absent: any is accepted, and us-east-1 is answered to those who ask. */
  readonly region?: string | undefined
  /** Hosts `BUCKET.<domain>` name a bucket. Absent: path style only. */
  readonly domain?: string | undefined
  /** Judges signatures' times and dates replies. Default: the system's. */
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /** Over the limits of each store (`capabilities.limits`). */
  readonly limits?: Partial<StoreLimits> | undefined
  readonly log?: Logger | undefined
  /** Runs when a signed request is about to be carried out, and is waited for: delays, quotas, planned faults. */
  readonly beforeRequest?: ((request: RequestSummary) => void | Promise<void>) | undefined
  /** Told of every request when its reply has ended. */
  readonly onRequest?: ((record: RequestRecord) => void) | undefined
}

interface ListenOptions {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined
  /** Default 0: any free one. */
  readonly port?: number | undefined
}

export interface S3Endpoint {
  /** For a server of the caller's own. Never throws or rejects. */
  handler(request: IncomingMessage, response: ServerResponse): void
  listen(options?: ListenOptions): Promise<{ readonly port: number; readonly url: string }>
  /** Takes no more requests, lets those under way end (at most `closeGraceMs`), closes all sockets. Idempotent. */
  close(): Promise<void>
}

/** How long `close` waits for requests under way. */
const closeGraceMs = 5000
/** Clients keep sockets for 60 to 90 s; one closed under them is a spurious reset. */
const keepAliveMs = 95_000

export function createS3Endpoint(options: S3EndpointOptions): S3Endpoint {
  const clock = options.clock ?? systemClock
  const exchanges = createExchanges({
    ...options,
    buckets: 'find' in options.buckets ? options.buckets : fixedBuckets(options.buckets),
    anonymous: options.anonymous ?? false,
    clock,
    random: options.random ?? systemRandom,
    log: options.log ?? silentLogger,
  })
  const servers = new Set<Server>()
  let closing: Promise<void> | undefined
  return {
    handler: (request, response) => void exchanges.run(request, response, false),
    async listen({ host = '127.0.0.1', port = 0 } = {}) {
      if (closing) throw new Error('the S3 endpoint is closed')
      const server = createServer(
        {
          noDelay: true,
          keepAlive: true,
          requestTimeout: 0,
          keepAliveTimeout: keepAliveMs,
          headersTimeout: keepAliveMs + 5000,
        },
        (request, response) => void exchanges.run(request, response, false),
      )
      // Asked first, so that a refused body is never sent.
      server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
        void exchanges.run(request, response, true)
      })
      server.listen(port, host)
      await once(server, 'listening')
      servers.add(server)
      const address = server.address() as AddressInfo
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
      return { port: address.port, url: `http://${name}:${address.port}` }
    },
    close: () =>
      (closing ??= Promise.all([...servers].map((server) => closeServer(server, clock))).then(() => undefined)),
  }
}

async function closeServer(server: Server, clock: Clock): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const cancel = clock.timer(closeGraceMs, () => server.closeAllConnections())
  await closed
  cancel()
}
