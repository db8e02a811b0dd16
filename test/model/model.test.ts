// Random command sequences agree with the reference, under each durability.

import fc from 'fast-check'
import { describe, it } from 'vitest'
import { live } from './agreement.ts'
import { commandOf } from './arbitraries.ts'
import { checkMany } from './replay.ts'

const commands = fc.array(commandOf({ wild: true, xattrs: true, sizeMax: 9000 }), { maxLength: 50, size: 'max' })

describe.each(['bucket', 'journal', 'memory'] as const)('under %s', (durability) => {
  it(
    'answers any sequence of calls as the reference does, and leaves its tree in the bucket',
    { timeout: 300_000 },
    async () => {
      await checkMany(commands, 400, (sequence) => live({ settings: { durability }, sight: { times: true } }, sequence))
    },
  )
})
