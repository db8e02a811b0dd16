// The sha256 of a body, for services that want it signed.

import { createHash } from 'node:crypto'
import { MiB } from '../../base/bytes.ts'
import { StoreError } from '../../base/errors.ts'
import { bodyPieces, bodySize, collectBody, isReplayable } from '../body.ts'
import type { Body } from '../store.ts'
import type { Refused } from './refusal.ts'

/** A body that cannot be read twice is kept in memory to be hashed, up to this. */
const hashedBytesMax = 64 * MiB

/** The sha256 of a body, and the body to send: a stream that runs once is collected for it. */
export async function hashed({ operation, key }: Refused, body: Body): Promise<[string, Body]> {
  const size = bodySize(body)
  if (!isReplayable(body) && size > hashedBytesMax) {
    throw new StoreError({
      kind: 'unsupported',
      operation,
      key,
      message: 'a stream this long cannot be hashed before it is sent',
    })
  }
  const sent = isReplayable(body) ? body : await collectBody(body)
  const hash = createHash('sha256')
  let hashedBytes = 0
  for await (const piece of bodyPieces(sent)) {
    hashedBytes += piece.byteLength
    hash.update(piece)
  }
  if (hashedBytes === size) return [hash.digest('hex'), sent]
  throw new StoreError({
    kind: 'corrupt',
    operation,
    key,
    code: 'IncompleteBody',
    message: `the body has ${hashedBytes} of ${size} bytes`,
  })
}
