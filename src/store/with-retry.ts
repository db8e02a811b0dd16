// Retries what is safe to send again, with full jitter, honouring Retry-After, within a budget shared by all calls so
// that a broken service is not hammered.
//
// Never blind: a conditional change, a Complete or a createUpload whose effect is unknown goes back to the volume, which
// looks with HEAD. A refusal that names no effect (503 before anything happened) may always be repeated. 409 needs a
// new look at the object and is the volume's too. Bodies are sent again only if they can be.

import type { Clock } from '../base/clock.ts'
import { isStoreError, type StoreError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { isReplayable } from './body.ts'
import type { ObjectStore } from './store.ts'
import { mutations, pause, wrapStore, type StoreCall } from './wrap.ts'

export interface RetryOptions {
  readonly clock: Clock
  readonly random: Random
  /** Sends in all, the first included. */
  readonly attemptsMax?: number | undefined
  /** Upper bound of the first delay; doubles with each attempt. */
  readonly delayMsFirst?: number | undefined
  readonly delayMsMax?: number | undefined
  /** Retries allowed in a row across all calls; each success gives a part of one back. */
  readonly budgetMax?: number | undefined
  readonly onRetry?: ((call: StoreCall, error: StoreError, delayMs: number) => void) | undefined
}

/** 8 attempts from 50 ms reach about 6 s on average: past a SlowDown, short of a caller's patience. */
const retryDefaults: {
  readonly attemptsMax: number
  readonly delayMsFirst: number
  readonly delayMsMax: number
  readonly budgetMax: number
} = { attemptsMax: 8, delayMsFirst: 50, delayMsMax: 5000, budgetMax: 200 }

/** A server that asks for more patience than this is treated as failed for now. */
const retryAfterMsMax = 60_000
/** Bytes that arrive wrong this often are not a passing fault. */
const corruptAttemptsMax = 3
const successGivesBack = 0.2

export function withRetry(store: ObjectStore, options: RetryOptions): ObjectStore {
  const { clock, random } = options
  const attemptsMax = options.attemptsMax ?? retryDefaults.attemptsMax
  const delayMsFirst = options.delayMsFirst ?? retryDefaults.delayMsFirst
  const delayMsMax = options.delayMsMax ?? retryDefaults.delayMsMax
  const budgetMax = options.budgetMax ?? retryDefaults.budgetMax
  let budget = budgetMax
  return wrapStore(store, async (call, run) => {
    for (let attempt = 1; ; attempt++) {
      try {
        const reply = await run()
        budget = Math.min(budgetMax, budget + successGivesBack)
        return reply
      } catch (error) {
        if (attempt >= attemptsMax || budget < 1 || !mayRetry(call, error, attempt)) throw error
        budget--
        const jitter = random.float() * Math.min(delayMsMax, delayMsFirst * 2 ** (attempt - 1))
        const delayMs = Math.max(jitter, error.retryAfterMs ?? 0)
        options.onRetry?.(call, error, delayMs)
        await pause(clock, delayMs, call)
      }
    }
  })
}

/** Whether sending `call` again after `error` can neither lose nor double an effect. */
function mayRetry(call: StoreCall, error: unknown, attempt: number): error is StoreError {
  if (!isStoreError(error) || !error.retry || error.kind === 'conflict') return false
  if (error.kind === 'corrupt' && attempt >= corruptAttemptsMax) return false
  if ((error.retryAfterMs ?? 0) > retryAfterMsMax) return false
  if (call.body !== undefined && !isReplayable(call.body)) return false
  return !error.ambiguous || !mutations.has(call.operation) || isIdempotent(call)
}

function isIdempotent(call: StoreCall): boolean {
  return !call.conditional && call.operation !== 'completeUpload' && call.operation !== 'createUpload'
}
