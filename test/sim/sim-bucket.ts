// The bucket of a simulation: in memory, with a network that fails by the seed, a notary that sees every request arrive
// (conditions, contents), and a process that may die between any two of them.

import { StoreError } from '../../src/base/errors.ts'
import type { Random } from '../../src/base/random.ts'
import { composeStore } from '../../src/store/compose.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { ObjectStore, WriteCondition } from '../../src/store/store.ts'
import { withFaults, type FaultRule } from '../../src/store/with-faults.ts'
import { wrapStore, type StoreCall } from '../../src/store/wrap.ts'
import type { SimClock } from './sim-clock.ts'

export type Planted = 'no-conditions' | 'early-sync' | undefined

const simLimits = { partBytesMin: 4096 }

export interface SimBucket {
  /** What foreign writers use, and the end of the simulation: no faults. */
  readonly plain: ObjectStore
  /** Requests and outcomes in order. */
  readonly trace: string[]
  /** What must never arrive, and did. */
  readonly violations: string[]
  /** Every body that ever was visible under a key. */
  readonly bodies: Set<string>
  /** A connection for one process; dead once `isAlive` says so. */
  connect(isAlive: () => boolean, onEvent: () => void): ObjectStore
  calm(): void
}

export function createSimBucket(clock: SimClock, random: Random, faulty: boolean, planted: Planted): SimBucket {
  const plain = createMemoryStore({ clock, random, limits: simLimits })
  const trace: string[] = []
  const violations: string[] = []
  const bodies = new Set<string>()
  const rules: FaultRule[] = [{ fault: 'delay', delayMsMax: 40 }]
  if (faulty)
    rules.push(
      { fault: 'lost-request', probability: 0.02 },
      { fault: 'lost-reply', probability: 0.02 },
      { fault: 'slow-down', probability: 0.02, retryAfterMs: 200 },
      { fault: 'truncated-body', probability: 0.02 },
      { fault: 'flipped-body', probability: 0.02 },
      { fault: 'duplicate', probability: 0.01 },
    )
  const watched = wrapStore(plain, async (call, run) => {
    notarise(call, violations)
    if (call.body instanceof Uint8Array) bodies.add(Buffer.from(call.body).toString('latin1'))
    else if (Array.isArray(call.body)) bodies.add(Buffer.concat(call.body as Uint8Array[]).toString('latin1'))
    return run()
  })
  return {
    plain,
    trace,
    violations,
    bodies,
    calm: () => void rules.splice(1),
    connect(isAlive, onEvent) {
      // A request that is under way when its process dies never arrives.
      const reached = wrapStore(watched, async (call, run) => {
        if (!isAlive()) throw dead(call)
        // The planted bug: an engine that forgets to say what it believes to replace.
        const forgets = planted === 'no-conditions' && call.operation === 'put'
        return run(forgets ? ({ ifMatch: undefined, ifNoneMatch: undefined } as object) : undefined)
      })
      const own = wrapStore(withFaults(reached, { clock, random, rules }), async (call, run) => {
        if (!isAlive()) throw dead(call)
        onEvent()
        if (!isAlive()) throw dead(call)
        const began = Math.round(clock.elapsedMs)
        try {
          const reply = await run()
          trace.push(`${began} ${call.operation} ${call.key ?? ''} ok`)
          onEvent()
          if (!isAlive()) throw dead(call)
          return reply
        } catch (error) {
          trace.push(`${began} ${call.operation} ${call.key ?? ''} ${(error as StoreError).kind}`)
          throw error
        }
      })
      return composeStore(own, { clock, random }).store
    },
  }
}

function dead(call: StoreCall): StoreError {
  return new StoreError({ kind: 'aborted', operation: call.operation, key: call.key, message: 'the process is dead' })
}

/** P2 as it can be seen from the bucket: nothing of a user is replaced or deleted without naming the version. */
function notarise(call: StoreCall, violations: string[]): void {
  const { operation, key = '' } = call
  if (key.startsWith('.bucketfs/')) return
  const replaces =
    operation === 'put' || operation === 'copy' || operation === 'completeUpload' || operation === 'delete'
  const { ifMatch, ifNoneMatch } = call.options as WriteCondition
  if (replaces && ifMatch === undefined && ifNoneMatch === undefined)
    violations.push(`unconditional ${operation} ${key}`)
}
