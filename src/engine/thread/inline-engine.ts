// An engine on the calling thread: for processes that are themselves a door (a mount, a server), where a second thread
// would only add a hop. Synchronous calls answer from the shared cache or not at all: this thread cannot wait for itself.

import { createClient } from '../client.ts'
import type { Transport } from '../client.ts'
import type { ComposedVolume } from '../composed.ts'
import { EngineCore } from './engine-core.ts'
import type { Engine } from '../engine.ts'
import type { HostedDoor } from '../hosting.ts'
import { processCaller } from '../identity.ts'
import { methodIndexes } from '../rpc/call-names.ts'
import type { MethodName } from '../rpc/call-names.ts'
import { createThreadPorts } from '../rpc/port-caller.ts'
import { fromWireError } from '../rpc/wire-error.ts'
import type { WireError } from '../rpc/wire-error.ts'
import { CacheReader } from '../shared/cache-reader.ts'
import { createCacheMemory } from '../shared/layout.ts'

/** A synchronous call that only a worker engine can make. Code ERR_BUCKETFS_SYNC_INLINE. */
export class SyncInlineError extends Error {
  override readonly name: string = 'SyncInlineError'
  readonly code = 'ERR_BUCKETFS_SYNC_INLINE'

  constructor(call: string) {
    super(
      `the synchronous call '${call}' would need I/O, and with engine: 'inline' this thread cannot wait for itself; ` +
        `use the asynchronous call, or open the volume with engine: 'worker'`,
    )
  }
}

export interface InlineEngineOptions {
  readonly composed: Promise<ComposedVolume>
}

export async function startInlineEngine(options: InlineEngineOptions): Promise<Engine> {
  const owner = processCaller()
  const { memory: cache } = createCacheMemory()
  const core = new EngineCore({ composed: options.composed, cache, owner })
  const { volume, settings = volume.settings } = await options.composed
  const ask = async (name: MethodName, args: readonly unknown[]): Promise<unknown> => {
    const [ok, value] = await core.calls.run(methodIndexes.get(name) as number, args)
    if (!ok) throw fromWireError(value as WireError)
    return value
  }
  const transport: Transport = {
    async call(name, args, onHint) {
      const [ok, value, hint] = await core.calls.run(methodIndexes.get(name) as number, args)
      if (hint) onHint?.(hint)
      if (!ok) throw fromWireError(value as WireError)
      return value
    },
    callSync(name) {
      throw new SyncInlineError(name)
    },
    subscribe: (listener) => volume.subscribe(listener),
  }
  const exit = drainBeforeExit(() => volume.sync())
  const close = async (): Promise<void> => {
    exit.forget()
    try {
      await core.close()
    } finally {
      core.cutOff()
    }
  }
  const client = createClient({ transport, reader: new CacheReader(cache, owner), close })
  return {
    client,
    settings,
    host: (moduleUrl, hostOptions) => host(ask, String(moduleUrl), hostOptions),
    port() {
      const [theirs, engines] = createThreadPorts()
      core.attach(engines)
      engines.port.unref()
      return { ...theirs, cache, owner: { uid: owner.uid, gid: owner.gid, groups: owner.groups, umask: owner.umask } }
    },
    close: () => client.close(),
  }
}

async function host(
  ask: (name: MethodName, args: readonly unknown[]) => Promise<unknown>,
  moduleUrl: string,
  options: unknown,
): Promise<HostedDoor> {
  const { id, info } = (await ask('host', [moduleUrl, options])) as { readonly id: number; readonly info: unknown }
  return {
    info,
    close: async () => {
      await ask('unhost', [id])
    },
  }
}

/**
 * A natural end of the process waits for dirty data once. process.exit cannot be held up from its own thread; there only
 * the journal helps.
 */
function drainBeforeExit(drain: () => Promise<void>): { forget(): void } {
  const onBeforeExit = (): void => {
    process.off('beforeExit', onBeforeExit)
    drain().catch((error: unknown) => {
      process.exitCode ||= 1
      process.stderr.write(`bucketfs: not everything was written back: ${String(error)}\n`)
    })
  }
  process.on('beforeExit', onBeforeExit)
  return { forget: () => process.off('beforeExit', onBeforeExit) }
}
