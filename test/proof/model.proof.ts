// The model tests, twenty times as long.

import { describe, it } from 'vitest'
import { liveAlone, liveAmongOthers } from '../model/lives.ts'

const runs = Math.max(1, Math.round(5000 * Number(process.env['SCALE'] ?? 1)))

describe.each(['bucket', 'journal', 'memory'] as const)('under %s', (durability) => {
  it('answers any sequence of calls as the reference does', () => liveAlone(durability, runs))

  it('agrees with the reference while others write to the bucket', () => liveAmongOthers(durability, runs))
})
