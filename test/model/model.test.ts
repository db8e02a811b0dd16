// Random command sequences agree with the reference, under each durability: alone on the bucket, and with somebody else on it
// between any two calls.

import { describe, it } from 'vitest'
import { liveAlone, liveAmongOthers } from './lives.ts'

describe.each(['bucket', 'journal', 'memory'] as const)('under %s', (durability) => {
  it(
    'answers any sequence of calls as the reference does, and leaves its tree in the bucket',
    { timeout: 300_000 },
    async () => {
      await liveAlone(durability, 300)
    },
  )

  it('agrees with the reference while others write to the bucket', { timeout: 300_000 }, async () => {
    await liveAmongOthers(durability, 200)
  })
})
