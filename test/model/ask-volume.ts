// Commands asked of a volume: the answer is a value, or the code of the failure.

import { isVolumeError } from '../../src/base/errors.ts'
import type { VolumeCalls } from '../../src/volume/calls.ts'
import type { HandleId } from '../../src/volume/types.ts'
import { root } from '../support/volume-kit.ts'
import { bytesOf, textOf, viewOf, type Command, type Outcome, type Sight } from './commands.ts'

export interface VolumeSide {
  readonly calls: VolumeCalls
  readonly handles: Map<number, HandleId>
  readonly sight: Sight
  wait(ms: number): Promise<void>
}

/** The answer of the volume; a failure is its code. Commands on empty slots are passed over. */
export async function askVolume(side: VolumeSide, command: Command): Promise<Outcome> {
  try {
    return await volumeAnswer(side, command)
  } catch (error) {
    if (isVolumeError(error)) return { code: error.code }
    throw error
  }
}

async function volumeAnswer({ calls, handles, sight, wait }: VolumeSide, command: Command): Promise<Outcome> {
  switch (command.op) {
    case 'open': {
      const before = handles.get(command.slot)
      handles.delete(command.slot)
      if (before !== undefined) await calls.close(before)
      const { handle, attributes } = await calls.open(root, command.path, command.flags, command.mode)
      handles.set(command.slot, handle)
      return viewOf(attributes, sight)
    }
    case 'close': {
      const handle = handles.get(command.slot)
      handles.delete(command.slot)
      return handle === undefined ? null : (await calls.close(handle), null)
    }
    case 'read':
    case 'write':
    case 'ftruncate':
    case 'fstat':
    case 'fsync': {
      const handle = handles.get(command.slot)
      return handle === undefined ? null : handleAnswer(calls, handle, sight, command)
    }
    case 'wait':
      return wait(command.ms).then(() => null)
    case 'sync':
      return calls.sync().then(() => null)
    default:
      return pathAnswer(calls, sight, command)
  }
}

type HandleCommand = Extract<Command, { readonly op: 'read' | 'write' | 'ftruncate' | 'fstat' | 'fsync' }>
type PathCommand = Exclude<Command, { readonly slot: number } | { readonly op: 'wait' | 'sync' }>

async function handleAnswer(
  calls: VolumeCalls,
  handle: HandleId,
  sight: Sight,
  command: HandleCommand,
): Promise<Outcome> {
  switch (command.op) {
    case 'read':
      return textOf(await calls.read(handle, command.offset, command.length))
    case 'write':
      return calls.write(handle, command.offset, bytesOf(command.text))
    case 'ftruncate':
      return done(calls.setHandleAttributes(root, handle, { size: command.size }))
    case 'fstat':
      return viewOf(await calls.fstat(handle), sight)
    case 'fsync':
      return done(calls.fsync(handle))
  }
}

async function pathAnswer(calls: VolumeCalls, sight: Sight, command: PathCommand): Promise<Outcome> {
  switch (command.op) {
    case 'writeFile':
      await calls.writeFile(root, command.path, bytesOf(command.text), command)
      return null
    case 'readFile':
      return textOf(await calls.readFile(root, command.path))
    case 'readlink':
      return calls.readlink(root, command.path)
    case 'realpath':
      return calls.realpath(root, command.path)
    case 'readdir':
      return (await calls.readdir(root, command.path)).map(({ name, type }) => ({ name, type }))
    case 'stat':
      return viewOf(await calls.stat(root, command.path, command.follow), sight)
    case 'mkdtemp':
      return calls.mkdtemp(root, command.path)
    case 'mkdir':
      return done(calls.mkdir(root, command.path, command.mode, false))
    case 'symlink':
      return done(calls.symlink(root, command.target, command.path))
    case 'rename':
      return done(calls.rename(root, command.path, command.to))
    case 'copyFile':
      return done(calls.copyFile(root, command.path, command.to, command.exclusive))
    case 'remove':
      return done(calls.remove(root, command.path, command))
    case 'unlink':
      return done(calls.unlink(root, command.path))
    case 'rmdir':
      return done(calls.rmdir(root, command.path))
    case 'truncate':
      return done(calls.setAttributes(root, command.path, { size: command.size }, true))
    case 'chmod':
      return done(calls.setAttributes(root, command.path, { mode: command.mode }, true))
    case 'utimes': {
      const { atimeNs, mtimeNs } = command
      return done(calls.setAttributes(root, command.path, { atimeNs, mtimeNs }, command.follow))
    }
    case 'setXattr':
      return done(calls.setXattr(root, command.path, command.name, bytesOf(command.value), 'either', true))
    case 'removeXattr':
      return done(calls.removeXattr(root, command.path, command.name, true))
  }
}

async function done(work: Promise<unknown>): Promise<null> {
  await work
  return null
}
