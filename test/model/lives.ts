// The two kinds of random lives that the model tests and proofs run.

import fc from 'fast-check'
import type { Durability } from '../../src/volume/settings.ts'
import { live } from './agreement.ts'
import { commandOf } from './arbitraries.ts'
import { foreignAct } from './foreign-writer.ts'
import { checkMany } from './replay.ts'

const own = commandOf({ wild: true, xattrs: true, sizeMax: 9000 })
const alone = fc.array(own, { maxLength: 50, size: 'max' })
const among = fc.array(fc.oneof({ weight: 5, arbitrary: own }, { weight: 1, arbitrary: foreignAct }), {
  maxLength: 50,
  size: 'max',
})
/** Nothing is believed longer than one call, so what is to be shown is exact. */
const ttls = { attributesTtlMs: 0, listingTtlMs: 0, negativeTtlMs: 0 }
const sight = { times: true }

export async function liveAlone(durability: Durability, runs: number): Promise<void> {
  await checkMany(alone, runs, (sequence) => live({ settings: { durability }, sight }, sequence))
}

/** With somebody else on the same bucket. */
export async function liveAmongOthers(durability: Durability, runs: number): Promise<void> {
  await checkMany(among, runs, (sequence) => live({ settings: { durability, ...ttls }, sight }, sequence))
}
