// What a program may ask of a file system, as plain data, and how answers are compared. Handles live in slots, so that
// several are open at once. `ask-volume.ts` and `ask-reference.ts` carry commands out, `arbitraries.ts` makes them up.

import type { Attributes } from '../../src/volume/types.ts'
import type { RefNode } from './reference-tree.ts'

export type Command =
  | { readonly op: 'open'; readonly slot: number; readonly path: string; readonly flags: number; readonly mode: number }
  | { readonly op: 'read'; readonly slot: number; readonly offset: number; readonly length: number }
  | { readonly op: 'write'; readonly slot: number; readonly offset: number; readonly text: string }
  | { readonly op: 'ftruncate'; readonly slot: number; readonly size: number }
  | { readonly op: 'fstat'; readonly slot: number }
  | { readonly op: 'fsync'; readonly slot: number }
  | { readonly op: 'close'; readonly slot: number }
  | {
      readonly op: 'writeFile'
      readonly path: string
      readonly text: string
      readonly flags: number
      readonly mode: number
    }
  | { readonly op: 'readFile' | 'readlink' | 'realpath' | 'readdir' | 'unlink' | 'rmdir'; readonly path: string }
  | { readonly op: 'stat'; readonly path: string; readonly follow: boolean }
  | { readonly op: 'mkdir'; readonly path: string; readonly mode: number }
  | { readonly op: 'mkdtemp'; readonly path: string }
  | { readonly op: 'symlink'; readonly target: string; readonly path: string }
  | { readonly op: 'rename'; readonly path: string; readonly to: string }
  | { readonly op: 'copyFile'; readonly path: string; readonly to: string; readonly exclusive: boolean }
  | { readonly op: 'remove'; readonly path: string; readonly recursive: boolean; readonly force: boolean }
  | { readonly op: 'truncate'; readonly path: string; readonly size: number }
  | { readonly op: 'chmod'; readonly path: string; readonly mode: number }
  | {
      readonly op: 'utimes'
      readonly path: string
      readonly atimeNs: bigint
      readonly mtimeNs: bigint
      readonly follow: boolean
    }
  | { readonly op: 'setXattr'; readonly path: string; readonly name: string; readonly value: string }
  | { readonly op: 'removeXattr'; readonly path: string; readonly name: string }
  | { readonly op: 'wait'; readonly ms: number }
  | { readonly op: 'sync' }

export type Outcome = unknown

/** How much of an answer is compared. */
export interface Sight {
  readonly times: boolean
  /** Seen by a volume that made none of the changes. */
  readonly later?: boolean
}

/** What is compared of attributes. Sizes and links of directories are nobody's promise. */
export function viewOf(attributes: Attributes, sight: Sight): Outcome {
  const { type, mode, size, mtimeNs, atimeNs, nlink } = attributes
  const isFile = type === 'file'
  return { type, mode: mode & 0o7777, ...(isFile && { size, nlink }), ...(sight.times && { mtimeNs, atimeNs }) }
}

export function viewOfNode(node: RefNode, sight: Sight): Outcome {
  const { kind, mode, bytes, mtimeNs, atimeNs, isNamed } = node
  const isFile = kind === 'file'
  return {
    ...{ type: kind, mode },
    ...(isFile && { size: bytes.byteLength, nlink: isNamed ? 1 : 0 }),
    ...(sight.times && { mtimeNs: node.isTimed && !(sight.later && node.hasDrifted) ? mtimeNs : null, atimeNs }),
  }
}

/** Null in what is expected is what nobody promises. */
export function agree(expected: Outcome, actual: Outcome): boolean {
  return (
    JSON.stringify(expected, plain) ===
    JSON.stringify(actual, (key, value) => (isOpen(expected, key) ? null : plain(key, value)))
  )
}

function isOpen(expected: Outcome, key: string): boolean {
  return (key === 'mtimeNs' || key === 'atimeNs') && (expected as Record<string, unknown> | null)?.[key] === null
}

export function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
export const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')
