// The volume's calls as the wire knows them: a call travels as its index in `callNames`. Both ends are the same build,
// so the order may change freely.

import type { VolumeCalls } from '../../volume/calls.ts'
import type { Caller } from '../../volume/types.ts'

export type CallName = keyof VolumeCalls

/** What a call does to the shared cache: nothing, publish its result, or change files. */
export type CallEffect = 'reads' | 'publishes' | 'changes'

export interface CallTraits {
  /** The first argument is a Caller. */
  readonly caller: boolean
  readonly effect: CallEffect
  /** Index of its buffer argument, copied before the call leaves this thread. */
  readonly buffer?: number
}

export const callTraits: { readonly [K in CallName]: CallTraits } = {
  stat: { caller: true, effect: 'publishes' },
  access: { caller: true, effect: 'reads' },
  readlink: { caller: true, effect: 'reads' },
  realpath: { caller: true, effect: 'reads' },
  statfs: { caller: true, effect: 'reads' },
  readdir: { caller: true, effect: 'publishes' },
  readdirAttributes: { caller: true, effect: 'reads' },
  walk: { caller: true, effect: 'reads' },
  mkdir: { caller: true, effect: 'changes' },
  mkdtemp: { caller: true, effect: 'changes' },
  rmdir: { caller: true, effect: 'changes' },
  unlink: { caller: true, effect: 'changes' },
  remove: { caller: true, effect: 'changes' },
  rename: { caller: true, effect: 'changes' },
  link: { caller: true, effect: 'changes' },
  symlink: { caller: true, effect: 'changes' },
  mknod: { caller: true, effect: 'changes' },
  setAttributes: { caller: true, effect: 'changes' },
  copyFile: { caller: true, effect: 'changes' },
  open: { caller: true, effect: 'changes' },
  read: { caller: false, effect: 'reads' },
  write: { caller: false, effect: 'changes', buffer: 2 },
  fstat: { caller: false, effect: 'reads' },
  setHandleAttributes: { caller: true, effect: 'changes' },
  fsync: { caller: false, effect: 'changes' },
  close: { caller: false, effect: 'changes' },
  readFile: { caller: true, effect: 'publishes' },
  writeFile: { caller: true, effect: 'changes', buffer: 2 },
  getXattr: { caller: true, effect: 'reads' },
  setXattr: { caller: true, effect: 'changes', buffer: 3 },
  listXattrs: { caller: true, effect: 'reads' },
  removeXattr: { caller: true, effect: 'changes' },
  sync: { caller: false, effect: 'changes' },
  fsyncDirectory: { caller: true, effect: 'reads' },
}

export const callNames: readonly CallName[] = Object.keys(callTraits) as CallName[]

/** Calls about the engine itself, beside the volume's. */
export type ControlName = 'opened' | 'metrics' | 'host' | 'unhost' | 'retire' | 'shutdown'

const controlNames: readonly ControlName[] = ['opened', 'metrics', 'host', 'unhost', 'retire', 'shutdown']

export type MethodName = CallName | ControlName

/** Every method; a request carries the index. */
export const methodNames: readonly MethodName[] = [...callNames, ...controlNames]

export const methodIndexes: ReadonlyMap<MethodName, number> = new Map(methodNames.map((name, index) => [name, index]))

export function isCallName(name: MethodName): name is CallName {
  return Object.hasOwn(callTraits, name)
}

/** A Caller without what cannot cross threads; a signal travels as a cancel message. */
export function plainCaller(caller: Caller): Caller {
  const { uid, gid, groups, umask, lockOwner } = caller
  return lockOwner === undefined ? { uid, gid, groups, umask } : { uid, gid, groups, umask, lockOwner }
}
