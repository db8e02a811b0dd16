// A further thread at an engine that another thread opened.

import { closedVolume, createClient } from './client.ts'
import type { EngineClient } from './engine-client.ts'
import type { EnginePort } from './engine.ts'
import { PortCaller } from './rpc/port-caller.ts'
import { CacheReader } from './shared/cache-reader.ts'

/** A client for this thread. The engine ends with the thread that opened it; calls fail with EIO from then on. */
export function attachEngine({ cache, owner, ...thread }: EnginePort): EngineClient {
  const transport = new PortCaller(thread)
  return createClient({
    transport,
    reader: new CacheReader(cache, owner),
    close: async () => {
      try {
        await transport.call('sync', [])
      } finally {
        transport.end(closedVolume)
      }
    },
  })
}
