// The engine's own thread. Started by `worker-engine.ts`; lives as long as a thread is attached.

import { workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { Caller } from '../volume/types.ts'
import { runOpener } from './composed.ts'
import type { OpenerModule } from './composed.ts'
import { EngineCore } from './engine-core.ts'

export interface EngineWorkerData {
  readonly opener: OpenerModule
  readonly cache: SharedArrayBuffer
  readonly owner: Caller
  readonly port: MessagePort
}

const { opener, cache, owner, port } = workerData as EngineWorkerData
const core = new EngineCore({ composed: runOpener(opener), cache, owner })
core.attach(port)
// Also runs for an uncaught exception: whoever sleeps in a synchronous call must not sleep for ever.
process.on('exit', () => core.markDead())
