// A volume over real HTTP through a network that goes wrong: openVolume → fault proxy → embedded S3 server. What the
// server holds is looked at without the proxy.

import { afterEach } from 'vitest'
import { openVolume, type OpenedVolume } from '../../src/index.ts'
import { createS3Store } from '../../src/store/s3/s3-store.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { fullCapabilities } from '../../src/store/store.ts'
import { useTestHome } from '../support/engine-home.ts'
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts'
import { startTestServer, type TestServer } from '../support/s3-server.ts'

export interface HttpKit {
  readonly volume: OpenedVolume
  readonly fs: OpenedVolume['fs']['promises']
  readonly proxy: FaultProxy
  readonly server: TestServer
  readonly logged: readonly string[]
  /** The bucket behind the server: keys have the prefix `disk/`. */
  readonly bucket: ObjectStore
  text(key: string): Promise<string>
  plant(key: string, body: string | Uint8Array): Promise<unknown>
  metric(name: string): Promise<number>
  /** Another volume, on the same server and proxy, with nothing cached. */
  again(options?: HttpOptions): Promise<HttpKit>
}

export type HttpOptions = Omit<NonNullable<Parameters<typeof openVolume>[1]>, 'engine'> & {
  /** Silence on a connection is noticed so soon. */
  readonly idleMs?: number
  /** Rules from before the volume is opened on. */
  readonly before?: (proxy: FaultProxy) => void
}

useTestHome()

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  // A test may leave a volume that cannot be drained; what closing then says is that test's business.
  for (const close of closers.splice(0).toReversed()) await close().catch(() => undefined)
}, 30_000)

export async function httpKit(options: HttpOptions = {}): Promise<HttpKit> {
  const server = await startTestServer()
  closers.push(() => server.close())
  const proxy = await startFaultProxy(server.endpoint)
  closers.push(() => proxy.close())
  return open(server, proxy, options)
}

async function open(server: TestServer, proxy: FaultProxy, options: HttpOptions): Promise<HttpKit> {
  const { idleMs, before, ...passed } = options
  const logged: string[] = []
  const line = (message: string, fields?: object): void =>
    void logged.push(`${message} ${JSON.stringify(fields ?? {})}`)
  const { credentials, bucket: name, region } = server
  before?.(proxy)
  const store =
    idleMs === undefined
      ? undefined
      : createS3Store({
          ...{ bucket: name, endpoint: proxy.endpoint, region, credentials, idleMs },
          capabilities: fullCapabilities,
        })
  const volume = await openVolume(`s3://${name}/disk`, {
    ...{ endpoint: proxy.endpoint, region, credentials, permissions: 'ignore', diskCacheBytesMax: 0 },
    logger: { debug: () => {}, info: () => {}, warn: line, error: line },
    ...(store ? { store } : {}),
    ...passed,
    engine: 'inline',
  })
  // Rules would keep what is dirty from leaving.
  closers.push(() => {
    proxy.rules()
    return volume.close()
  })
  const prefix = 'disk/'
  return {
    volume,
    fs: volume.fs.promises,
    proxy,
    server,
    logged,
    bucket: server.store,
    text: async (key) => Buffer.from((await server.store.get(prefix + key)).body).toString(),
    plant: (key, body) => server.store.put(prefix + key, Buffer.from(body), { headers: { metadata: {} } }),
    metric: async (counter) => Number((await volume.metrics())[counter] ?? 0),
    again: (other = {}) => open(server, proxy, other),
  }
}
