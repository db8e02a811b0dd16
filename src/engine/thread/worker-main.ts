// The engine's own thread. Started by `worker-engine.ts`; lives as long as a thread is attached.

import { workerData } from 'node:worker_threads'
import type { Caller } from '../../volume/types.ts'
import { runOpener } from '../composed.ts'
import type { OpenerModule } from '../composed.ts'
import { EngineCore } from './engine-core.ts'
import type { ThreadPort } from '../rpc/messages.ts'

export interface EngineWorkerData {
  readonly opener: OpenerModule
  readonly cache: SharedArrayBuffer
  readonly owner: Caller
  readonly thread: ThreadPort
}

const { opener, cache, owner, thread } = workerData as EngineWorkerData
const core = new EngineCore({ composed: runOpener(opener), cache, owner })
core.attach(thread)
// Also runs for an uncaught exception: whoever sleeps in a synchronous call must not sleep for ever.
process.on('exit', () => core.markDead())
