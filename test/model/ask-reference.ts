// Commands asked of the reference: the answer is a value, or the code of the failure.

import { isVolumeError } from '../../src/base/errors.ts'
import { bytesOf, textOf, viewOfNode, type Command, type Outcome, type Sight } from './commands.ts'
import type { ReferenceFs, RefHandle } from './reference-fs.ts'

export interface ReferenceSide {
  readonly fs: ReferenceFs
  readonly handles: Map<number, RefHandle>
  readonly sight: Sight
}

/** The answer of the reference. `told`: what the volume made up (mkdtemp). */
export function askReference(side: ReferenceSide, command: Command, told: Outcome): Outcome {
  try {
    return referenceAnswer(side, command, told)
  } catch (error) {
    if (isVolumeError(error)) return { code: error.code }
    throw error
  }
}

function referenceAnswer({ fs, handles, sight }: ReferenceSide, command: Command, told: Outcome): Outcome {
  if ('slot' in command) {
    const handle = handles.get(command.slot)
    if (command.op === 'open') {
      handles.delete(command.slot)
      const opened = fs.open(command.path, command.flags, command.mode)
      handles.set(command.slot, opened)
      return viewOfNode(opened.node, sight)
    }
    if (command.op === 'close') handles.delete(command.slot)
    if (!handle) return null
    switch (command.op) {
      case 'read':
        return textOf(fs.read(handle, command.offset, command.length))
      case 'write':
        return fs.write(handle, command.offset, bytesOf(command.text))
      case 'ftruncate':
        return fs.truncateHandle(handle, command.size) ?? null
      case 'fstat':
        return viewOfNode(handle.node, sight)
      default:
        return null
    }
  }
  switch (command.op) {
    case 'wait':
    case 'sync':
      return null
    case 'writeFile':
      return fs.writeFile(command.path, bytesOf(command.text), command.flags, command.mode) ?? null
    case 'readFile':
      return textOf(fs.readFile(command.path))
    case 'readlink':
      return fs.readlink(command.path)
    case 'realpath':
      return fs.tree.pathOf(fs.tree.node(command.path, true))
    case 'readdir':
      return fs.readdir(command.path)
    case 'stat':
      return viewOfNode(fs.tree.node(command.path, command.follow), sight)
    case 'mkdtemp': {
      const path = typeof told === 'string' && told.startsWith(command.path) ? told : `${command.path}XXXXXX`
      return fs.mkdir(path, 0o700) ?? path
    }
    case 'mkdir':
      return fs.mkdir(command.path, command.mode) ?? null
    case 'symlink':
      return fs.symlink(command.target, command.path) ?? null
    case 'rename':
      return fs.rename(command.path, command.to) ?? null
    case 'copyFile':
      return fs.copyFile(command.path, command.to, command.exclusive) ?? null
    case 'remove':
      return fs.remove(command.path, command.recursive, command.force) ?? null
    case 'unlink':
      return fs.unlink(command.path) ?? null
    case 'rmdir':
      return fs.rmdir(command.path) ?? null
    case 'truncate':
      return fs.truncate(command.path, command.size) ?? null
    case 'chmod':
      return fs.chmod(command.path, command.mode) ?? null
    case 'utimes':
      return fs.utimes(command.path, command.atimeNs, command.mtimeNs, command.follow) ?? null
    case 'setXattr':
      return fs.setXattr(command.path, command.name, command.value) ?? null
    case 'removeXattr':
      return fs.removeXattr(command.path, command.name) ?? null
  }
}
