// Random command sequences with somebody else on the same bucket agree with the reference, under each durability. Nothing is
// believed longer than one call (TTLs of 0), so what is to be shown is exact.

import fc from 'fast-check'
import { describe, it } from 'vitest'
import { live } from './agreement.ts'
import { commandOf } from './arbitraries.ts'
import { foreignAct } from './foreign-writer.ts'
import { checkMany } from './replay.ts'

const commands = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: commandOf({ wild: true, xattrs: true, sizeMax: 9000 }) },
    { weight: 1, arbitrary: foreignAct },
  ),
  { maxLength: 50, size: 'max' },
)
const ttls = { attributesTtlMs: 0, listingTtlMs: 0, negativeTtlMs: 0 }

describe.each(['bucket', 'journal', 'memory'] as const)('under %s', (durability) => {
  it('agrees with the reference while others write to the bucket', { timeout: 300_000 }, async () => {
    await checkMany(commands, 250, (sequence) =>
      live({ settings: { durability, ...ttls }, sight: { times: true } }, sequence),
    )
  })
})
