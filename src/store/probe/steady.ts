// The ground a probe stands on: one base object, and answers that are not confused with a bad connection.

import { isStoreError } from '../../base/errors.ts'
import type { CallOptions, ObjectStore } from '../store.ts'

export interface Bench {
  readonly store: ObjectStore
  /** Ends in a slash; everything the probe makes is below. */
  readonly folder: string
  readonly call: CallOptions
  /** An object nobody changes, and its ETag. */
  readonly base: string
  readonly etag: string
  readonly text: Uint8Array
}

export const probeCall: CallOptions = { purpose: 'probe', priority: 'foreground' }
export const plainHeaders: { readonly metadata: Readonly<Record<string, string>> } = { metadata: {} }
/** No object has it. */
export const wrongEtag: string = '00000000000000000000000000000000'

/** Sends in all of one step; its effect may be had twice, a probe's objects are its own. */
const attemptsMax = 3

/** Runs a step again when the connection, not the bucket, answered. */
export async function steady<T>(step: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step()
    } catch (error) {
      const passing = isStoreError(error, 'unavailable', 'timeout', 'throttled', 'corrupt')
      if (!passing || attempt >= attemptsMax) throw error
    }
  }
}

/** Whether the bucket refuses `step` for its condition. False when it does as told, or knows no such call. */
export async function refuses(step: () => Promise<unknown>): Promise<boolean> {
  try {
    await steady(step)
    return false
  } catch (error) {
    if (isStoreError(error, 'precondition', 'conflict')) return true
    return lacking(error)
  }
}

/** Whether the bucket does `step`. */
export async function allows(step: () => Promise<unknown>): Promise<boolean> {
  try {
    await steady(step)
    return true
  } catch (error) {
    return lacking(error)
  }
}

/** False for an answer of the bucket's; what no bucket said is thrown. */
function lacking(error: unknown): false {
  if (isStoreError(error) && error.kind !== 'credentials' && error.kind !== 'aborted' && error.kind !== 'no-bucket')
    return false
  throw error
}
