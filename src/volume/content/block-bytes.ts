// Bytes out of consecutive blocks: as a view when they lie in one buffer (one reply), else copied together.

import type { Block } from './cache/cached-version.ts'

/** [offset, end) of the file, out of `blocks` of `unit` bytes which cover it in order. Shared when it is a view. */
export function bytesOfBlocks(blocks: readonly Block[], unit: number, offset: number, end: number): Uint8Array {
  const first = blocks[0] as Block
  const start = first.index * unit
  if (blocks.length === 1) return first.bytes.subarray(offset - start, end - start)
  if (isOneBuffer(blocks))
    return new Uint8Array(first.bytes.buffer, first.bytes.byteOffset + offset - start, end - offset)
  const result = new Uint8Array(end - offset)
  for (const block of blocks) copyBlock(block, unit, offset, result)
  return result
}

/** What `block` has of the bytes from `offset` that `result` is to hold. */
export function copyBlock(block: Block, unit: number, offset: number, result: Uint8Array): void {
  const start = block.index * unit
  const from = Math.max(offset, start)
  const to = Math.min(start + block.bytes.byteLength, offset + result.byteLength)
  if (from < to) result.set(block.bytes.subarray(from - start, to - start), from - offset)
}

function isOneBuffer(blocks: readonly Block[]): boolean {
  for (let i = 1; i < blocks.length; i++) {
    const { memory, bytes } = blocks[i - 1] as Block
    const next = blocks[i] as Block
    if (next.memory !== memory || bytes.byteOffset + bytes.byteLength !== next.bytes.byteOffset) return false
  }
  return true
}
