import type { Version } from '../inode.ts'
import type { CopyPlan } from './copy-object.ts'
import type { ObjectDeps } from './object-deps.ts'
import { writeFrozen } from './write-frozen.ts'

// A copy past what one COPY takes: the source as a content of clean pieces only, so that all of it goes as part copies.

export async function copyByParts(deps: ObjectDeps, plan: CopyPlan): Promise<Version> {
  const { from, key, condition, writeId, tags, call } = plan
  const { size } = from
  const version = await writeFrozen(deps, {
    key,
    condition,
    frozen: { base: from, size, pieces: [{ kind: 'base', offset: 0, length: size, generation: 0 }], generation: 0 },
    headers: plan.headers ?? from.headers ?? { metadata: {} },
    writeId,
    tags,
    replaces: from,
    inParts: true,
    signal: call.signal,
    waiting: call.priority !== 'background',
  })
  return { ...version, checksum: version.checksum ?? plan.checksum }
}
