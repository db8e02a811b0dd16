// An engine in a worker thread, as the thread that opened it sees it. Neither the worker nor its port keeps the process
// alive; a pending call does. At exit the worker is asked, synchronously, to drain (`exit.ts`).

import { Worker } from 'node:worker_threads'
import { VolumeError } from '../../base/errors.ts'
import type { VolumeSettings } from '../../volume/settings.ts'
import { closedVolume, createClient } from '../client.ts'
import type { OpenerModule } from '../composed.ts'
import type { Engine } from '../engine.ts'
import { drainAtExit } from './exit.ts'
import type { HostedDoor } from '../hosting.ts'
import { processCaller } from '../identity.ts'
import { createThreadPorts, PortCaller } from '../rpc/port-caller.ts'
import { CacheReader } from '../shared/cache-reader.ts'
import { createCacheMemory } from '../shared/layout.ts'
import type { EngineWorkerData } from './worker-main.ts'

export interface WorkerEngineOptions {
  readonly opener: OpenerModule
  /** How messages at exit name the volume. */
  readonly label: string
}

interface OpenedReply {
  readonly settings: VolumeSettings
}

/** Rejects with what the opener threw; the worker is gone then. */
export async function startWorkerEngine(options: WorkerEngineOptions): Promise<Engine> {
  const started = startWorker(options)
  try {
    return finish(started, options, (await started.transport.call('opened', [])) as OpenedReply)
  } catch (error) {
    await started.worker.terminate()
    throw error
  }
}

/** The same, blocking this thread until the volume is open. */
export function startWorkerEngineSync(options: WorkerEngineOptions): Engine {
  const started = startWorker(options)
  try {
    return finish(started, options, started.transport.callSync('opened', [], () => {}) as OpenedReply)
  } catch (error) {
    void started.worker.terminate()
    throw error
  }
}

interface StartedWorker {
  readonly worker: Worker
  readonly transport: PortCaller
  readonly cache: SharedArrayBuffer
}

function startWorker({ opener }: WorkerEngineOptions): StartedWorker {
  const [mine, engines] = createThreadPorts()
  const { memory: cache } = createCacheMemory()
  const { uid, gid, groups, umask } = processCaller()
  const workerData: EngineWorkerData = { opener, cache, owner: { uid, gid, groups, umask }, thread: engines }
  // What the program was started with (loaders, --import, by argument or NODE_OPTIONS) is not the engine's business; a
  // hook that itself opens a volume would start engines without end.
  const { NODE_OPTIONS: _, ...env } = process.env
  const worker = new Worker(workerFile(), {
    workerData,
    transferList: [engines.port],
    execArgv: [],
    env,
    name: 'bucketfs',
  })
  let cause: Error | undefined
  const lost = (): VolumeError =>
    new VolumeError('EIO', { message: "the engine's thread is gone; open the volume again", cause })
  // The port closes before the worker tells why it ended; its exit must not be missed because nothing else is pending.
  const transport = new PortCaller(mine, () => worker.ref())
  worker.on('error', (error: Error) => (cause = error))
  worker.on('exit', () => transport.end(lost))
  worker.unref()
  return { worker, transport, cache }
}

/** Under a TypeScript loader (vitest) the worker still runs what the build made: workers inherit no loader. */
function workerFile(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../../dist/engine/thread/worker-main.js' : './worker-main.js'
  return new URL(built, import.meta.url)
}

function finish(
  { worker, transport, cache }: StartedWorker,
  options: WorkerEngineOptions,
  { settings }: OpenedReply,
): Engine {
  const owner = processCaller()
  const keptAtExit = drainAtExit(options.label, (waitMsMax) => {
    transport.callSync('shutdown', [waitMsMax], () => {})
  })
  const close = async (): Promise<void> => {
    // The engine lives on for other threads, and is still drained at exit, until the last of them has detached.
    worker.once('exit', () => keptAtExit.forget())
    let othersGoOn = false
    try {
      othersGoOn = (await transport.call('retire', [])) as boolean
      await transport.call(othersGoOn ? 'sync' : 'shutdown', [])
    } finally {
      if (!othersGoOn) {
        // What failed has been told here, and is not told again at exit.
        keptAtExit.forget()
        transport.end(closedVolume)
        await worker.terminate()
      }
    }
  }
  const client = createClient({ transport, reader: new CacheReader(cache, owner), close })
  return {
    client,
    settings,
    host: (moduleUrl, hostOptions) => host(transport, String(moduleUrl), hostOptions),
    port: () => ({
      ...transport.attach(),
      cache,
      owner: { uid: owner.uid, gid: owner.gid, groups: owner.groups, umask: owner.umask },
    }),
    close: () => client.close(),
  }
}

async function host(transport: PortCaller, moduleUrl: string, options: unknown): Promise<HostedDoor> {
  const { id, info } = (await transport.call('host', [moduleUrl, options])) as {
    readonly id: number
    readonly info: unknown
  }
  return {
    info,
    close: async () => {
      await transport.call('unhost', [id])
    },
  }
}
