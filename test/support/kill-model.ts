// What a killed program was told is safe: a tree of acknowledged states, and what the operation under way may have made of
// it. States are compared as the texts that `kill-program.mjs` reports.

import { createHash } from 'node:crypto'

export interface KillStep {
  readonly op:
    | 'write'
    | 'append'
    | 'patch'
    | 'truncate'
    | 'chmod'
    | 'mkdir'
    | 'symlink'
    | 'rename'
    | 'unlink'
    | 'removeTree'
    | 'synced'
    | 'finish'
    | 'sync'
  readonly path: string
  readonly to?: string
  readonly id?: string
  readonly size?: number
  readonly offset?: number
  readonly mode?: number
  readonly target?: string
}

export interface KillEntry {
  readonly kind: 'file' | 'directory' | 'symlink'
  readonly bytes: Uint8Array
  readonly mode: number
  readonly target: string
}

export type KillTree = ReadonlyMap<string, KillEntry>

const empty = new Uint8Array(0)

/** The tree after the step is done. */
export function after(tree: KillTree, step: KillStep): KillTree {
  const { op, path, to = '', mode = 0, target = '' } = step
  const result = new Map(tree)
  const before = tree.get(path)
  const file = (bytes: Uint8Array): unknown =>
    result.set(path, { kind: 'file', bytes, mode: before?.mode ?? 0o644, target: '' })
  const bytes = before?.bytes ?? empty
  switch (op) {
    case 'write':
    case 'synced':
      file(contentOf(step))
      break
    case 'append':
    case 'finish':
      file(Buffer.concat([bytes, contentOf(step)]))
      break
    case 'patch':
      // Writing nothing does not grow a file.
      if (step.size !== 0) file(patched(bytes, step.offset ?? 0, contentOf(step)))
      break
    case 'truncate':
      file(patched(bytes.slice(0, step.size), step.size ?? 0, empty))
      break
    case 'chmod':
      if (before) result.set(path, { ...before, mode })
      break
    case 'mkdir':
      result.set(path, { kind: 'directory', bytes: empty, mode: 0, target: '' })
      break
    case 'symlink':
      result.set(path, { kind: 'symlink', bytes: empty, mode: 0, target })
      break
    case 'sync':
      break
    case 'rename':
    case 'unlink':
    case 'removeTree':
      for (const [each, entry] of tree) {
        if (each !== path && !each.startsWith(`${path}/`)) continue
        result.delete(each)
        if (op === 'rename') result.set(to + each.slice(path.length), entry)
      }
  }
  return result
}

/** Which trees a killed step may leave: none of it, or all; where POSIX itself has states between, those too. */
export function possible(tree: KillTree, step: KillStep): KillTree[] {
  const trees = [tree, after(tree, step)]
  const cut = (size: number): KillTree =>
    after(after(tree, { ...step, op: 'truncate', size: 0 }), { ...step, op: 'write', size })
  // open creates or truncates, then comes the write: also inside writeFile, as on every disk.
  if (step.op === 'synced' || step.op === 'write') trees.push(cut(0))
  return trees
}

export function textOf({ kind, bytes, mode, target }: KillEntry): string {
  if (kind === 'directory') return 'directory'
  if (kind === 'symlink') return `symlink ${target}`
  return `file ${bytes.byteLength} ${createHash('sha1').update(bytes).digest('hex')} ${mode.toString(8)}`
}

function contentOf({ id = '', size = 0 }: KillStep): Uint8Array {
  return Buffer.alloc(size, `${id}.`)
}

function patched(bytes: Uint8Array, offset: number, patch: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.max(bytes.byteLength, offset + patch.byteLength))
  result.set(bytes)
  result.set(patch, offset)
  return result
}
