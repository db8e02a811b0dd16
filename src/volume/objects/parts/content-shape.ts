import type { FileContent, FrozenContent } from '../../content/file-content.ts'
import type { Version } from '../../inode.ts'

// What a piece table tells of how a file came to be.

/** Whether the last `length` bytes were written one after another, as far as one can see afterwards. */
export function isWrittenInOrder(content: FileContent, length: number): boolean {
  if (content.size < length) return false
  return content.pieces(content.size - length, length).every(({ kind }) => kind === 'dirty')
}

/** Whether the content is that version and nothing else. */
export function isAllOf(frozen: FrozenContent, version: Version): boolean {
  const { base, size, pieces } = frozen
  return base?.key === version.key && size === version.size && pieces.every(({ kind }) => kind === 'base')
}
