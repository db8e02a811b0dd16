// The embedded S3 server over a store, and s3 stores on it, for tests.

import { createS3Endpoint, type S3Endpoint, type S3EndpointOptions } from '../../src/s3-endpoint/endpoint.ts'
import { systemRandom } from '../../src/base/system.ts'
import { probeCapabilities } from '../../src/store/probe/probe.ts'
import type { S3StoreOptions } from '../../src/store/s3/options.ts'
import { createS3Store, type S3Store } from '../../src/store/s3/s3-store.ts'
import type { ObjectStore } from '../../src/store/store.ts'

export const testKeys: { readonly accessKeyId: string; readonly secretAccessKey: string } = {
  accessKeyId: 'AKIDTEST',
  secretAccessKey: 'secret-of-the-tests',
}

export interface Served {
  readonly url: string
  readonly endpoint: S3Endpoint
  /** A store on the served bucket; closed with the server. */
  open(options?: Partial<S3StoreOptions>): S3Store
  /** One that holds what its probe found. */
  probed(options?: Partial<S3StoreOptions>): Promise<S3Store>
  close(): Promise<void>
}

/** Serves `store` as the bucket `test`. Closes the store too. */
export async function serveStore(store: ObjectStore, options: Partial<S3EndpointOptions> = {}): Promise<Served> {
  const endpoint = createS3Endpoint({
    buckets: new Map([['test', store]]),
    credentials: (id) => (id === testKeys.accessKeyId ? testKeys.secretAccessKey : undefined),
    ...options,
  })
  const { url } = await endpoint.listen()
  const opened: S3Store[] = []
  const open = (more: Partial<S3StoreOptions> = {}): S3Store => {
    const made = createS3Store({ bucket: 'test', endpoint: url, region: 'us-east-1', credentials: testKeys, ...more })
    opened.push(made)
    return made
  }
  return {
    url,
    endpoint,
    open,
    async probed(more) {
      const made = open(more)
      made.adopt(await probeCapabilities(made, { random: systemRandom }))
      return made
    },
    async close() {
      for (const made of opened) await made.close()
      await endpoint.close()
      await store.close()
    },
  }
}
