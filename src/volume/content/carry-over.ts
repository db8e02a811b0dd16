// After a write-back: what memory knows of the version just written, without asking for it. Blocks that lie in clean
// pieces are the old version's own; others are put together from what was written, as far as memory is free.

import { clippedPieces } from './extents.ts'
import type { Piece, ZeroPiece } from './extents.ts'
import type { FrozenContent } from './file-content.ts'
import type { BlockCache } from './cache/block-cache.ts'
import type { CachedVersion } from './cache/cached-version.ts'
import type { MemoryBudget } from './memory-budget.ts'
import type { Version } from '../inode.ts'

export interface CarryDeps {
  readonly cache: BlockCache
  readonly budget: MemoryBudget
}

/** Whether `version`, which holds what `frozen` says, has the bytes of the old version and no others. */
export function isUnchanged({ base, size, pieces }: FrozenContent): boolean {
  return base !== null && base.size === size && pieces.every(({ kind }) => kind === 'base')
}

/** Fills the cache of `version`. That of the base is left alone. */
export function carryOver(deps: CarryDeps, frozen: FrozenContent, version: Version): void {
  const { blockBytes } = deps.cache
  const old = frozen.base && deps.cache.find(frozen.base)
  if (old) shareBlocks(deps, frozen, old, version)
  let done = 0
  for (const { kind, offset, length } of frozen.pieces) {
    if (kind === 'base') continue
    const last = Math.floor((offset + length - 1) / blockBytes)
    for (let index = Math.max(done, Math.floor(offset / blockBytes)); index <= last; index++) {
      if (!makeBlock(deps, frozen, old, version, index)) return
    }
    done = last + 1
  }
}

function shareBlocks({ cache }: CarryDeps, frozen: FrozenContent, old: CachedVersion, version: Version): void {
  const owner = cache.of(version)
  for (const { index, bytes, memory } of old.blocks.values()) {
    const start = index * cache.blockBytes
    const length = Math.min(cache.blockBytes, version.size - start)
    if (length !== bytes.byteLength) continue
    if (clippedPieces(frozen.pieces, start, length).some(({ kind }) => kind !== 'base')) continue
    memory.blocks++
    cache.add([{ owner, index, small: false, bytes, memory, ahead: false }])
  }
  cache.settle(owner)
}

/** False when memory is short. */
function makeBlock(
  { cache, budget }: CarryDeps,
  frozen: FrozenContent,
  old: CachedVersion | null | undefined,
  version: Version,
  index: number,
): boolean {
  const start = index * cache.blockBytes
  const length = Math.min(cache.blockBytes, version.size - start)
  const parts: { readonly at: number; readonly bytes: Uint8Array }[] = []
  for (const piece of clippedPieces(frozen.pieces, start, length)) {
    if (piece.kind === 'zero') continue
    const part = partOf(piece, old, cache.blockBytes)
    if (!part) return true
    parts.push({ at: piece.offset - start, bytes: part })
  }
  if (!budget.tryTake(length, 'clean')) return false
  const bytes = new Uint8Array(length)
  for (const part of parts) bytes.set(part.bytes, part.at)
  const owner = cache.of(version)
  cache.add([{ owner, index, small: false, bytes, memory: { bytes: length, blocks: 1 }, ahead: false }])
  return true
}

/** Bytes of a piece within one block, or undefined when they are not in memory. */
function partOf(
  piece: Exclude<Piece, ZeroPiece>,
  old: CachedVersion | null | undefined,
  blockBytes: number,
): Uint8Array | undefined {
  const { offset, length } = piece
  if (piece.kind === 'dirty') return piece.bytes.view(piece.start, length)
  const index = Math.floor(offset / blockBytes)
  const from = offset - index * blockBytes
  return old?.blocks.get(index)?.bytes.subarray(from, from + length)
}
