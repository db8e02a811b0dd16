// A store that goes wrong on purpose, by rules and a seed: the network and the service of a simulation. A client
// cannot tell a request lost on its way from a reply lost on its way back, so both failures are marked ambiguous.

import type { Clock } from '../base/clock.ts'
import { StoreError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { isReplayable } from './body.ts'
import type { GetReply, ObjectStore } from './store.ts'
import { pause, wrapStore, type Operation, type RunCall, type StoreCall } from './wrap.ts'

export type FaultKind =
  | 'lost-request' // no effect, connection reset
  | 'lost-reply' // the effect happened, connection reset
  | 'slow-down' // 503, no effect
  | 'truncated-body' // a get gives fewer bytes
  | 'flipped-body' // a get gives one wrong bit
  | 'delay'
  | 'duplicate' // delivered twice; the answer is the second one's

export interface FaultRule {
  readonly fault: FaultKind
  /** Default: every operation. */
  readonly operations?: readonly Operation[] | undefined
  /** Default: every key. */
  readonly matches?: ((call: StoreCall) => boolean) | undefined
  /** Default 1. */
  readonly probability?: number | undefined
  /** Matching calls let through first. Default 0. */
  readonly after?: number | undefined
  /** Times the rule strikes at most. Default: no end. */
  readonly times?: number | undefined
  /** For 'delay': upper bound, uniform. Default 1,000. */
  readonly delayMsMax?: number | undefined
  /** For 'slow-down'. */
  readonly retryAfterMs?: number | undefined
}

export interface FaultOptions {
  readonly clock: Clock
  readonly random: Random
  /** The first rule that strikes wins; 'delay' goes on to the next. */
  readonly rules: readonly FaultRule[]
  readonly onFault?: ((fault: FaultKind, call: StoreCall) => void) | undefined
}

interface RuleState {
  readonly rule: FaultRule
  seen: number
  struck: number
}

export function withFaults(store: ObjectStore, options: FaultOptions): ObjectStore {
  const states = options.rules.map((rule): RuleState => ({ rule, seen: 0, struck: 0 }))
  return wrapStore(store, async (call, run) => {
    for (const state of states) {
      if (!strikes(state, call, options.random)) continue
      const { rule } = state
      options.onFault?.(rule.fault, call)
      if (rule.fault !== 'delay') return strike(rule, call, run, options.random)
      await pause(options.clock, options.random.float() * (rule.delayMsMax ?? 1000), call)
    }
    return run()
  })
}

function strikes(state: RuleState, call: StoreCall, random: Random): boolean {
  const { rule } = state
  if (rule.operations && !rule.operations.includes(call.operation)) return false
  if (rule.matches && !rule.matches(call)) return false
  if (bodyFaults.has(rule.fault) && call.operation !== 'get') return false
  if (rule.fault === 'duplicate' && call.body !== undefined && !isReplayable(call.body)) return false
  if (state.struck >= (rule.times ?? Number.POSITIVE_INFINITY)) return false
  if (state.seen++ < (rule.after ?? 0)) return false
  if (rule.probability !== undefined && random.float() >= rule.probability) return false
  state.struck++
  return true
}

const bodyFaults: ReadonlySet<FaultKind> = new Set<FaultKind>(['truncated-body', 'flipped-body'])

async function strike<T>(rule: FaultRule, call: StoreCall, run: RunCall<T>, random: Random): Promise<T> {
  const { operation, key } = call
  const reset = (message: string): StoreError =>
    new StoreError({ kind: 'unavailable', operation, key, code: 'ECONNRESET', message, ambiguous: true })
  switch (rule.fault) {
    case 'lost-request':
      throw reset('planted: request lost')
    case 'lost-reply':
      // Its own failure is lost with the reply.
      await run().catch((error: unknown) => error)
      throw reset('planted: reply lost')
    case 'slow-down': {
      const { retryAfterMs } = rule
      throw new StoreError({ kind: 'throttled', operation, key, status: 503, code: 'SlowDown', retryAfterMs })
    }
    case 'duplicate':
      await run().catch((error: unknown) => error)
      return run()
    case 'truncated-body':
    case 'flipped-body':
      return damaged((await run()) as GetReply, rule.fault, random) as T
    case 'delay':
      return run()
  }
}

function damaged(reply: GetReply, fault: FaultKind, random: Random): GetReply {
  const { body } = reply
  if (body.byteLength === 0) return reply
  const at = random.uint32() % body.byteLength
  if (fault === 'truncated-body') return { ...reply, body: body.subarray(0, at) }
  const flipped = body.slice()
  flipped[at] = (flipped[at] as number) ^ (1 << (random.uint32() % 8))
  return { ...reply, body: flipped }
}
