// The bucket of the benchmarks, in a process of its own: memory behind the real S3 endpoint, every request delayed by a
// fixed time, and filled before the first one. Arguments: one JSON object. Prints its URL.

import { createS3Endpoint } from '../../src/s3-endpoint/endpoint.ts'
import { createMemoryStore } from '../../src/store/memory.ts'

export interface ServerOptions {
  readonly delayMs: number
  /** Objects to be there from the start: `count` of `bytes` each below `prefix`, a thousand to a folder. */
  readonly fill?: { readonly prefix: string; readonly count: number; readonly bytes: number } | undefined
}

const { delayMs, fill } = JSON.parse(process.argv[2] ?? '{}') as ServerOptions
const store = createMemoryStore()
if (fill) {
  const body = new Uint8Array(fill.bytes).fill(120)
  for (let i = 0; i < fill.count; i++) {
    const key = `${fill.prefix}d${String(Math.floor(i / 1000)).padStart(3, '0')}/f${String(i % 1000).padStart(3, '0')}`
    await store.put(key, body, { headers: { metadata: {} } })
  }
}
const endpoint = createS3Endpoint({
  buckets: new Map([['bucket', store]]),
  credentials: (id) => (id === 'id' ? 'secret' : undefined),
  ...(delayMs > 0 && { beforeRequest: () => new Promise<void>((resolve) => setTimeout(resolve, delayMs)) }),
})
const { url } = await endpoint.listen()
console.log(url)
